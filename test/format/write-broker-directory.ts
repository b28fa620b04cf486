import { readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { startBroker } from '../../server/index.js';

const CATALOGS = ['catalog.mdb', 'metadata.mdb'];
const START = Date.UTC(2026, 0, 1);

/**
 * Has a broker write a data directory at `root`, an empty folder, and stop cleanly. Ids, times and
 * LMDB's pages differ from one run to the next: the golden directory is there to be read.
 */
export async function writeBrokerDirectory(root: string): Promise<void> {
  const broker = await startBroker({
    dataDir: root,
    config: { 'offsets.topic.num.partitions': '2', 'group.initial.rebalance.delay.ms': '0' },
  });
  const kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: [
      {
        topic: 'orders',
        numPartitions: 2,
        configEntries: [{ name: 'retention.ms', value: '-1' }],
      },
      { topic: 'empty', numPartitions: 3 },
      { topic: 'users', configEntries: [{ name: 'cleanup.policy', value: 'compact' }] },
      { topic: 'gone' },
    ],
  });
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  for (let at = 0; at < 10; at++) {
    const message = { key: `k${at}`, value: `order ${at}`, timestamp: String(START + at) };
    await producer.send({ topic: 'orders', messages: [{ partition: at % 2, ...message }] });
  }
  const values = ['one', 'two'].map((value) => ({ key: 'u', value, timestamp: String(START) }));
  await producer.send({ topic: 'users', messages: values });
  await admin.setOffsets({
    groupId: 'billing',
    topic: 'orders',
    partitions: [
      { partition: 0, offset: '3' },
      { partition: 1, offset: '4' },
    ],
  });
  await admin.setOffsets({
    groupId: 'shipping',
    topic: 'users',
    partitions: [{ partition: 0, offset: '2' }],
  });
  await admin.deleteTopicRecords({
    topic: 'orders',
    partitions: [{ partition: 1, offset: '2' }],
  });
  await admin.deleteTopics({ topics: ['gone'] });
  await producer.disconnect();
  await admin.disconnect();
  await broker.close();
  tidy(root);
}

/** Leaves out what says nothing: locks, and pages behind the last one in use. */
function tidy(root: string): void {
  for (const name of ['.lock', ...CATALOGS.map((file) => `${file}-lock`)]) {
    rmSync(join(root, name), { force: true });
  }
  for (const path of CATALOGS.map((file) => join(root, file))) {
    const bytes = readFileSync(path);
    const pageSize = bytes.readUInt32LE(48);
    const lastPages = [0, pageSize].map((at) => Number(bytes.readBigUInt64LE(at + 144)));
    truncateSync(path, (Math.max(...lastPages) + 1) * pageSize);
  }
}
