import { expect, test } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import type { PartitionLog } from '../../../engine/index.js';
import { LIMITS } from '../../../engine/limits.js';
import { batchOf } from '../../support/batches.js';
import { manyHeaders } from '../../support/forged-batches.js';
import { newWorld, openLog, openWorld } from '../../support/sim-engine.js';
import { TurnMeter } from '../../support/turn-meter.js';

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
  log.setHighWatermarkRule(() => 0);
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
