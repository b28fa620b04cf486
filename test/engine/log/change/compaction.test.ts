import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { buildBatchSync } from '../../../../engine/batch/builder.js';
import {
  ATTRIBUTES_AT,
  BATCH_LENGTH_AT,
  baseSequence,
  deleteHorizonOf,
  HEADER_SIZE,
  isControl,
  lastOffset,
  PREFIX_SIZE,
  producerId,
  recordCount,
} from '../../../../engine/batch/header.js';
import { stampCrc } from '../../../../engine/batch/stamp.js';
import { MemoryCatalog } from '../../../../engine/catalog/memory-catalog.js';
import { type Catalog, EngineError, type LogSettings } from '../../../../engine/index.js';
import type { Log } from '../../../../engine/log/log.js';
import {
  type KeyedInput,
  keyedBatch,
  readBatchesOf,
  readRecordsOf,
} from '../../../support/keyed.js';
import {
  folderOf,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  partition,
  type SimOpenOptions,
  type SimWorld,
  stopCleanly,
} from '../../../support/sim-engine.js';

const HOUR_MS = 3_600_000;

async function open(
  world: SimWorld,
  settings: Partial<LogSettings> = {},
  options: SimOpenOptions = {},
): Promise<Log> {
  const engine = await openWorld(world, options);
  return (await openLog(engine, { segmentBytes: 400, ...settings })) as Log;
}

/** Appends a batch of each, and rolls: what is there can be compacted. */
async function fill(log: Log, batches: readonly (readonly KeyedInput[])[]): Promise<void> {
  for (const records of batches) await log.append(await keyedBatch(records));
  await log.maintenance.roll();
}

/** `offset:key=value` of every record. */
async function shown(log: Log): Promise<string[]> {
  const records = await readRecordsOf(log);
  return records.map(({ offset, key, value }) => `${offset}:${key}=${value}`);
}

/** Lines that were logged, with their fields. */
function recordingLogger() {
  const lines: { level: string; message: string; fields: object }[] = [];
  const say = (level: string) => (fields: object, message: string) => {
    lines.push({ level, message, fields });
  };
  return { lines, logger: { info: say('info'), warn: say('warn'), error: say('error') } };
}

test('of each key the last record stays, where it was, also for the next process', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = (await openLog(engine, { segmentBytes: 400 })) as Log;
  for (let at = 0; at < 20; at++) {
    await log.append(
      await keyedBatch([
        [`k${at % 3}`, `${at}`],
        ['x', `${at}`],
      ]),
    );
  }
  await log.maintenance.roll();
  expect(await log.maintenance.compact()).toMatchObject({ passes: 1, recordsRemoved: 36 });
  const left = ['34:k2=17', '36:k0=18', '38:k1=19', '39:x=19'];
  expect(await shown(log)).toEqual(left);
  expect([log.logStartOffset, log.highWatermark, log.logEndOffset]).toEqual([0, 40, 40]);
  const again = await open(await stopCleanly(world, engine));
  expect(await shown(again)).toEqual(left);
  expect(again.state.compaction.cleanedOffset).toBe(40);
  expect(await again.maintenance.compact()).toEqual({
    passes: 0,
    recordsRemoved: 0,
    bytesRemoved: 0,
  });
});

test('what takes appends, or is not committed, stays as it is', async () => {
  const world = newWorld();
  const log = await open(world);
  await fill(log, [[['k', '1']], [['k', '2']]]);
  await fill(log, [[['k', '3']]]);
  await log.append(await keyedBatch([['k', '4']]));
  log.watermark.setRule(() => 4);
  await log.maintenance.compact();
  expect(await shown(log)).toEqual(['2:k=3', '3:k=4']);

  const held = await open(newWorld());
  held.watermark.setRule(() => 2);
  await fill(held, [[['k', '1']], [['k', '2']]]);
  await fill(held, [[['k', '3']]]);
  await held.maintenance.compact();
  held.watermark.setRule(({ writtenEnd }) => writtenEnd);
  expect(await shown(held)).toEqual(['1:k=2', '2:k=3']);
});

