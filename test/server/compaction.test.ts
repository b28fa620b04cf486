import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startBroker } from '../../server/index.js';
import { ErrorCode } from '../../server/protocol/error-codes.js';
import { resolveBrokerSettings } from '../../server/settings/parse.js';
import { startTestBroker } from '../support/start-broker.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { WireClient } from './bad-input/wire-client.js';

function kafkaAt(bootstrap: string): Kafka {
  return new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
}

async function bytesOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder)) {
    if (name.endsWith('.log')) bytes += (await stat(join(folder, name))).size;
  }
  return bytes;
}

/** Every record of partition 0, `key=value`. */
async function readAll(kafka: Kafka, topic: string, groupId: string): Promise<string[]> {
  const admin = kafka.admin();
  await admin.connect();
  const [end] = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50 });
  await consumer.connect();
  onTestFinished(() => consumer.disconnect());
  await consumer.subscribe({ topic, fromBeginning: true });
  const read: string[] = [];
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachBatch: async ({ batch }) => {
          for (const { key, value } of batch.messages) {
            if (key !== null) read.push(`${key}=${value ?? ''}`);
          }
          if (Number(batch.lastOffset()) >= Number(end!.high) - 1) resolve();
        },
      })
      .catch(reject);
  });
  return read;
}

/** Creates __consumer_offsets as a client would: by asking for a coordinator. */
async function coordinatorOf(client: WireClient, groupId: string): Promise<void> {
  for (;;) {
    const answer = await client.call('FindCoordinator', 2, { key: groupId, keyType: 0 });
    if (answer.errorCode === ErrorCode.NONE) return;
  }
}

async function commit(
  client: WireClient,
  groupId: string,
  offset: number,
  { name = 'read', partitionIndex = offset % 2 } = {},
): Promise<void> {
  const partitions = [{ partitionIndex, committedOffset: offset, committedMetadata: '' }];
  const answer = await client.call('OffsetCommit', 8, {
    groupId,
    generationIdOrMemberEpoch: -1,
    memberId: '',
    topics: [{ name, partitions }],
  });
  expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.NONE);
}

const SMALL = {
  'log.cleaner.min.cleanable.ratio': '0.01',
  'offsets.topic.num.partitions': '1',
};

describe('what is compacted when advance resolves', () => {
  test('a topic keeps the last value of each key, and its tombstones for delete.retention.ms', async () => {
    const broker = await startTestBroker({ config: SMALL });
    const kafka = kafkaAt(broker.bootstrap);
    const admin = kafka.admin();
    await admin.connect();
    onTestFinished(() => admin.disconnect());
    await admin.createTopics({
      topics: [
        {
          topic: 'state',
          configEntries: [
            { name: 'cleanup.policy', value: 'compact' },
            { name: 'max.compaction.lag.ms', value: '60000' },
            { name: 'delete.retention.ms', value: '3600000' },
          ],
        },
      ],
    });
    const producer = kafka.producer();
    await producer.connect();
    onTestFinished(() => producer.disconnect());
    const send = (key: string, value: string | null) =>
      producer.send({ topic: 'state', messages: [{ key, value }] });
    for (let at = 0; at < 5; at++) await send('counted', String(at));
    await send('deleted', 'there');
    await send('deleted', null);
    await broker.clock.advance('2m');
    expect(await readAll(kafka, 'state', 'one')).toEqual(['counted=4', 'deleted=']);
    await broker.clock.advance('2h');
    await send('counted', '5');
    await broker.clock.advance('2m');
    expect(await readAll(kafka, 'state', 'two')).toEqual(['counted=5']);
    expect(await admin.fetchTopicOffsets('state')).toMatchObject([{ low: '0', high: '8' }]);
  });

  test('__consumer_offsets holds the last commits, and a restart finds them', async () => {
    const dataDir = temporaryFolder();
    const config = { ...SMALL, 'odradek.flush': 'os' };
    const broker = await startBroker({ dataDir, config });
    const admin = kafkaAt(broker.bootstrap).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'read', numPartitions: 2 }] });
    const client = await WireClient.connect(broker.port);
    await coordinatorOf(client, 'one');
    for (let offset = 1; offset <= 150; offset++) {
      for (const groupId of ['one', 'two']) await commit(client, groupId, offset);
    }
    await client.close();
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: 2,
          name: '__consumer_offsets',
          configEntries: [
            { name: 'cleanup.policy', value: 'compact' },
            { name: 'max.compaction.lag.ms', value: '1000' },
          ],
        },
      ],
    });
    const folder = join(dataDir, '__consumer_offsets-0');
    const before = await bytesOf(folder);
    expect(before).toBeGreaterThan(30_000);
    await broker.clock.advance('1m');
    expect(await bytesOf(folder)).toBeLessThan(1000);
    await admin.disconnect();
    await broker.close();

    const again = await startTestBroker({ dataDir, config });
    const admin2 = kafkaAt(again.bootstrap).admin();
    await admin2.connect();
    onTestFinished(() => admin2.disconnect());
    for (const groupId of ['one', 'two']) {
      expect(await admin2.fetchOffsets({ groupId, topics: ['read'] })).toMatchObject([
        {
          partitions: [
            { partition: 0, offset: '150' },
            { partition: 1, offset: '149' },
          ],
        },
      ]);
    }
  });
});

test('kafkajs goes on from an offset that its group committed within a gap', async () => {
  const broker = await startTestBroker({
    config: { ...SMALL, 'group.initial.rebalance.delay.ms': '0' },
  });
  const kafka = kafkaAt(broker.bootstrap);
  const admin = kafka.admin();
  await admin.connect();
  onTestFinished(() => admin.disconnect());
  const configs = {
    'cleanup.policy': 'compact',
    'segment.bytes': '1048576',
    'min.cleanable.dirty.ratio': '0.01',
  };
  const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
  await admin.createTopics({ topics: [{ topic: 'state', configEntries }] });
  const producer = kafka.producer();
  await producer.connect();
  onTestFinished(() => producer.disconnect());
  const hot = Array<[string, string]>(6).fill(['hot', 'x'.repeat(400_000)]);
  for (const [key, value] of [['keep', 'x'], ...hot, ['last', 'x']] as const) {
    await producer.send({ topic: 'state', messages: [{ key, value }] });
  }
  await broker.clock.advance('1m');
  const client = await WireClient.connect(broker.port);
  onTestFinished(() => client.close());
  await coordinatorOf(client, 'any');
  for (const offset of [1, 3]) {
    const groupId = `from ${offset}`;
    await commit(client, groupId, offset, { name: 'state', partitionIndex: 0 });
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50 });
    await consumer.connect();
    onTestFinished(() => consumer.disconnect());
    await consumer.subscribe({ topic: 'state' });
    const read: string[] = [];
    await consumer.run({
      eachMessage: async ({ message }) => {
        read.push(`${message.offset}:${message.key}`);
      },
    });
    await expect.poll(() => read).toEqual(['4:hot', '5:hot', '6:hot', '7:last']);
  }
});

test('segments of __consumer_offsets that no topic may have are refused at the start', () => {
  const sets = ['offsets.topic.segment.bytes=4096'];
  expect(() => resolveBrokerSettings({ sets })).toThrow(/offsets\.topic\.segment\.bytes=4096/);
});

test('less than 1 MiB for the keys of each thread is refused at the start', () => {
  const sets = ['log.cleaner.threads=3', 'log.cleaner.dedupe.buffer.size=2097152'];
  expect(() => resolveBrokerSettings({ sets })).toThrow(/log\.cleaner\.dedupe\.buffer\.size/);
});
