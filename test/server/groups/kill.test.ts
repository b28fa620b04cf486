import { expect, onTestFinished, test } from 'vitest';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { type BrokerProcess, spawnBroker } from '../../support/spawn-broker.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { WireClient } from '../bad-input/wire-client.js';

const TOPIC = 'orders';
const PARTITIONS = 4;
const GROUPS = ['a', 'b', 'c', 'd'];
const KILLS = 3;

interface Committing {
  readonly groupId: string;
  /** By partition: the last offset that was acknowledged, and the last that was sent. */
  readonly acknowledged: number[];
  readonly sent: number[];
}

/** Commits rising offsets until the connection ends. A group commits to all partitions in turn. */
async function commitUntilEnd(
  { groupId, acknowledged, sent }: Committing,
  port: number,
  onAck: () => void,
): Promise<void> {
  const client = await WireClient.connect(port);
  for (let n = 0; ; n++) {
    const partition = n % PARTITIONS;
    sent[partition]! += 1;
    const body = {
      groupId,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [
        {
          name: TOPIC,
          partitions: [
            {
              partitionIndex: partition,
              committedOffset: sent[partition]!,
              committedMetadata: `${sent[partition]}`,
            },
          ],
        },
      ],
    };
    const answer = await client.call('OffsetCommit', 8, body).catch(() => null);
    if (answer === null) return;
    expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.NONE);
    acknowledged[partition] = sent[partition]!;
    onAck();
  }
}

async function start(dataDir: string): Promise<BrokerProcess> {
  const broker = await spawnBroker({ dataDir, set: { 'odradek.flush': 'ack' } });
  onTestFinished(async () => void (await broker.kill('SIGKILL')));
  return broker;
}

test('every acknowledged commit is there after kill -9, by its offset and metadata', async () => {
  const dataDir = temporaryFolder();
  let broker = await start(dataDir);
  const admin = await WireClient.connect(broker.port);
  await admin.call('CreateTopics', 5, {
    topics: [
      {
        name: TOPIC,
        numPartitions: PARTITIONS,
        replicationFactor: 1,
        assignments: [],
        configs: [],
      },
    ],
    timeoutMs: 10_000,
  });
  await admin.call('FindCoordinator', 4, { keyType: 0, coordinatorKeys: GROUPS });
  admin.close();
  const all = GROUPS.map((groupId) => ({
    groupId,
    acknowledged: new Array<number>(PARTITIONS).fill(-1),
    sent: new Array<number>(PARTITIONS).fill(-1),
  }));

  for (let kill = 1; kill <= KILLS; kill++) {
    let left = 200;
    await new Promise<void>((resolve, reject) => {
      const onAck = (): void => {
        if (--left === 0) void broker.kill('SIGKILL');
      };
      const { port } = broker;
      Promise.all(all.map((each) => commitUntilEnd(each, port, onAck))).then(
        () => resolve(),
        reject,
      );
    });
    await broker.exited;
    broker = await start(dataDir);
    const client = await WireClient.connect(broker.port);
    for (const { groupId, acknowledged, sent } of all) {
      const partitionIndexes = acknowledged.map((_, partition) => partition);
      const { groups } = await client.call('OffsetFetch', 8, {
        groups: [{ groupId, topics: [{ name: TOPIC, partitionIndexes }] }],
      });
      const found = groups[0]!.topics[0]!.partitions;
      expect(found.map(({ errorCode }) => errorCode)).toEqual(found.map(() => ErrorCode.NONE));
      for (const { partitionIndex, committedOffset, metadata } of found) {
        expect(committedOffset).toBeGreaterThanOrEqual(acknowledged[partitionIndex]!);
        expect(committedOffset).toBeLessThanOrEqual(sent[partitionIndex]!);
        if (committedOffset >= 0) expect(metadata).toBe(`${committedOffset}`);
      }
    }
    client.close();
  }
  expect(all.flatMap(({ acknowledged }) => acknowledged).every((offset) => offset > 0)).toBe(true);
});