test('a fetch of an offset that is gone begins with the next batch, and one of the last offset of a segment finds its end', async () => {
  const log = await open(newWorld());
  for (let at = 0; at < 12; at++) await log.append(await keyedBatch([['k', `${at}`]]));
  await log.append(await keyedBatch([['other', 'x']]));
  await log.maintenance.roll();
  await log.maintenance.compact();
  for (let offset = 0; offset <= 11; offset++) {
    const { slice } = log.read({ offset, maxBytes: 1, minOneBatch: true, isolation: 'log-end' });
    expect(lastOffset(await slice!.bytes())).toBeGreaterThanOrEqual(offset);
    slice!.release();
  }
  expect(await shown(log)).toEqual(['11:k=11', '12:other=x']);
});

test('a reader that has a slice of an old segment keeps it', async () => {
  const world = newWorld();
  const log = await open(world, { fileDeleteDelayMs: 0 });
  await fill(log, [[['k', '1']], [['k', '2']]]);
  const { slice } = log.read({ offset: 0, maxBytes: 1e6, minOneBatch: true, isolation: 'log-end' });
  const before = Buffer.from(await slice!.bytes());
  await log.maintenance.compact();
  world.clock.advance(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await slice!.bytes()).toEqual(before);
  slice!.release();
  expect(await shown(log)).toEqual(['1:k=2']);
});

test('a large file that was replaced is cut down when it is not read any more, and no other file that has its name by then', async () => {
  const world = newWorld();
  const log = await open(world, {
    fileDeleteDelayMs: 1000,
    maxBatchBytes: 4e6,
    segmentBytes: 1e8,
  });
  const large = (letter: string): (readonly [string, string])[][] =>
    ['a', 'b', 'c'].map((key) => [[key, letter.repeat(2_000_000)]]);
  const everything = { offset: 0, maxBytes: 1e8, minOneBatch: true, isolation: 'log-end' } as const;
  const cuts = (): number =>
    world.disk.journal.filter(
      ({ kind, phase, size }) =>
        kind === 'truncate' && phase === 'completed' && size === 4 * 2 ** 20,
    ).length;
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await fill(log, [...large('1'), [['d', '1']], [['d', '2']]]);
  await log.maintenance.compact();
  world.clock.advance(500);
  // Of the successor, which the next pass replaces under the same name.
  const { slice } = log.read(everything);
  const before = Buffer.from(await slice!.bytes());
  expect(before.length).toBeGreaterThan(6_000_000);
  await fill(log, [[['d', '3']]]);
  await log.maintenance.compact();
  expect(cuts()).toBe(0);
  world.clock.advance(500);
  await settle();
  expect(cuts()).toBe(1);
  world.clock.advance(500);
  await settle();
  expect(cuts()).toBe(1);
  expect((await slice!.bytes()).equals(before)).toBe(true);
  slice!.release();
  await settle();
  expect(cuts()).toBe(2);
  expect(await world.disk.readdir(folderOf())).not.toContain('00000000000000000000.log.deleted');
});

test('what still looks into a segment that was replaced goes by its own indexes, and leaves the new ones alone', async () => {
  const world = newWorld();
  const log = await open(world, { segmentBytes: 2000, indexIntervalBytes: 100 });
  await fill(
    log,
    Array.from({ length: 20 }, (_, at) => [[`k${at % 3}`, `${at}`]] as const),
  );
  const old = log.state.segments.first!;
  const { indexCache } = log.state.context;
  const before = indexCache.of(old, 100).offsets.encode();
  await log.maintenance.compact();
  const path = `${folderOf()}/00000000000000000000.index`;
  const fresh = await world.disk.readFile(path);
  expect(indexCache.of(old, 100).offsets.encode()).toEqual(before);
  expect(fresh).not.toEqual(before);
  expect(await world.disk.readFile(path)).toEqual(fresh);
});

