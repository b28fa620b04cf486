import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import { stampCrc } from '../../../engine/batch/stamp.js';
import { EngineError, ManualClock, MemoryCatalog, openEngine } from '../../../engine/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { engineAt, rejectionOf, valuesOf } from './open-logs.js';

const value = (at: number): string => `value ${at} ${'x'.repeat(at % 50)}`;

test('a log that is closed and opened again goes on where it was', async () => {
  const root = temporaryFolder();
  const expected: string[] = [];
  let topicId = '';
  for (let round = 0; round < 3; round++) {
    await using engine = await openEngine(root);
    await using log = await engine.log('events', { codec: 'zstd' });
    topicId ||= log.topicId;
    expect(log.topicId).toBe(topicId);
    expect(log.endOffset).toBe(expected.length);
    const values = Array.from({ length: 100 }, (_, at) => value(round * 100 + at));
    await log.append(values.map((text) => ({ value: text })));
    expected.push(...values);
    expect(await valuesOf(log)).toEqual(expected);
  }
  const metadata = await readFile(join(root, 'events-0', 'partition.metadata'), 'utf8');
  expect(metadata).toContain(topicId);
});

test('a log that was never written keeps its id, and has no folder', async () => {
  const root = temporaryFolder();
  const catalog = new MemoryCatalog();
  const openCatalog = async () => catalog;
  const first = await engineAt(root, { openCatalog });
  const { topicId } = await first.log('events');
  expect(catalog.get(['topic', 'events'])).toBe(topicId);
  expect(await readdir(root)).not.toContain('events-0');
});

test('the same name is the same log, while it is open', async () => {
  const engine = await engineAt(temporaryFolder());
  const [one, two] = await Promise.all([engine.log('events'), engine.log('events')]);
  expect(two).toBe(one);
  await one.append({ value: 'v' });
  const closing = one.close();
  const again = await engine.log('events');
  await closing;
  expect(again).not.toBe(one);
  expect(await valuesOf(again)).toEqual(['v']);
});

test('an option that an open log does not have is refused, not ignored', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events', { codec: 'lz4', segmentBytes: 5000 });
  expect(
    await engine.log('events', { codec: 'lz4', segmentBytes: 5000, topicId: log.topicId }),
  ).toBe(log);
  for (const options of [
    { codec: 'gzip' },
    { flush: 'os' },
    { topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' },
  ] as const) {
    const error = await rejectionOf(engine.log('events', options));
    expect(error.code).toBe('INVALID_SETTING');
    expect(error.message).toContain(Object.keys(options)[0]);
  }
});

test.each([
  ['', 'empty'],
  ['.', "'.'"],
  ['..', "'..'"],
  ['../x', '../x'],
  ['a/b', 'a/b'],
  ['ü', 'ASCII'],
  ['x'.repeat(250), '249'],
  [7, 'number'],
])('the name %j is refused', async (name, why) => {
  const engine = await engineAt(temporaryFolder());
  const error = await rejectionOf(engine.log(name as string));
  expect(error).toBeInstanceOf(EngineError);
  expect(error.code).toBe('INVALID_NAME');
  expect(error.message).toContain(why);
});

test('names of objects are names like others, and two that differ in case only are one too many', async () => {
  const engine = await engineAt(temporaryFolder());
  for (const name of ['__proto__', 'constructor', 'x'.repeat(249), 'Events']) {
    const log = await engine.log(name);
    await log.append({ value: name });
    expect(await valuesOf(log)).toEqual([name]);
  }
  expect((await rejectionOf(engine.log('events'))).code).toBe('INVALID_NAME');
});

test.each([
  ['codec', 'brotli'],
  ['flush', 'never'],
  ['flushMs', -1],
  ['segmentBytes', 0],
  ['segmentBytes', 2 ** 31],
  ['segmentBytes', 1.5],
  ['segmentIndexBytes', 8],
  ['retentionMs', -1],
  ['retentionBytes', Number.NaN],
  ['maxBatchBytes', '1MB'],
  ['timestampType', 'log'],
  ['compacted', 'yes'],
  ['topicId', 'short'],
  ['retention.ms', 5],
])('the setting %s cannot be %j', async (key, setting) => {
  const engine = await engineAt(temporaryFolder());
  const error = await rejectionOf(engine.log('events', { [key]: setting }));
  expect(error.code).toBe('INVALID_SETTING');
  expect(error.message).toContain(key);
  // Nothing of the refused log is left.
  await engine.log('events');
});

