import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { expect, test } from 'vitest';
import { startBroker } from '../../../server/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** Runs `use` with a broker on the directory and a client of it. */
async function withBroker<T>(dataDir: string, use: (kafka: Kafka) => Promise<T>): Promise<T> {
  const broker = await startBroker({ dataDir });
  try {
    return await use(new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING }));
  } finally {
    await broker.close();
  }
}

async function endOffset(kafka: Kafka): Promise<string> {
  const admin = kafka.admin();
  await admin.connect();
  const [partition] = await admin.fetchTopicOffsets('orders');
  await admin.disconnect();
  return partition!.high;
}

test('a flipped bit in partition.metadata empties no partition', async () => {
  const dataDir = temporaryFolder();
  await withBroker(dataDir, async (kafka) => {
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic: 'orders', messages: [{ value: 'a' }, { value: 'b' }] });
    await producer.disconnect();
  });
  const path = join(dataDir, 'orders-0', 'partition.metadata');
  const sound = readFileSync(path);
  const flipped = Buffer.from(sound);
  flipped[25] = flipped[25]! ^ 1;
  writeFileSync(path, flipped);
  expect(await withBroker(dataDir, endOffset)).toBe('2');
  expect(readFileSync(path)).toEqual(sound);
  expect(readdirSync(dataDir).filter((name) => name.endsWith('-stray'))).toEqual([]);
});

test('a folder that was set aside comes back as the log of a topic that was made for it', async () => {
  const dataDir = temporaryFolder();
  await withBroker(dataDir, async (kafka) => {
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic: 'orders', messages: [{ value: 'a' }, { value: 'b' }] });
    await producer.disconnect();
  });
  const folder = join(dataDir, 'orders-0');
  const stray = join(dataDir, `orders-0.${'0'.repeat(32)}-stray`);
  renameSync(folder, stray);
  for (const file of ['catalog.mdb', 'metadata.mdb']) rmSync(join(dataDir, file));
  await withBroker(dataDir, async (kafka) => {
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 1 }] });
    await admin.disconnect();
  });
  rmSync(folder, { recursive: true, force: true });
  renameSync(stray, folder);
  rmSync(join(folder, 'partition.metadata'));
  expect(await withBroker(dataDir, endOffset)).toBe('2');
});