test('neighbours become one segment as far as segment.bytes goes, with indexes that fit', async () => {
  const world = newWorld();
  const log = await open(world, { segmentBytes: 1000, indexIntervalBytes: 100 });
  for (let at = 0; at < 100; at++) {
    await log.append(await keyedBatch([[`k${at % 2}`, `${at}`]], { timestamp: 1000 + at }));
    if (at % 10 === 0) await log.append(await keyedBatch([[`only ${at}`, 'x']]));
  }
  await log.maintenance.roll();
  const before = log.state.segments.count;
  await log.maintenance.compact();
  expect(log.state.segments.count).toBeGreaterThan(2);
  await fill(log, [[['k0', 'again']]]);
  await log.maintenance.compact();
  expect(log.state.segments.count).toBeLessThan(before / 3);
  for (const segment of log.state.segments.all()) expect(segment.size).toBeLessThanOrEqual(1000);
  expect(log.state.context.counters.indexRebuilds).toBe(0);
  const records = await readRecordsOf(log);
  for (const { offset, timestamp } of records) {
    const { slice } = log.read({ offset, maxBytes: 1, minOneBatch: true, isolation: 'log-end' });
    expect(lastOffset(await slice!.bytes())).toBe(offset);
    slice!.release();
    const first = records.find((record) => record.timestamp >= timestamp);
    expect(await log.offsetForTimestamp(timestamp)).toMatchObject({ offset: first!.offset });
  }
  expect(log.state.context.counters.indexRebuilds).toBe(0);
});

test('the largest timestamp is that of a record that is still there', async () => {
  const log = await open(newWorld());
  await log.append(await keyedBatch([['k', 'late']], { timestamp: 9000 }));
  await log.append(await keyedBatch([['k', 'early']], { timestamp: 5000 }));
  await log.maintenance.roll();
  await log.maintenance.compact();
  expect(await log.offsetOfLargestTimestamp()).toMatchObject({ offset: 1, timestampMs: 5000 });
  expect(await log.offsetForTimestamp(6000)).toBeNull();
});

test('more keys than fit into memory take several passes', async () => {
  const compaction = { loadFactor: 0.0002, mapBytes: 1024 * 1024 };
  const log = await open(newWorld(), {}, { compaction });
  for (let at = 0; at < 90; at++) await log.append(await keyedBatch([[`k${at % 30}`, `${at}`]]));
  await log.maintenance.roll();
  const { passes, recordsRemoved } = await log.maintenance.compact();
  expect(passes).toBeGreaterThan(5);
  expect(recordsRemoved).toBe(60);
  expect((await readRecordsOf(log)).map(({ offset }) => offset)).toEqual(
    Array.from({ length: 30 }, (_, at) => 60 + at),
  );
});

test('a batch with more keys than fit into memory is gone through in parts', async () => {
  const compaction = { loadFactor: 0.0002, mapBytes: 1024 * 1024 };
  const log = await open(newWorld(), { segmentBytes: 1e6 }, { compaction });
  const records = Array.from({ length: 60 }, (_, at): KeyedInput => [`k${at % 30}`, `${at}`]);
  await fill(log, [records]);
  expect((await log.maintenance.compact()).passes).toBeGreaterThan(5);
  expect((await readRecordsOf(log)).map(({ offset }) => offset)).toEqual(
    Array.from({ length: 30 }, (_, at) => 30 + at),
  );
});

test('records without a key, of a time when the log was not compacted, go', async () => {
  const log = await open(newWorld());
  await fill(log, [
    [
      [null, 'a'],
      ['k', 'b'],
      [null, 'c'],
    ],
  ]);
  await log.maintenance.compact();
  expect(await shown(log)).toEqual(['1:k=b']);
});