test('reads are bounded by maxBytes, begin at the offset and end at the end', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  for (let at = 0; at < 20; at += 2) await log.append([{ value: `${at}` }, { value: `${at + 1}` }]);
  const first = await log.read({ offset: 5, maxBytes: 200 });
  expect(first.records.map(({ offset }) => offset)).toEqual([5, 6, 7]);
  expect(first.nextOffset).toBe(8);
  expect((await log.read({ offset: 5, maxBytes: 0 })).nextOffset).toBe(6);
  expect((await log.read({ offset: 3 })).records).toHaveLength(17);
  expect(await log.read({ offset: 20 })).toEqual({ records: [], nextOffset: 20 });
  for (const offset of [-1, 21, 1.5, Number.NaN, 2 ** 60, '3' as unknown as number]) {
    expect((await rejectionOf(log.read({ offset }))).code).toBe('OFFSET_OUT_OF_RANGE');
  }
  expect((await rejectionOf(log.read({ offset: 0, maxBytes: -1 }))).code).toBe('INVALID_SETTING');
  expect((await log.get(7))!.value!.toString()).toBe('7');
  for (const offset of [-1, 20]) {
    expect((await rejectionOf(log.get(offset))).code).toBe('OFFSET_OUT_OF_RANGE');
  }
});

test('an unpacked answer is bounded too', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events', { codec: 'gzip' });
  for (let at = 0; at < 10; at++) await log.append({ value: 'x'.repeat(100_000) });
  const { records, nextOffset } = await log.read({ offset: 0, maxBytes: 250_000 });
  expect(records).toHaveLength(3);
  expect(nextOffset).toBe(3);
});

test('an aborted read rejects with an AbortError that has the reason', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  await log.append({ value: 'v' });
  const controller = new AbortController();
  const reading = log.read({ offset: 0, signal: controller.signal });
  controller.abort('enough');
  const error = await rejectionOf(reading);
  expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' });
  expect((await rejectionOf(log.read({ offset: 0, signal: AbortSignal.abort() }))).name).toBe(
    'AbortError',
  );
});

test('deleteBefore, truncate and offsetForTimestamp see what was appended before them', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events', { codec: 'snappy' });
  void log.append([
    { value: 'a', timestamp: 1000 },
    { value: 'b', timestamp: 2000 },
  ]);
  await log.flush();
  expect(log.partition.durableEndOffset).toBe(2);
  await log.append({ value: 'c', timestamp: 3000 });
  expect(await log.offsetForTimestamp(1001)).toBe(1);
  expect(await log.offsetForTimestamp(new Date(2001))).toBe(2);
  expect(await log.offsetForTimestamp(3001)).toBeNull();
  await log.append({ value: 'd' });
  await log.truncate(3);
  expect(log.endOffset).toBe(3);
  const kept = log.append({ value: 'e' });
  await kept;
  expect(await log.deleteBefore(1)).toBe(1);
  expect(log.startOffset).toBe(1);
  expect(await valuesOf(log)).toEqual(['b', 'c', 'e']);
  expect((await rejectionOf(log.deleteBefore(5))).code).toBe('OFFSET_OUT_OF_RANGE');
  expect((await rejectionOf(log.truncate(0))).code).toBe('OFFSET_OUT_OF_RANGE');
});

test('a deleted log is gone, and its name free for another one', async () => {
  const root = temporaryFolder();
  const engine = await engineAt(root);
  const log = await engine.log('events');
  await log.append({ value: 'old' });
  await log.delete();
  expect((await rejectionOf(log.append({ value: 'v' }))).code).toBe('LOG_CLOSED');
  const another = await engine.log('events');
  expect(another.topicId).not.toBe(log.topicId);
  expect(another.endOffset).toBe(0);
  await another.append({ value: 'new' });
  expect(await valuesOf(another)).toEqual(['new']);
});

test('a log that was deleted as a partition does not hand its id on', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  await log.append({ value: 'old' });
  await log.close();
  await engine.deletePartition(log.partition.name);
  const again = await engine.log('events');
  expect(again.topicId).not.toBe(log.topicId);
  const taken = rejectionOf(engine.log('other', { topicId: log.topicId }));
  expect((await taken).code).toBe('INVALID_SETTING');
});

test('a folder that a broker left is opened under the id it has', async () => {
  const root = temporaryFolder();
  const name = { topic: 'events', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partition: 0 };
  const catalog = new MemoryCatalog();
  const engine = await engineAt(root, { openCatalog: async () => catalog });
  const writer = await engine.log('events', { topicId: name.topicId });
  await writer.append({ value: 'v' });
  await writer.close();
  await catalog.write([{ key: ['topic', 'events'], value: undefined }]);
  const log = await engine.log('events');
  expect(log.partition.name).toEqual(name);
  expect(await valuesOf(log)).toEqual(['v']);
  expect(catalog.get(['topic', 'events'])).toBe(name.topicId);
});

