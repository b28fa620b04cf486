import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildBatchSync } from '../../engine/batch/builder.js';
import { Client } from '../../server/cli/client.js';
import { APIS, lookupApi } from '../../server/handlers/apis.js';
import { FrameParser } from '../../server/net/receiving/framing.js';
import type { RequestOf } from '../../server/protocol/api.js';
import { decodeRequest } from '../../server/protocol/frame.js';
import type { Fetch } from '../../server/protocol/messages/fetch.js';
import { ZERO_UUID } from '../../server/protocol/schema.js';
import type { MemberEvent } from './client.js';
import { DriverProcess } from './support/driver-process.js';
import { javaDriverClassPath, kafkaClassPath, QUICK_JVM } from './support/kafka-tools.js';
import type { ConnectionTap } from './support/relay.js';
import { TestCluster } from './support/test-cluster.js';

const PARTITIONS = 200;
const TOPIC = 'many';
const ALL = Array.from({ length: PARTITIONS }, (_, partition) => partition);

const kafka = kafkaClassPath();

/** The fetches that clients send, by what they say of sessions. */
class FetchLog {
  readonly fetches: { readonly epoch: number; readonly named: number }[] = [];

  tap(): ConnectionTap {
    const requests = new FrameParser({
      sizeMin: 4,
      sizeMax: 128 * 1024 * 1024,
      allocateAtOnceBytes: 65_536,
    });
    return {
      toBroker: (chunk) => requests.push(chunk, (frame) => this.#note(frame)),
      toClient: () => {},
    };
  }

  #note(frame: Buffer): void {
    if (frame.readInt16BE(0) !== APIS.Fetch.key) return;
    const { sessionEpoch, topics } = decodeRequest(frame, lookupApi, 100_000).body as RequestOf<
      typeof Fetch
    >;
    const named = topics.reduce((sum, { partitions }) => sum + partitions.length, 0);
    this.fetches.push({ epoch: sessionEpoch, named });
  }
}

type Member = DriverProcess<MemberEvent>;

/** `partition offset value` of every record that a member got. */
function recordsOf(member: Member): string[] {
  return member.events.flatMap((event) =>
    event.event === 'record' ? [`${event.partition} ${event.offset} ${event.value}`] : [],
  );
}

function assignedTo(events: readonly MemberEvent[]): readonly number[] {
  let assigned: readonly number[] = [];
  for (const event of events) if (event.event === 'assigned') assigned = event.partitions;
  return assigned;
}