test('records below the log start go', async () => {
  const log = await open(newWorld(), { segmentBytes: 1e6 });
  await fill(log, [
    [
      ['a', '1'],
      ['b', '2'],
    ],
    [['c', '3']],
  ]);
  await log.deleteBefore(1);
  const before = log.sizeBytes;
  await log.maintenance.compact();
  expect(await shown(log)).toEqual(['1:b=2', '2:c=3']);
  expect(log.sizeBytes).toBeLessThan(before);
});

describe('a tombstone', () => {
  test('stays for delete.retention.ms from the compaction that first met it, then goes for good', async () => {
    const world = newWorld();
    const log = await open(world, { deleteRetentionMs: HOUR_MS });
    await fill(log, [[['k', 'there']], [['k', null]], [['other', 'x']]]);
    world.clock.advance(5 * HOUR_MS);
    await log.maintenance.compact();
    expect(await shown(log)).toEqual(['1:k=null', '2:other=x']);
    const horizonMs = world.clock.wallMs() + HOUR_MS;
    expect((await readBatchesOf(log)).map((batch) => deleteHorizonOf(batch))).toEqual([
      horizonMs,
      null,
    ]);

    world.clock.advance(HOUR_MS - 1);
    await fill(log, [[['other', 'y']]]);
    await log.maintenance.compact();
    expect(await shown(log)).toEqual(['1:k=null', '3:other=y']);

    world.clock.advance(1);
    await fill(log, [[['other', 'z']]]);
    await log.maintenance.compact();
    expect(await shown(log)).toEqual(['4:other=z']);
  });

  test('keeps its own timestamp and those beside it', async () => {
    const world = newWorld();
    const log = await open(world);
    for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const records: KeyedInput[] = [
        [`a ${codec}`, 'kept'],
        ['over', 'written'],
        [`b ${codec}`, null],
      ];
      await log.append(await keyedBatch(records, { codec, timestamp: 1234 }));
    }
    await log.maintenance.roll();
    const before = new Map((await readRecordsOf(log)).map((record) => [record.offset, record]));
    await log.maintenance.compact();
    const after = await readRecordsOf(log);
    expect(after).toHaveLength(11);
    for (const record of after) expect(record).toEqual(before.get(record.offset));
  });
});

test('a tombstone that a pass has not come to yet stays, whatever its batch says, until what it deletes is gone', async () => {
  const compaction = { loadFactor: 0.0002, mapBytes: 1024 * 1024 };
  const settings = { segmentBytes: 1e6, deleteRetentionMs: 0 };
  const log = await open(newWorld(), settings, { compaction });
  const keys = Array.from({ length: 24 }, (_, at) => `k${at}`);
  await fill(log, [keys.map((key) => [key, 'there']), keys.map((key) => [key, null])]);
  expect((await log.maintenance.compact()).passes).toBeGreaterThan(4);
  expect((await readRecordsOf(log)).filter(({ value }) => value !== null)).toEqual([]);
});

describe('an idempotent producer', () => {
  const sent = (sequence: number, key = 'k') =>
    keyedBatch([[key, `${sequence}`]], {
      producerId: 7,
      producerEpoch: 0,
      baseSequence: sequence,
    });

  test('is known by its last batch, kept without records, even where the catalog is lost', async () => {
    const world = newWorld();
    const log = await open(world);
    for (let sequence = 0; sequence < 4; sequence++) await log.append(await sent(sequence));
    await fill(log, [[['k', 'by another']]]);
    await log.maintenance.compact();
    expect(await shown(log)).toEqual(['4:k=by another']);
    const empty = (await readBatchesOf(log)).find((batch) => producerId(batch) === 7)!;
    expect([recordCount(empty), baseSequence(empty), lastOffset(empty)]).toEqual([0, 3, 3]);

    const next = killProcess(world);
    const again = await open({ ...next, catalog: new MemoryCatalog() });
    expect(await again.append(await sent(3))).toMatchObject({ duplicate: true, baseOffset: 3 });
    await expect(again.append(await sent(5))).rejects.toMatchObject({
      code: 'OUT_OF_ORDER_SEQUENCE',
    });
    expect(await again.append(await sent(4))).toMatchObject({ duplicate: false, baseOffset: 5 });
  });
});

