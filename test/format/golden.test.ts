import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { MemoryCatalog, openEngine } from '../../engine/index.js';
import { valuesOf } from '../engine/embedded/open-logs.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import {
  batchesIn,
  catalogIn,
  catalogKey,
  catalogValue,
  committedOffsetsIn,
  partitionsIn,
  type ReadRecord,
  readSmallText,
  recordsOf,
  segmentsIn,
  topicIdIn,
  topicsIn,
} from './second-reader.js';
import { writeBrokerDirectory } from './write-broker-directory.js';
import { plainBatches, TOPIC_IDS, writeDataDirectory } from './write-data-directory.js';

const GOLDEN = fileURLToPath(new URL('../golden/format/', import.meta.url));
const DIRECTORY = join(GOLDEN, 'directory');
const CATALOG = join(GOLDEN, 'catalog.hex');
/** Left by a broker. */
const BROKER = join(GOLDEN, 'broker');

/** The files whose bytes are pinned; `.lock` and LMDB's are not. */
function pinnedFiles(root: string): string[] {
  const all = readdirSync(root, { withFileTypes: true, recursive: true });
  return all
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.lock'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .sort();
}

beforeAll(async () => {
  if (process.env.WRITE_GOLDEN_FORMAT !== '1') return;
  rmSync(DIRECTORY, { recursive: true, force: true });
  mkdirSync(DIRECTORY, { recursive: true });
  writeFileSync(CATALOG, await writeDataDirectory(DIRECTORY));
  rmSync(BROKER, { recursive: true, force: true });
  mkdirSync(BROKER, { recursive: true });
  await writeBrokerDirectory(BROKER);
});

test('the same program writes the same bytes as ever', async () => {
  const root = temporaryFolder();
  const catalog = await writeDataDirectory(root);
  expect(pinnedFiles(root)).toEqual(pinnedFiles(DIRECTORY));
  for (const path of pinnedFiles(root)) {
    const [written, golden] = [root, DIRECTORY].map((folder) => readFileSync(join(folder, path)));
    expect(written!.equals(golden!), `${path} has other bytes`).toBe(true);
  }
  expect(catalog).toBe(readFileSync(CATALOG, 'utf8'));
});

test('the directory holds every kind of file that the page describes', () => {
  const kinds = new Set(pinnedFiles(DIRECTORY).map((path) => path.replace(/^.*\/(\d{20})?/, '')));
  expect([...kinds].sort()).toEqual([
    '.index',
    '.log',
    '.timeindex',
    'log-start-offset',
    'meta.properties',
    'partition.metadata',
  ]);
  for (const kind of ['.index', '.timeindex']) {
    const sizes = pinnedFiles(DIRECTORY)
      .filter((path) => path.endsWith(kind))
      .map((path) => readFileSync(join(DIRECTORY, path)).length);
    expect(Math.max(...sizes)).toBeGreaterThan(0);
  }
});

test('a second reader, written from the page, finds identity and partitions', () => {
  expect(Object.fromEntries(readSmallText(join(DIRECTORY, 'meta.properties')))).toEqual({
    'format.version': '2',
    'directory.id': 'EREREREREREREREREREREQ',
    'clean.stop': 'true',
    'unclean.opens': '3',
  });
  const found = partitionsIn(DIRECTORY).map(({ folder, topic, partition }) => [
    topic,
    partition,
    topicIdIn(folder),
  ]);
  expect(found.sort()).toEqual(
    Object.entries(TOPIC_IDS)
      .map(([topic, id]) => [topic, 0, id])
      .sort(),
  );
});

async function allRecords(topic: string): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  for (const { batches } of segmentsIn(join(DIRECTORY, `${topic}-0`))) {
    for (const batch of batches) records.push(...(await recordsOf(batch)));
  }
  return records;
}

test('it reads back every record that was appended', async () => {
  const expected = plainBatches()
    .flat()
    .map(({ key, value, headers, timestamp }, offset) => ({
      offset: BigInt(offset),
      timestamp: BigInt(timestamp as number),
      key,
      value,
      headers,
    }));
  expect(await allRecords('plain')).toEqual(expected);
});

test('it reads every codec, one block or many', async () => {
  const records = await allRecords('codecs');
  expect(records.map(({ offset }) => offset)).toEqual(
    Array.from({ length: 15 }, (_, at) => BigInt(at)),
  );
  const contents = records.map(({ offset, ...content }) => content);
  for (let codec = 1; codec < 5; codec++) {
    expect(contents.slice(codec * 3, codec * 3 + 3)).toEqual(contents.slice(0, 3));
  }
  const large = await Promise.all(
    ['gzip', 'snappy', 'lz4', 'zstd'].map(async (codec) => {
      const bytes = readFileSync(join(GOLDEN, '..', 'batch', `kafka-4.3.1-${codec}-2000.batch`));
      const [batch] = [...batchesIn(bytes)];
      return recordsOf(batch!);
    }),
  );
  for (const content of large) {
    expect(content).toHaveLength(2000);
    expect(content).toEqual(large[0]);
  }
});