describe.runIf(kafka !== null)('a Java consumer of 200 partitions', () => {
  const log = new FetchLog();
  let cluster: TestCluster;
  let admin: Client;
  const started: Member[] = [];
  beforeAll(async () => {
    // A consumer that looks for a deleted topic would create it.
    const settings = { 'auto.create.topics.enable': 'false' };
    cluster = await TestCluster.start(() => log.tap(), settings);
    admin = await Client.connect({ bootstrap: cluster.bootstrap });
    await cluster.createTopic(TOPIC, PARTITIONS);
  });
  afterAll(async () => {
    for (const member of started) await member.kill();
    admin?.close();
    await cluster?.close();
  });

  async function join(): Promise<Member> {
    const classPath = javaDriverClassPath(kafka!);
    const command = ['java', ...QUICK_JVM, '-cp', classPath, 'JavaDriver', cluster.bootstrap];
    const member = new DriverProcess<MemberEvent>(command, 'apache-java');
    started.push(member);
    const strategy = 'cooperative-sticky';
    await member.call('join', { group: 'g', topic: TOPIC, strategy, commitOnLeave: true });
    return member;
  }

  const ends = new Map<number, number>();
  /** What the members get, all together. */
  const expected: string[] = [];
  /** One record to each of the partitions. */
  async function produce(partitions: readonly number[], value: string): Promise<void> {
    const { topics } = await admin.request(APIS.Produce, {
      acks: -1,
      timeoutMs: 10_000,
      topics: [
        {
          name: TOPIC,
          partitions: partitions.map((index) => ({
            index,
            records: buildBatchSync([{ key: null, value, timestamp: Date.now() }]),
          })),
        },
      ],
    });
    for (const { index, errorCode, baseOffset } of topics[0]!.partitions) {
      expect(errorCode).toBe(0);
      expected.push(`${index} ${baseOffset} ${value}`);
      ends.set(index, Number(baseOffset) + 1);
    }
  }

  /**
   * A member asks only when something has happened to it; the one with the last event finds it
   * true.
   */
  const either = (members: readonly Member[], done: () => boolean) =>
    Promise.race(members.map((member) => member.until(done)));
  const gotAll = (...members: Member[]) =>
    either(members, () => members.flatMap(recordsOf).length >= expected.length);
  const sorted = (lines: readonly string[]) => [...lines].sort();

  test('gets every record once, by incremental fetches: tailing, pauses, a seek, a rebalance, the topic made again', async () => {
    const first = await join();
    await produce(ALL, 'before');
    await gotAll(first);
    for (const value of ['one', 'two', 'three']) {
      await produce(ALL, value);
      await gotAll(first);
    }
    await produce([17], 'a single one');
    await gotAll(first);
    expect(sorted(recordsOf(first))).toEqual(sorted(expected));

    const paused = ALL.slice(0, 50);
    await first.call('pause', { topic: TOPIC, partitions: paused });
    const beforePause = recordsOf(first).length;
    await produce(ALL, 'while some were paused');
    await first.until(() => recordsOf(first).length >= beforePause + 150);
    expect(
      recordsOf(first)
        .slice(beforePause)
        .every((line) => Number(line.split(' ')[0]) >= 50),
    ).toBe(true);
    await first.call('resume', { topic: TOPIC, partitions: paused });
    await gotAll(first);

    const again = recordsOf(first).filter((line) => line.startsWith('7 '));
    await first.call('seek', { topic: TOPIC, partition: 7, offset: 0 });
    expected.push(...again);
    await gotAll(first);
    expect(sorted(recordsOf(first))).toEqual(sorted(expected));

    await Promise.all(
      [...ends].map(([partition, offset]) =>
        first.call('commit', { topic: TOPIC, mode: 'sync', partition, offset }),
      ),
    );
    const second = await join();
    const isShared = () => {
      const [mine, others] = [first, second].map(({ events }) => assignedTo(events));
      return mine!.length === 100 && new Set([...mine!, ...others!]).size === PARTITIONS;
    };
    await either([first, second], isShared);
    await produce(ALL, 'for two');
    await gotAll(first, second);
    await second.call('leave');
    await first.until((events) => assignedTo(events).length === PARTITIONS);
    await produce(ALL, 'for one again');
    await gotAll(first, second);
    expect(sorted([first, second].flatMap(recordsOf))).toEqual(sorted(expected));

    const { responses } = await admin.request(APIS.DeleteTopics, {
      topics: [{ topicId: ZERO_UUID, name: TOPIC }],
      topicNames: [TOPIC],
      timeoutMs: 10_000,
    });
    expect(responses[0]!.errorCode).toBe(0);
    await first.until((events) => assignedTo(events).length === 0);
    await cluster.createTopic(TOPIC, PARTITIONS);
    await first.until((events) => assignedTo(events).length === PARTITIONS);
    await produce(ALL, 'in the new topic');
    await gotAll(first, second);
    expect(sorted([first, second].flatMap(recordsOf))).toEqual(sorted(expected));

    const incremental = log.fetches.filter(({ epoch }) => epoch > 0);
    expect(Math.max(...incremental.map(({ epoch }) => epoch))).toBeGreaterThan(10);
    expect(incremental.some(({ named }) => named === 0)).toBe(true);
    const full = log.fetches.length - incremental.length;
    expect(full).toBeLessThan(log.fetches.length / 4);
  });
});