describe('transactions', () => {
  const transactional = { producerId: 5, producerEpoch: 0, isTransactional: true };

  async function write(log: Log, key: string, value: string | null, sequence: number) {
    const batch = await keyedBatch([[key, value]], {
      ...transactional,
      baseOffset: log.logEndOffset,
      leaderEpoch: 0,
      baseSequence: sequence,
    });
    await log.append(batch, 'replica');
  }

  async function end(log: Log, type: 'commit' | 'abort') {
    const key = Buffer.from([0, 0, 0, type === 'commit' ? 1 : 0]);
    const marker = buildBatchSync([{ key, value: Buffer.alloc(6), timestamp: 1000 }], {
      ...transactional,
      isControl: true,
      baseOffset: log.logEndOffset,
      leaderEpoch: 0,
    });
    await log.append(marker, 'coordinator');
  }

  test('that were aborted take nothing away, those that were committed do, and markers stay', async () => {
    const log = await open(newWorld());
    await log.append(
      await keyedBatch([
        ['k', 'first'],
        ['other', 'first'],
      ]),
    );
    await write(log, 'k', 'aborted', 0);
    await end(log, 'abort');
    await write(log, 'other', 'committed', 1);
    await end(log, 'commit');
    // What a client calls its key has nothing to do with a marker's.
    const likeAMarker = '\0\0\0\u0001';
    await log.append(await keyedBatch([[likeAMarker, 'x']]));
    await log.maintenance.roll();
    await log.maintenance.compact();
    expect(await shown(log)).toEqual([
      '0:k=first',
      '2:k=aborted',
      '4:other=committed',
      `6:${likeAMarker}=x`,
    ]);
    const markers = (await readBatchesOf(log)).filter((batch) => isControl(batch));
    expect(markers.map((batch) => lastOffset(batch))).toEqual([3, 5]);
  });

  test('without an end are where compaction ends', async () => {
    const log = await open(newWorld());
    await fill(log, [[['k', '1']], [['k', '2']]]);
    await write(log, 'k', 'open', 0);
    await fill(log, [[['k', '3']]]);
    await log.maintenance.compact();
    expect(await shown(log)).toEqual(['1:k=2', '2:k=open', '3:k=3']);
    expect(log.state.compaction.cleanedOffset).toBe(2);
    expect(await log.state.compaction.compactionNeed()).toBeNull();
  });
});

test('the epochs of batches that are gone are known', async () => {
  const world = newWorld();
  await fill(await open(world), [[['k', '1']]]);
  const engine = await openWorld(killProcess(world));
  const log = (await openLog(engine, { segmentBytes: 400 })) as Log;
  await fill(log, [[['k', '2']]]);
  await log.maintenance.compact();
  expect(log.epochs.endOf(0)).toEqual({ leaderEpoch: 0, endOffset: 1 });
  expect(log.epochs.endOf(1)).toEqual({ leaderEpoch: 1, endOffset: 2 });
});

test('a compacted log opens without its catalog: its segments follow one another without a gap', async () => {
  const world = newWorld();
  const log = await open(world);
  for (let at = 0; at < 40; at++) await log.append(await keyedBatch([[`k${at % 3}`, `${at}`]]));
  await log.maintenance.roll();
  await log.maintenance.compact();
  await fill(log, [[['k0', 'x']]]);
  const left = await shown(log);
  const again = await open({ ...killProcess(world), catalog: new MemoryCatalog() });
  expect(await shown(again)).toEqual(left);
  expect(again.logEndOffset).toBe(41);
});