test('a second opener is told who owns the directory', async () => {
  const root = temporaryFolder();
  await engineAt(root);
  const error = await rejectionOf(openEngine(root));
  expect(error).toBeInstanceOf(EngineError);
  expect(error.code).toBe('DIRECTORY_LOCKED');
  expect(error.message).toContain(`pid ${process.pid}`);
  expect(error.message).toContain(root);
});

test('closing the engine keeps what was appended in the same turn', async () => {
  const root = temporaryFolder();
  for (const codec of ['none', 'zstd'] as const) {
    const engine = await openEngine(root);
    const log = await engine.log(codec, { codec, flush: 'os' });
    const appended = log.append({ value: 'v' });
    await engine.close();
    expect(await appended).toMatchObject({ baseOffset: 0 });
    expect((await rejectionOf(log.append({ value: 'w' }))).code).toBe('LOG_CLOSED');
    expect((await rejectionOf(log.read({ offset: 0 }))).code).toBe('LOG_CLOSED');
    expect((await rejectionOf(engine.log('other'))).code).toBe('LOG_CLOSED');
    await log.close();
  }
  const engine = await openEngine(root);
  expect(engine.wasClean).toBe(true);
  for (const name of ['none', 'zstd'])
    expect(await valuesOf(await engine.log(name))).toEqual(['v']);
  await engine.close();
});

test('retention is applied while the log is open, and not at all unless asked for', async () => {
  const clock = new ManualClock();
  const engine = await engineAt(temporaryFolder(), { clock });
  const kept = await engine.log('kept', { segmentBytes: 200 });
  const log = await engine.log('events', { segmentBytes: 200, retentionMs: 3_600_000 });
  for (let at = 0; at < 10; at++) {
    await log.append({ value: value(at) });
    await kept.append({ value: value(at) });
  }
  const shrunk = new Promise<void>((resolve) => {
    log.partition.watermark.onAdvance(() => log.startOffset > 0 && resolve());
  });
  clock.advance(3_600_000 + 5 * 60_000);
  await shrunk;
  expect(log.startOffset).toBe(10);
  expect(kept.startOffset).toBe(0);
});

test('a damaged batch is found by a read and by a scrub, which keeps it from being served', async () => {
  const root = temporaryFolder();
  const engine = await engineAt(root);
  const log = await engine.log('events', { segmentBytes: 300, flush: 'os' });
  for (let at = 0; at < 10; at++) await log.append({ value: value(at) });
  await log.flush();
  expect(await log.scrub()).toEqual({ batches: 10, damaged: null });

  const [, second] = (await readdir(join(root, 'events-0')))
    .filter((name) => name.endsWith('.log'))
    .sort();
  const path = join(root, 'events-0', second!);
  const damagedOffset = Number(second!.slice(0, 20));
  const file = await open(path, 'r+');
  await file.write(Buffer.from('!'), 0, 1, 68);
  await file.close();

  const error = await rejectionOf(log.read({ offset: damagedOffset }));
  expect(error).toMatchObject({ code: 'CORRUPT_BATCH', offset: damagedOffset });
  // What is whole before it is served; the raw read below does not look at checksums.
  expect((await log.read({ offset: 0 })).nextOffset).toBe(damagedOffset);
  const raw = {
    offset: damagedOffset,
    maxBytes: 1000,
    minOneBatch: true,
    isolation: 'high-watermark',
  } as const;
  log.partition.read(raw).slice!.release();

  const { damaged, batches } = await log.scrub();
  expect(damaged).toEqual({ path, position: 0, offset: damagedOffset });
  expect(batches).toBeLessThan(10);
  expect(() => log.partition.read(raw)).toThrow(expect.objectContaining({ code: 'CORRUPT_BATCH' }));
});

test('a scrub is not misled by what is truncated and deleted meanwhile', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events', { segmentBytes: 300, fileDeleteDelayMs: 0 });
  for (let at = 0; at < 30; at++) await log.append({ value: value(at) });
  const [scrubbed] = await Promise.all([log.scrub(), log.truncate(20), log.deleteBefore(10)]);
  expect(scrubbed.damaged).toBeNull();
});

test('a batch with garbage inside a right checksum is refused by the read that comes to it, and by no other', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  await log.append({ value: 'good' });
  const garbage = buildBatchSync(
    ['a', 'b', 'c'].map((text) => ({ key: null, value: text, timestamp: 1 })),
  );
  garbage[garbage.length - 8] = 0x7f;
  stampCrc(garbage);
  await log.appendBatch(garbage);
  const { records, nextOffset } = await log.read({ offset: 0 });
  expect(records.map(({ value: bytes }) => String(bytes))).toEqual(['good']);
  expect(nextOffset).toBe(1);
  expect((await rejectionOf(log.read({ offset: 1 }))).code).toBe('CORRUPT_BATCH');
});
