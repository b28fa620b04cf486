import { describe, expect, test } from 'vitest';
import { buildBatchSync } from '../../../../engine/batch/builder.js';
import type { PartitionLog } from '../../../../engine/index.js';
import { LIMITS } from '../../../../engine/limits.js';
import { batchOf } from '../../../support/batches.js';
import { manyHeaders } from '../../../support/forged-batches.js';
import {
  killProcess,
  newWorld,
  openLog,
  openWorld,
  stopCleanly,
} from '../../../support/sim-engine.js';
import { TurnMeter } from '../../../support/turn-meter.js';

const T = Date.UTC(2026, 0, 1);

/** One batch per list, one record per timestamp. */
async function logOf(...batches: readonly (readonly number[])[]): Promise<PartitionLog> {
  const log = await openLog(await openWorld(newWorld()), { indexIntervalBytes: 100 });
  for (const times of batches) {
    const records = times.map((time) => ({
      key: null,
      value: 'x'.repeat(50),
      timestamp: time < 0 ? -1 : T + time,
    }));
    await log.append(buildBatchSync(records));
  }
  return log;
}

const offsetAt = async (log: PartitionLog, time: number): Promise<number | undefined> =>
  (await log.offsetForTimestamp(T + time))?.offset;

const largest = async (log: PartitionLog): Promise<number | undefined> =>
  (await log.offsetOfLargestTimestamp())?.offset;

test('the first record at or after a time is found, whatever order the times have', async () => {
  const log = await logOf([5, 3], [9, 1], [4, 7], [20]);
  expect(await Promise.all([0, 4, 6, 9, 10, 20].map((time) => offsetAt(log, time)))).toEqual([
    0, 0, 2, 2, 6, 6,
  ]);
  expect(await offsetAt(log, 21)).toBeUndefined();
});

test('records below the log start do not count, also within its batch', async () => {
  const log = await logOf([50, 10, 30], [20], [40]);
  expect(await largest(log)).toBe(0);
  await log.deleteBefore(1);
  expect(await largest(log)).toBe(4);
  expect(await offsetAt(log, 45)).toBeUndefined();
  expect(await offsetAt(log, 15)).toBe(2);
  await log.deleteBefore(3);
  expect(await offsetAt(log, 0)).toBe(3);
});

test('the first of several records with the largest time is named', async () => {
  const log = await logOf([1, 9], [9, 9], [3]);
  expect(await largest(log)).toBe(1);
  await log.deleteBefore(2);
  expect(await largest(log)).toBe(2);
});

test('records without a timestamp have no largest one, and come first for a time before all', async () => {
  const log = await logOf([-1, -1], [-1]);
  expect(await log.offsetOfLargestTimestamp()).toBeNull();
  expect(await log.offsetForTimestamp(0)).toBeNull();
  expect((await log.offsetForTimestamp(-1))?.offset).toBe(0);
});

test('an empty log has none', async () => {
  const log = await logOf();
  expect(await log.offsetOfLargestTimestamp()).toBeNull();
  expect(await log.offsetForTimestamp(0)).toBeNull();
});

test('what is above the high watermark is not answered', async () => {
  const log = await logOf([1], [2]);
  log.watermark.setRule(() => 0);
  await log.append(batchOf('later', { timestamp: T + 30 }));
  expect(log.highWatermark).toBe(2);
  expect(await offsetAt(log, 20)).toBeUndefined();
  expect(await largest(log)).toBeUndefined();
});

test('headers of records are not looked at, however many a record has', async () => {
  const meter = new TurnMeter();
  const log = await openLog(await openWorld(newWorld(), { meter }));
  await log.append(await manyHeaders(3_000_000));
  expect(await offsetAt(log, 0)).toBe(0);
  expect(await largest(log)).toBe(0);
  meter.stop();
  // The header of the batch and its one record, each time.
  expect(meter.total.records).toBe(4);
});