test('what a compaction has left unfinished is gone when the log is open, before another one begins', async () => {
  const world = newWorld();
  const log = await open(world);
  await fill(log, [[['k', '1']], [['k', '2']]]);
  const next = killProcess(world);
  for (const name of ['log.cleaned', 'index.swap', 'timeindex.swap']) {
    next.disk.openSync(`${folderOf()}/00000000000000000000.${name}`, 'create');
  }
  const again = await open(next);
  expect(await next.disk.readdir(folderOf())).not.toContainEqual(
    expect.stringMatching(/cleaned|swap/),
  );
  await again.maintenance.compact();
  expect(await shown(again)).toEqual(['1:k=2']);
});

test('what a truncation has cut off while a pass ran takes nothing away', async () => {
  const world = newWorld();
  // So small that every segment is rewritten by itself.
  const log = await open(world, { segmentBytes: 100 });
  await fill(log, [[['k', 'first']]]);
  await fill(log, [[['k', 'second']]]);
  await fill(log, [[['x', 'end']]]);
  // The keys are noted; the first segment is about to be rewritten.
  const run = log.state.context.jobs.run.bind(log.state.context.jobs);
  let truncated: Promise<void> | null = null;
  log.state.context.jobs.run = async (name, input) => {
    if (name === 'rewriteSegments' && truncated === null) {
      truncated = log.truncateTo(1, { evenCommitted: true });
      await truncated;
    }
    return run(name, input);
  };
  await log.maintenance.compact();
  expect(await shown(log)).toEqual(['0:k=first']);
  const names = await world.disk.readdir(folderOf());
  expect(names.filter((name) => name.includes('.cleaned'))).toEqual([]);
  await fill(log, [[['y', 'new']]]);
  await log.maintenance.compact();
  expect(await shown(log)).toEqual(['0:k=first', '1:y=new']);
});

test('a truncation right before a pass ends leaves what comes again dirty', async () => {
  const log = await open(newWorld(), { segmentBytes: 1e6 });
  await fill(log, [[['k', '1']], [['k', '2']], [['x', '3']]]);
  const change = log.state.changes.run.bind(log.state.changes);
  let changes = 0;
  log.state.changes.run = async (run) => {
    // The first one publishes the segment, the second one says how far the log was compacted.
    if (++changes === 2) {
      await log.truncateTo(1, { evenCommitted: true });
      await fill(log, [[['k', 'again']], [['k', 'and again']], [['x', 'too']]]);
    }
    return change(run);
  };
  await log.maintenance.compact();
  expect(changes).toBeGreaterThan(1);
  log.state.changes.run = change;
  await log.maintenance.compact();
  expect((await shown(log)).map((record) => record.replace(/^\d+:/, ''))).toEqual([
    'k=and again',
    'x=too',
  ]);
});

test('offsets that come again after a truncation are compacted again', async () => {
  const log = await open(newWorld());
  await fill(log, [[['k', '1']], [['x', '2']]]);
  await fill(log, [[['y', '3']]]);
  await log.maintenance.compact();
  await log.truncateTo(1, { evenCommitted: true });
  expect(log.state.compaction.cleanedOffset).toBe(1);
  await fill(log, [[['k', 'again']]]);
  await log.maintenance.compact();
  expect(await shown(log)).toEqual(['1:k=again']);
});

