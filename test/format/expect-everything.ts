import { Kafka, logLevel } from 'kafkajs';
import { expect } from 'vitest';
import { startBroker } from '../../server/index.js';

export interface Expected {
  /** Of the topic `orders`, as `retention.ms`. Default: what was set, -1. */
  readonly retentionMs?: string;
  /** Whether the topic without a record is there. Default: true. */
  readonly hasEmptyTopic?: boolean;
}

/**
 * Starts a broker on a directory that `writeBrokerDirectory` has made and reads, as a client,
 * everything that was left in it: topics, their sizes and settings, records, log starts and
 * committed offsets.
 */
export async function expectEverything(
  dataDir: string,
  { retentionMs = '-1', hasEmptyTopic = true }: Expected = {},
): Promise<void> {
  const broker = await startBroker({ dataDir });
  try {
    const kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata();
    const sizes = topics.map(({ name, partitions }) => `${name} ${partitions.length}`).sort();
    const empty = hasEmptyTopic ? ['empty 3'] : [];
    expect(sizes).toEqual(['__consumer_offsets 2', ...empty, 'orders 2', 'users 1']);
    const [billing] = await admin.fetchOffsets({ groupId: 'billing', topics: ['orders'] });
    expect(billing!.partitions.map(({ offset }) => offset).sort()).toEqual(['3', '4']);
    const [shipping] = await admin.fetchOffsets({ groupId: 'shipping', topics: ['users'] });
    expect(shipping!.partitions.map(({ offset }) => offset)).toEqual(['2']);
    const orders = await admin.fetchTopicOffsets('orders');
    expect(orders.map(({ low, high }) => `${low} to ${high}`).sort()).toEqual(['0 to 5', '2 to 5']);
    const users = await admin.fetchTopicOffsets('users');
    expect(users[0]).toMatchObject({ low: '0', high: '2' });
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: 'orders', configNames: ['retention.ms'] }],
    });
    expect(resources[0]!.configEntries[0]!.configValue).toBe(retentionMs);
    await admin.disconnect();
    expect((await valuesOf(kafka, 'orders', 8)).sort()).toEqual(ORDERS);
  } finally {
    await broker.close();
  }
}

/** The first two of partition 1, orders 1 and 3, were deleted. */
const ORDERS = [0, 2, 4, 5, 6, 7, 8, 9].map((at) => `order ${at}`);

async function valuesOf(kafka: Kafka, topic: string, count: number): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: `reader of ${topic}`, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const values: string[] = [];
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachMessage: async ({ message }) => {
        values.push(String(message.value));
        if (values.length === count) resolve();
      },
    });
  });
  await consumer.disconnect();
  return values;
}
