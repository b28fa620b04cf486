import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import { stampBatch } from '../../../engine/batch/stamp.js';
import { segmentFileName } from '../../../engine/disk/file-names.js';
import type { Engine } from '../../../engine/index.js';
import { LIMITS } from '../../../engine/limits.js';
import {
  checkpointKey,
  encodeCheckpoint,
  type LogCheckpoint,
  readCheckpoint,
} from '../../../engine/log/durability/log-records.js';
import type { Log } from '../../../engine/log/log.js';
import { MemoryDisk } from '../../support/memory-disk.js';
import {
  folderOf,
  newWorld,
  openLog,
  openWorld,
  partition,
  type SimWorld,
} from '../../support/sim-engine.js';
import { TurnMeter } from '../../support/turn-meter.js';

/** A log of 10 TiB in segments of 64 MiB; here each holds one record. */
const SEGMENTS = 163_840;
const DESCRIPTORS = 64;
/** What other work adds to a turn's allowance. */
const ELEMENTS_PER_TURN = 2 * LIMITS.turnElementsMax;
const KEYS = 1_000;
const SETTINGS = {
  segmentBytes: 100,
  indexIntervalBytes: 4_096,
  fileDeleteDelayMs: 60_000,
  timestampAfterMaxMs: Number.POSITIVE_INFINITY,
};

/** The record at each offset is of that second. */
const timeOf = (offset: number): number => offset * 1_000;

const batchAt = (offset: number): Buffer =>
  buildBatchSync([
    { key: `key ${offset % KEYS}`, value: String(offset), timestamp: timeOf(offset) },
  ]);

/**
 * Gives the log all its segments: files as the engine leaves them, under a checkpoint at their end.
 */