describe('a batch that is bad', () => {
  async function stopped(spoil: (log: Log, world: SimWorld) => Promise<void>) {
    const world = newWorld();
    const { lines, logger } = recordingLogger();
    const log = await open(world, { compacted: true }, { logger });
    await fill(log, [[['k', '1']], [['k', '2']]]);
    await spoil(log, world);
    await fill(log, [[['k', '3']]]);
    await expect(log.maintenance.compact()).rejects.toMatchObject({ code: 'CORRUPT_BATCH' });
    await expect(log.maintenance.compact()).rejects.toMatchObject({ code: 'CORRUPT_BATCH' });
    expect(await log.state.compaction.compactionNeed()).toBeNull();
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    expect(log.state.context.counters.compactionsStopped).toBe(1);
    // It goes on serving.
    await log.append(await keyedBatch([['k', '4']]));
    expect(log.logEndOffset).toBeGreaterThan(3);
    expect(await world.disk.readdir(folderOf())).not.toContainEqual(
      expect.stringMatching(/cleaned|swap/),
    );
    return { log, lines };
  }

  test('stops the compaction of its log, with one line and a count', async () => {
    const { log, lines } = await stopped(async (_log, world) => {
      const file = world.disk.openSync(`${folderOf()}/00000000000000000000.log`, 'write');
      file.writevSync([Buffer.from([0xff])], HEADER_SIZE + 5);
    });
    const { fields } = lines.find(({ level }) => level === 'error')!;
    expect(fields).toMatchObject({ topic: 'events', segment: 0, position: 0, offset: 0 });
    expect(log.logEndOffset).toBe(4);
  });

  test('that unpacks to more than is allowed is refused at the cap', async () => {
    const { lines } = await stopped(async (log) => {
      log.updateSettings({ ...log.settings, compacted: false });
      const header = buildBatchSync([{ key: 'k', value: 'v', timestamp: 1 }]);
      const packed = gzipSync(Buffer.alloc(200 * 1024 * 1024), { level: 9 });
      const bomb = Buffer.concat([header.subarray(0, HEADER_SIZE), packed]);
      bomb.writeInt32BE(bomb.length - PREFIX_SIZE, BATCH_LENGTH_AT);
      bomb.writeUInt16BE(1, ATTRIBUTES_AT);
      stampCrc(bomb);
      await log.append(bomb);
      log.updateSettings({ ...log.settings, compacted: true });
    });
    const { fields } = lines.find(({ level }) => level === 'error')!;
    expect(fields).toMatchObject({ reason: expect.stringContaining('unpack to more than') });
  });

  test('whose records are garbage under a right checksum is one', async () => {
    await stopped(async (log) => {
      log.updateSettings({ ...log.settings, compacted: false });
      const garbage = await keyedBatch([['k', 'v']]);
      garbage.fill(0x7f, HEADER_SIZE);
      stampCrc(garbage);
      await log.append(garbage);
      log.updateSettings({ ...log.settings, compacted: true });
    });
  });
});

test('a disk that is full is said once, left alone for a while, and then compacted', async () => {
  const world = newWorld();
  const { lines, logger } = recordingLogger();
  const log = await open(world, { compacted: true, minCleanableDirtyRatio: 0 }, { logger });
  await fill(log, [[['k', '1']], [['k', '2']]]);
  const before = await shown(log);
  world.disk.failNext({ op: 'writev', path: /cleaned/, code: 'ENOSPC' });
  expect(await log.state.compaction.compactOnce()).toBe(false);
  expect(await shown(log)).toEqual(before);
  expect(await log.state.compaction.compactionNeed()).toBeNull();
  expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  expect(await world.disk.readdir(folderOf())).not.toContainEqual(
    expect.stringMatching(/cleaned|swap/),
  );
  // The first look comes too early.
  world.clock.advance(5 * 60_000);
  await new Promise((resolve) => setImmediate(resolve));
  world.clock.advance(15_000);
  for (let turn = 0; turn < 50 && (await shown(log)).length > 1; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await shown(log)).toEqual(['1:k=2']);
});

test('segments that no checkpoint lies behind stay: the next process would miss them', async () => {
  const world = newWorld();
  let isFull = false;
  const catalog: Catalog = {
    get: (key) => world.catalog.get(key),
    range: (prefix) => world.catalog.range(prefix),
    close: () => world.catalog.close(),
    write: (changes) =>
      isFull
        ? Promise.reject(new EngineError('STORAGE_FULL', 'no room'))
        : world.catalog.write(changes),
  };
  const log = await open(world, {}, { catalog });
  await fill(log, [[['k', '1']], [['k', '2']]]);
  await log.flush();
  isFull = true;
  await fill(log, [[['k', '3']], [['k', '4']]]);
  await log.maintenance.compact();
  const left = await shown(log);
  expect(left.slice(-2)).toEqual(['2:k=3', '3:k=4']);
  const again = await open(killProcess(world));
  expect(await shown(again)).toEqual(left);
  await again.maintenance.roll();
  await again.maintenance.compact();
  expect(await shown(again)).toEqual(['3:k=4']);
});