test('segments, indexes and epochs are as the page says', () => {
  for (const { folder } of partitionsIn(DIRECTORY)) {
    const segments = segmentsIn(folder);
    for (const [at, { baseOffset, batches, index, timeIndex }] of segments.entries()) {
      expect(batches[0]!.baseOffset).toBe(baseOffset);
      if (at > 0) expect(segments[at - 1]!.batches.at(-1)!.lastOffset + 1n).toBe(baseOffset);
      for (const { leaderEpoch } of batches) expect(leaderEpoch).toBe(3);
      for (const [offset, position] of index) {
        expect(batches.find((batch) => batch.position === position)!.lastOffset).toBe(offset);
      }
      for (const [timestamp, offset] of timeIndex) {
        const upTo = batches.filter((batch) => batch.lastOffset <= offset);
        expect(upTo.at(-1)!).toMatchObject({ lastOffset: offset, maxTimestamp: timestamp });
        expect(upTo.every((batch) => batch.maxTimestamp <= timestamp)).toBe(true);
      }
      const largest = batches.reduce(
        (max, batch) => (batch.maxTimestamp > max ? batch.maxTimestamp : max),
        -1n,
      );
      // Where the active segment has few entries, there is none, or not the closing one.
      if (at < segments.length - 1) expect(timeIndex.at(-1)?.[0] ?? -1n).toBe(largest);
    }
  }
});

test('a log start offset lies within the first segment that is left', () => {
  const folder = join(DIRECTORY, 'shrunk-0');
  const start = BigInt(readSmallText(join(folder, 'log-start-offset')).get('log.start.offset')!);
  expect(start).toBe(15n);
  const [first, second] = segmentsIn(folder);
  expect(first!.baseOffset).toBeGreaterThan(0n);
  expect(first!.baseOffset).toBeLessThanOrEqual(start);
  expect(second!.baseOffset).toBeGreaterThan(start);
});

test('it reads the catalog: checkpoints, starts and names', () => {
  const entries = readFileSync(CATALOG, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ').map((hex) => Buffer.from(hex, 'hex')))
    .map(([key, value]) => [catalogKey(key!), catalogValue(key!, value!)] as const);
  const get = (...key: (string | number)[]): unknown =>
    entries.find(([candidate]) => JSON.stringify(candidate) === JSON.stringify(key))?.[1];
  for (const [topic, id] of Object.entries(TOPIC_IDS)) {
    expect(get('topic', topic)).toBe(id);
    const last = segmentsIn(join(DIRECTORY, `${topic}-0`)).at(-1)!;
    const batch = last.batches.at(-1)!;
    expect(get('log', id, 0, 'checkpoint')).toMatchObject({
      offset: Number(batch.lastOffset) + 1,
      segmentBase: Number(last.baseOffset),
      position: batch.position + 61 + batch.payload.length,
      epochs: [[3, topic === 'shrunk' ? 15 : 0]],
    });
  }
  expect(get('log', TOPIC_IDS.shrunk, 0, 'start')).toBe(15);
  const { producers } = get('log', TOPIC_IDS.codecs, 0, 'checkpoint') as { producers: number[][] };
  expect(producers.map(([id]) => id)).toEqual([1000, 1001, 1002, 1003, 1004]);
  // One batch of three records each: epoch, sequences, offsets, time.
  expect(producers[1]!.slice(1, 6)).toEqual([3, 100, 102, 3, 5]);
});

test('it reads the catalog where it lies, through LMDB alone', async () => {
  const root = temporaryFolder();
  const engine = await openEngine(root);
  const log = await engine.log('events');
  await log.append({ value: 'v' });
  await engine.close();
  const found = await catalogIn(join(root, 'catalog.mdb'));
  expect([...found]).toEqual([
    ['["format"]', 2],
    [
      JSON.stringify(['log', log.topicId, 0, 'checkpoint']),
      expect.objectContaining({ offset: 1, producers: [] }),
    ],
    ['["topic","events"]', log.topicId],
  ]);
});

test("it reads a broker's directory: topics, settings, ids and committed offsets", async () => {
  const root = temporaryFolder();
  cpSync(BROKER, root, { recursive: true });
  expect(readSmallText(join(root, 'meta.properties')).get('format.version')).toBe('2');
  const metadata = await catalogIn(join(root, 'metadata.mdb'));
  const topics = topicsIn(metadata);
  expect([...topics.keys()].sort()).toEqual(['__consumer_offsets', 'empty', 'orders', 'users']);
  expect(topics.get('orders')).toMatchObject({
    replicas: [[1], [1]],
    overrides: { 'retention.ms': '-1' },
  });
  expect(topics.get('empty')!.replicas).toEqual([[1], [1], [1]]);
  expect(metadata.get('["metadata","key","node"]')).toMatchObject({ value: { nodeId: 1 } });
  for (const { folder, topic } of partitionsIn(root)) {
    expect(topicIdIn(folder)).toBe(topics.get(topic)!.id);
  }
  // A block of a thousand has been taken.
  const { value } = metadata.get('["metadata","key","producer-ids"]') as {
    value: { nextId: number };
  };
  expect(value.nextId % 2 ** 32).toBe(1000);
  expect(value.nextId).toBeLessThan(2 ** 52);
  expect(Object.fromEntries(await committedOffsetsIn(root))).toEqual(COMMITTED);
});

const COMMITTED = { 'billing/orders/0': 3n, 'billing/orders/1': 4n, 'shipping/users/0': 2n };

test('the engine opens the golden directory, with its catalog lost', async () => {
  const root = temporaryFolder();
  cpSync(DIRECTORY, root, { recursive: true });
  const engine = await openEngine(root, { openCatalog: async () => new MemoryCatalog() });
  expect(engine.wasClean).toBe(true);
  const values = await valuesOf(await engine.log('plain'));
  expect(values).toEqual(plainBatches().flatMap((events) => events.map(({ value }) => value)));
  const shrunk = await engine.log('shrunk');
  expect([shrunk.topicId, shrunk.startOffset, shrunk.endOffset]).toEqual([
    TOPIC_IDS.shrunk,
    15,
    30,
  ]);
  await engine.close();
});
