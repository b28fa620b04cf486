import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel, type Producer } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchSize, recordCount } from '../../engine/batch/header.js';
import { type RunningBroker, startBroker } from '../../server/index.js';
import { allReaders, type Reading, readBy } from './support/readers.js';

const readers = allReaders().filter(({ found }) => found);
const LARGE = 'x'.repeat(400_000);
const CONFIGS = {
  'cleanup.policy': 'compact',
  'segment.bytes': '1048576',
  'min.cleanable.dirty.ratio': '0.01',
  'delete.retention.ms': '0',
};

let root: string;
let broker: RunningBroker;
let kafka: Kafka;
const producers: Producer[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'odradek-gaps-'));
  broker = await startBroker({ dataDir: join(root, 'data') });
  kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
});
afterAll(async () => {
  for (const producer of producers) await producer.disconnect();
  await broker?.close();
  await rm(root, { recursive: true, force: true });
});

async function createTopic(topic: string, configs: Record<string, string> = {}): Promise<void> {
  const entries = Object.entries({ ...CONFIGS, ...configs });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: [{ topic, configEntries: entries.map(([name, value]) => ({ name, value })) }],
  });
  await admin.disconnect();
}

async function producerOf(idempotent: boolean): Promise<Producer> {
  const producer = kafka.producer({ idempotent });
  await producer.connect();
  producers.push(producer);
  return producer;
}

/** One record a batch. */
async function send(producer: Producer, topic: string, key: string, value = 'x'): Promise<void> {
  await producer.send({ topic, messages: [{ key, value }] });
}

/** Batches without records in the files of partition 0. */
async function emptyBatches(topic: string): Promise<number> {
  const folder = join(broker.dataDir, `${topic}-0`);
  let count = 0;
  for (const name of (await readdir(folder)).filter((each) => each.endsWith('.log'))) {
    const log = await readFile(join(folder, name));
    for (let at = 0; at < log.length; at += batchSize(log, at)) {
      if (recordCount(log, at) === 0) count++;
    }
  }
  return count;
}

function readAll(topic: string, offset: number) {
  const reading: Reading = { bootstrap: broker.bootstrap, topic, offset, untilKey: 'last' };
  return Promise.all(readers.map(async (reader) => [reader.name, await readBy(reader, reading)]));
}

function eachReader(expected: readonly string[]) {
  return readers.map(({ name }) => [name, expected]);
}

describe('every client gets past what compaction emptied', () => {
  test('at the end of a segment, from the beginning and from inside of the gap', async () => {
    await createTopic('gaps');
    const producer = await producerOf(false);
    await send(producer, 'gaps', 'keep');
    for (let at = 0; at < 6; at++) await send(producer, 'gaps', 'hot', LARGE);
    await send(producer, 'gaps', 'last');
    await broker.clock.advance('1m');
    expect(await emptyBatches('gaps')).toBeGreaterThan(0);
    // The segment that takes appends keeps all it has.
    const left = ['0:keep', '4:hot', '5:hot', '6:hot', '7:last'];
    expect(await readAll('gaps', 0)).toEqual(eachReader(left));
    for (const offset of [1, 2, 3]) {
      expect(await readAll('gaps', offset)).toEqual(eachReader(left.slice(1)));
    }
  });

  test('of idempotent producers in turn, whose last batches stay without records', async () => {
    await createTopic('producers', { 'max.compaction.lag.ms': '60000' });
    const [one, two] = [await producerOf(true), await producerOf(true)];
    await send(one, 'producers', 'keep');
    for (let at = 0; at < 3; at++) {
      await send(one, 'producers', 'hot');
      await send(two, 'producers', 'hot');
    }
    await send(await producerOf(false), 'producers', 'hot');
    await broker.clock.advance('5m');
    await send(await producerOf(false), 'producers', 'last');
    expect(await emptyBatches('producers')).toBeGreaterThan(1);
    const left = ['0:keep', '7:hot', '8:last'];
    expect(await readAll('producers', 0)).toEqual(eachReader(left));
    for (const offset of [1, 5, 6]) {
      expect(await readAll('producers', offset)).toEqual(eachReader(left.slice(1)));
    }
  });

  test('while compaction runs, with every record that is written once', async () => {
    await createTopic('live');
    const producer = await producerOf(true);
    await send(producer, 'live', 'once-0');
    const reading = readAll('live', 0);
    const once = ['once-0'];
    for (let round = 1; round <= 12; round++) {
      for (let at = 0; at < 4; at++) await send(producer, 'live', `hot-${at % 2}`, LARGE);
      once.push(`once-${round}`);
      await send(producer, 'live', `once-${round}`);
      await broker.clock.advance('20s');
    }
    await send(producer, 'live', 'last');
    expect(await emptyBatches('live')).toBeGreaterThan(0);
    for (const [name, read] of await reading) {
      const offsets = (read as string[]).map((line) => Number(line.split(':')[0]));
      expect([name, offsets]).toEqual([name, offsets.toSorted((a, b) => a - b)]);
      const keys = (read as string[]).map((line) => line.split(':')[1]);
      expect([name, keys.filter((key) => key?.startsWith('once'))]).toEqual([name, once]);
    }
  });
});