test('a log that is deleted while it is compacted is gone at once, and the next of its name is not touched', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = (await openLog(engine, { segmentBytes: 400 })) as Log;
  await fill(log, [[['k', '1']], [['k', '2']]]);
  const run = log.state.context.jobs.run.bind(log.state.context.jobs);
  let running = 0;
  log.state.context.jobs.run = async (name, input) => {
    running++;
    return run(name, input).finally(() => running--);
  };
  const compacting = log.maintenance.compact();
  compacting.catch(() => {});
  while (running === 0) await new Promise((resolve) => setImmediate(resolve));
  await engine.deletePartition(partition());
  expect(running).toBe(0);
  await expect(compacting).rejects.toMatchObject({ code: 'LOG_CLOSED' });
  const again = { ...partition(), topicId: 'BBBBBBBBBBBBBBBBBBBBBQ' };
  const next = (await openLog(engine, { segmentBytes: 400 }, again)) as Log;
  await fill(next, [[['k', 'a']], [['k', 'b']]]);
  expect(await shown(next)).toEqual(['0:k=a', '1:k=b']);
  await next.maintenance.compact();
  expect(await shown(next)).toEqual(['1:k=b']);
});

test('max.compaction.lag.ms rolls what takes appends and compacts it, whatever the ratio', async () => {
  const world = newWorld();
  const log = await open(world, {
    compacted: true,
    segmentBytes: 1e6,
    minCleanableDirtyRatio: 1,
    maxCompactionLagMs: HOUR_MS,
  });
  const timestamp = world.clock.wallMs();
  await log.append(await keyedBatch([['k', '1']], { timestamp }));
  await log.append(await keyedBatch([['k', '2']], { timestamp }));
  world.clock.advance(HOUR_MS);
  expect(await log.state.compaction.compactionNeed()).toBeNull();
  world.clock.advance(1);
  expect(await log.state.compaction.compactionNeed()).toBe(Number.POSITIVE_INFINITY);
  expect(await log.state.compaction.compactOnce()).toBe(true);
  expect(await shown(log)).toEqual(['1:k=2']);
});

test('with both policies retention deletes what compaction leaves', async () => {
  const world = newWorld();
  const { lines, logger } = recordingLogger();
  // Too small for both batches: a segment goes when all of it is old.
  const settings = { compacted: true, deletes: true, retentionMs: HOUR_MS, segmentBytes: 140 };
  const log = await open(world, settings, { logger });
  const timestamp = world.clock.wallMs();
  await log.append(
    await keyedBatch(
      [
        ['old', '1'],
        ['k', '1'],
      ],
      { timestamp },
    ),
  );
  await log.maintenance.roll();
  world.clock.advance(2 * HOUR_MS);
  await log.append(await keyedBatch([['k', '2']], { timestamp: world.clock.wallMs() }));
  await log.maintenance.roll();
  await log.maintenance.compact();
  expect(await shown(log)).toEqual(['0:old=1', '2:k=2']);
  await log.maintenance.applyRetention();
  expect(await shown(log)).toEqual(['2:k=2']);
  expect(lines).toContainEqual({
    level: 'info',
    message: 'segment deleted',
    fields: expect.objectContaining({
      topic: log.name.topic,
      partition: log.name.partition,
      file: expect.stringMatching(/\d{20}\.log$/),
      why: 'its newest record is older than retention.ms',
    }),
  });
});
