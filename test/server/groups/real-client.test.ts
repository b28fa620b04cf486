import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBroker } from '../../../server/index.js';

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'odradek-groups-'));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const client = (bootstrap: string) =>
  new Kafka({ clientId: 'groups', brokers: [bootstrap], logLevel: logLevel.NOTHING });

/** Runs a consumer until `isDone`; resolves with what it read, committed. */
async function readUntil(
  consumer: Consumer,
  isDone: (values: readonly string[]) => boolean,
): Promise<string[]> {
  const values: string[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic: 'orders', fromBeginning: true });
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachMessage: async ({ message }) => {
        values.push(message.value?.toString() ?? '');
        if (isDone(values)) resolve();
      },
    });
  });
  await consumer.disconnect();
  return values;
}

test('kafkajs consumes in a group, and goes on at the exact record after a restart of the broker', async () => {
  const first = await startBroker({ dataDir });
  const kafka = client(first.bootstrap);
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic: 'orders', messages: [{ value: 'a' }, { value: 'b' }] });
  await producer.disconnect();
  const read = await readUntil(kafka.consumer({ groupId: 'g' }), (values) => values.length === 2);
  expect(read).toEqual(['a', 'b']);
  await first.close();

  const second = await startBroker({ dataDir });
  try {
    const again = client(second.bootstrap);
    const admin = again.admin();
    await admin.connect();
    const [topic] = await admin.fetchOffsets({ groupId: 'g' });
    expect(topic).toMatchObject({ topic: 'orders', partitions: [{ partition: 0, offset: '2' }] });
    expect((await admin.listGroups()).groups).toEqual([{ groupId: 'g', protocolType: 'consumer' }]);
    const next = again.producer();
    await next.connect();
    await next.send({ topic: 'orders', messages: [{ value: 'c' }] });
    await next.disconnect();
    const rest = await readUntil(again.consumer({ groupId: 'g' }), (values) => values.length === 1);
    expect(rest).toEqual(['c']);
    await admin.deleteGroups(['g']);
    expect((await admin.listGroups()).groups).toEqual([]);
    await admin.disconnect();
  } finally {
    await second.close();
  }
});

test('members of a group hear of a rebalance while their fetches wait', async () => {
  const broker = await startBroker();
  try {
    const kafka = client(broker.bootstrap);
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 3 }] });
    const consumers = Array.from({ length: 3 }, () =>
      // Longer than a test may take: kafkajs sends no heartbeat meanwhile, nor does it leave.
      kafka.consumer({ groupId: 'g', heartbeatInterval: 200, maxWaitTimeInMs: 600_000 }),
    );
    const owned = new Map<Consumer, number>();
    let onJoin = (): void => {};
    for (const consumer of consumers) {
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
        owned.set(consumer, payload.memberAssignment.orders?.length ?? 0);
        onJoin();
      });
    }
    for (const [at, consumer] of consumers.entries()) {
      await consumer.connect();
      await consumer.subscribe({ topic: 'orders', fromBeginning: true });
      await consumer.run({ eachMessage: async () => {} });
      await new Promise<void>((resolve) => {
        onJoin = () => {
          const total = [...owned.values()].reduce((sum, count) => sum + count, 0);
          if (owned.size === at + 1 && total === 3) resolve();
        };
        onJoin();
      });
    }
    expect([...owned.values()]).toEqual([1, 1, 1]);
    const gone = Promise.all(consumers.map((consumer) => consumer.disconnect()));
    const producer = kafka.producer();
    await producer.connect();
    const messages = [0, 1, 2].map((partition) => ({ partition, value: 'x' }));
    await producer.send({ topic: 'orders', messages });
    await Promise.all([gone, producer.disconnect(), admin.disconnect()]);
  } finally {
    await broker.close();
  }
});

test('three consumers share the partitions of a topic, and those of one that leaves go to the others', async () => {
  const broker = await startBroker();
  try {
    const kafka = client(broker.bootstrap);
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 6 }] });
    const consumers = Array.from({ length: 3 }, () =>
      kafka.consumer({
        groupId: 'g',
        heartbeatInterval: 200,
        // kafkajs looks for a rebalance between two fetches only.
        maxWaitTimeInMs: 100,
      }),
    );
    const owned = new Map<Consumer, number>();
    let onShare = (): void => {};
    for (const consumer of consumers) {
      consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
        owned.set(consumer, payload.memberAssignment.orders?.length ?? 0);
        onShare();
      });
    }
    const shared = (counts: readonly number[]) =>
      new Promise<void>((resolve) => {
        onShare = () => {
          const now = [...owned.values()].sort();
          if (now.length === counts.length && now.every((count, at) => count === counts[at])) {
            resolve();
          }
        };
        onShare();
      });
    const all = shared([2, 2, 2]);
    for (const consumer of consumers) {
      await consumer.connect();
      await consumer.subscribe({ topic: 'orders' });
      void consumer.run({ eachMessage: async () => {} });
    }
    await all;
    const leaver = consumers[0]!;
    owned.delete(leaver);
    const two = shared([3, 3]);
    await leaver.disconnect();
    await two;
    const { groups } = await admin.describeGroups(['g']);
    expect(groups[0]!.state).toMatch(/Stable|CompletingRebalance/);
    expect(groups[0]!.members).toHaveLength(2);
    for (const consumer of consumers.slice(1)) await consumer.disconnect();
    await admin.disconnect();
  } finally {
    await broker.close();
  }
});