test('batches behind an index entry are walked in slices, and so are the records of one', async () => {
  const meter = new TurnMeter();
  // One entry of the time index for all of them: none is later than the first.
  const log = await openLog(await openWorld(newWorld(), { meter }), { indexIntervalBytes: 1 });
  await log.append(buildBatchSync([{ key: null, value: null, timestamp: T + 10 }]));
  const small = Array.from({ length: 3_000 }, () =>
    log.append(buildBatchSync([{ key: null, value: null, timestamp: T }])),
  );
  await Promise.all(small);
  const many = Array.from({ length: 50_000 }, () => ({ key: null, value: null, timestamp: T }));
  await log.append(buildBatchSync([...many, { key: null, value: null, timestamp: T + 20 }]));
  expect(await offsetAt(log, 15)).toBe(53_001);
  meter.stop();
  expect(meter.total.records).toBeGreaterThan(53_000);
  expect(meter.most.records).toBeLessThan(LIMITS.turnRecordsMax + 2_000);
});

describe('nanoseconds, which no number holds exactly', () => {
  const NS = 1_800_000_000_000_000_001n;
  const unbounded = {
    timestampAfterMaxMs: Number.POSITIVE_INFINITY,
    indexIntervalBytes: 100,
    segmentBytes: 2000,
  };
  const batchAt = (...times: readonly bigint[]): Buffer =>
    buildBatchSync(times.map((timestamp) => ({ key: 'k', value: 'x'.repeat(50), timestamp })));

  async function checkAll(log: PartitionLog, count: number): Promise<void> {
    for (let at = 0; at < count; at += 7) {
      const timestampMs = NS + BigInt(at);
      expect(await log.offsetForTimestamp(timestampMs)).toMatchObject({ offset: at, timestampMs });
    }
    expect(await log.offsetForTimestamp(NS + BigInt(count))).toBeNull();
    expect(await log.offsetOfLargestTimestamp()).toMatchObject({
      offset: count - 1,
      timestampMs: NS + BigInt(count - 1),
    });
  }

  test('are found to the last one, across segments, a clean stop and a kill', async () => {
    let world = newWorld();
    let engine = await openWorld(world);
    let log = await openLog(engine, unbounded);
    for (let at = 0; at < 200; at += 2) {
      await log.append(batchAt(NS + BigInt(at), NS + BigInt(at + 1)));
    }
    expect(engine.counters.segmentsRolled).toBeGreaterThan(3);
    await checkAll(log, 200);
    world = await stopCleanly(world, engine);
    engine = await openWorld(world);
    log = await openLog(engine, unbounded);
    await checkAll(log, 200);
    await log.append(batchAt(NS + 200n));
    world = killProcess(world);
    engine = await openWorld(world);
    log = await openLog(engine, unbounded);
    await checkAll(log, 201);
  });

  test('stay exact where compaction rewrites a batch', async () => {
    const engine = await openWorld(newWorld());
    const log = await openLog(engine, { ...unbounded, compacted: true });
    const records = ['a', 'b', 'a', 'c'].map((key, at) => ({
      key,
      value: key === 'b' ? null : 'x'.repeat(600),
      timestamp: NS + BigInt(at),
    }));
    await log.append(buildBatchSync(records));
    for (let at = 0; at < 3; at++) await log.append(batchAt(NS + 10n));
    await log.maintenance.roll();
    expect((await log.maintenance.compact()).recordsRemoved).toBeGreaterThan(0);
    for (const [at, offset] of [
      [1n, 1],
      [2n, 2],
      [3n, 3],
    ] as const) {
      const timestampMs = NS + at;
      expect(await log.offsetForTimestamp(timestampMs)).toMatchObject({ offset, timestampMs });
    }
  });
});

test('times before 1970 are taken, and do not hide those behind them', async () => {
  const log = await openLog(await openWorld(newWorld()));
  const year1 = Date.UTC(1, 0, 1) - 1900 * 365.25 * 86_400_000;
  for (const timestamp of [-62_135_596_800_000, year1, -5000, 1000, -1_000_000]) {
    await log.append(buildBatchSync([{ key: null, value: 'v', timestamp: Math.round(timestamp) }]));
  }
  expect(await log.offsetForTimestamp(0)).toMatchObject({ offset: 3, timestampMs: 1000 });
  expect(await log.offsetForTimestamp(1001)).toBeNull();
  expect(await log.offsetOfLargestTimestamp()).toMatchObject({ offset: 3, timestampMs: 1000 });
});