async function filled(disk: MemoryDisk, segments: number): Promise<SimWorld> {
  const world = newWorld();
  const engine = await openWorld(world, { wrap: () => disk });
  const log = await openLog(engine, SETTINGS);
  await log.append(batchAt(0));
  await engine.close();
  const times = Buffer.alloc(12);
  for (let offset = 0; offset < segments; offset++) {
    const batch = batchAt(offset);
    stampBatch(batch, { baseOffset: offset, leaderEpoch: 0 });
    const put = (kind: 'log' | 'index' | 'timeindex', bytes: Buffer): void =>
      disk.put(`${folderOf()}/${segmentFileName(offset, kind)}`, bytes);
    put('log', batch);
    if (offset === segments - 1) break;
    times.writeBigInt64BE(BigInt(timeOf(offset)));
    put('index', Buffer.alloc(0));
    put('timeindex', Buffer.from(times));
  }
  const last = {
    offset: segments,
    segmentBase: segments - 1,
    position: batchAt(segments - 1).length,
    highWatermark: segments,
    times: null,
  };
  const catalog = world.catalog.crash();
  const known = readCheckpoint(catalog, partition()) as LogCheckpoint;
  const value = encodeCheckpoint({ ...known, ...last });
  await catalog.write([{ key: checkpointKey(partition()), value }]);
  return { ...world, catalog };
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

/** Runs a step, says what it took, and holds what one turn of it did against the allowance. */
async function counted<Result>(
  meter: TurnMeter,
  what: string,
  elementsMin: number,
  step: () => Promise<Result>,
): Promise<Result> {
  const before = meter.total.elements;
  meter.most.elements = 0;
  meter.most.records = 0;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const beganMs = performance.now();
  const result = await step();
  const tookMs = performance.now() - beganMs;
  delay.disable();
  const seen = meter.total.elements - before;
  console.log(
    `${what}: ${tookMs.toFixed(0)} ms, ${seen} elements, at most ${meter.most.elements} and ${meter.most.records} records a turn; ` +
      `event loop: ${(delay.max / 1e6).toFixed(0)} ms at most`,
  );
  expect.soft(seen, what).toBeGreaterThanOrEqual(elementsMin);
  expect.soft(meter.most.elements, what).toBeLessThanOrEqual(ELEMENTS_PER_TURN);
  expect.soft(meter.most.records, what).toBeLessThanOrEqual(2 * LIMITS.turnRecordsMax);
  return result;
}

const at = (offset: number) => ({
  offset,
  maxBytes: 1_000,
  minOneBatch: true,
  isolation: 'high-watermark' as const,
});

function expectRead(log: Log, offset: number): void {
  const { slice } = log.read(at(offset));
  expect(slice?.size).toBe(batchAt(offset).length);
  slice?.release();
}

async function appendAll(log: Log, count: number): Promise<void> {
  for (let left = count; left > 0; left--) await log.append(batchAt(log.logEndOffset));
}

test('a log of 10 TiB in segments of 64 MiB opens, is read, rolls, shrinks and closes, in slices', async () => {
  const disk = new MemoryDisk();
  let world = await filled(disk, SEGMENTS);
  const meter = new TurnMeter();
  const options = { wrap: () => disk, meter, descriptorsOpenMax: DESCRIPTORS };
  const opened = async (): Promise<{ engine: Engine; log: Log }> => {
    // What is there after a kill, and after a clean close as well.
    world = { ...world, catalog: world.catalog.crash() };
    const engine = await openWorld(world, options);
    return { engine, log: (await openLog(engine, SETTINGS)) as Log };
  };

  const before = heapBytes();
  let { engine, log } = await counted(meter, 'open', 2 * SEGMENTS, opened);
  const perSegment = (heapBytes() - before) / SEGMENTS;
  console.log(`${perSegment.toFixed(0)} bytes of heap a segment`);
  expect(perSegment).toBeLessThan(2_000);
  expect(log.state.segments.count).toBe(SEGMENTS);

  await counted(meter, '200 appends, each with a roll', 0, () => appendAll(log, 200));
  const end = log.logEndOffset;
  expect(log.state.segments.count).toBe(SEGMENTS + 200);
  for (const offset of [0, SEGMENTS / 2, end - 1]) expectRead(log, offset);

  for (const offset of [10, SEGMENTS / 2, end - 1]) {
    const looked = (): ReturnType<Log['offsetForTimestamp']> =>
      log.offsetForTimestamp(timeOf(offset));
    const found = await counted(meter, `first lookup of offset ${offset} by time`, 10, looked);
    expect(found).toMatchObject({ offset });
  }
  const again = (): ReturnType<Log['offsetForTimestamp']> =>
    log.offsetForTimestamp(timeOf(end - 1));
  expect(await counted(meter, 'second lookup of the end', SEGMENTS, again)).toMatchObject({
    offset: end - 1,
  });
  console.log(`${((heapBytes() - before) / SEGMENTS).toFixed(0)} bytes a segment with its times`);

  const quarter = SEGMENTS / 4;
  await counted(meter, 'DeleteRecords of a quarter', 0, () => log.deleteBefore(quarter));
  expect(log.logStartOffset).toBe(quarter);
  await counted(meter, 'its segments', quarter, () => log.state.changes.run(async () => {}));
  expect(log.state.segments.first?.baseOffset).toBe(quarter);
  expectRead(log, quarter);

  const half = SEGMENTS / 2;
  world.clock.advance(timeOf(half) - world.clock.wallMs() + 1_000_000);
  log.updateSettings({ ...log.settings, retentionMs: 1_000_000 + 1 });
  const retained = await counted(meter, 'retention of a third', 2 * (half - quarter), () =>
    log.maintenance.applyRetention(),
  );
  expect(retained.segments).toBe(half - quarter);
  expect(log.logStartOffset).toBe(half);
  const files = disk.countIn(folderOf());
  await counted(meter, 'some thousands of their files', 0, async () => {
    world.clock.advance(SETTINGS.fileDeleteDelayMs);
    while (disk.countIn(folderOf()) > files - 10_000) await new Promise(setImmediate);
  });

  await counted(meter, 'clean close', half, () => engine.close());
  ({ engine, log } = await counted(meter, 'open after a clean close', half, opened));
  expect(log.state.segments.count).toBe(end - half);
  await appendAll(log, 20);
  ({ engine, log } = await counted(meter, 'open after a kill', half, opened));
  expect(log).toMatchObject({ logStartOffset: half, logEndOffset: end + 20 });
  for (const offset of [half, end + 19]) expectRead(log, offset);
  expect(disk.openMost).toBeLessThan(2 * DESCRIPTORS);

  await engine.close();
  meter.stop();
});

test('a compacted log of many segments is looked at in slices, and compacted in passes of some thousands', async () => {
  const disk = new MemoryDisk();
  const many = LIMITS.compactionDirtySegmentsMax + 10_000;
  const world = await filled(disk, many);
  const meter = new TurnMeter();
  const engine = await openWorld(world, { wrap: () => disk, meter });
  const settings = { ...SETTINGS, compacted: true, deletes: false, minCompactionLagMs: 1 };
  const log = (await openLog(engine, { ...settings, segmentBytes: 2 ** 20 })) as Log;
  world.clock.advance(timeOf(many));
  await log.maintenance.roll();
  const need = await counted(meter, 'its need', many, () => log.state.compaction.compactionNeed());
  expect(need).toBe(1);
  const compacted = await counted(meter, 'compaction', 2 * many, () => log.maintenance.compact());
  expect(compacted).toMatchObject({ passes: 2, recordsRemoved: many - KEYS });
  expect(log.state.segments.count).toBeLessThan(10);
  expectRead(log, many - 1);
  await engine.close();
  meter.stop();
});
