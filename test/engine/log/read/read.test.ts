import { describe, expect, test } from 'vitest';
import { baseOffset, batchSize } from '../../../../engine/batch/header.js';
import { stampCrc } from '../../../../engine/batch/stamp.js';
import type { LogSettings, PartitionLog } from '../../../../engine/index.js';
import type { Log } from '../../../../engine/log/log.js';
import { emptyIndexes } from '../../../../engine/log/segments/noted-batches.js';
import { batchOf } from '../../../support/batches.js';
import {
  folderOf,
  newWorld,
  openLog,
  openWorld,
  type SimWorld,
} from '../../../support/sim-engine.js';

interface Fixture {
  readonly world: SimWorld;
  readonly log: Log;
  /** Size of each batch. */
  readonly sizes: number[];
}

/** Batches of two records each: offsets 0-1, 2-3, … */
async function logOf(count: number, overrides: Partial<LogSettings> = {}): Promise<Fixture> {
  const world = newWorld();
  const log = (await openLog(await openWorld(world), overrides)) as Log;
  const sizes: number[] = [];
  for (let at = 0; at < count; at++) {
    const batch = batchOf([`left ${at}`, `right ${at}`]);
    sizes.push(batch.length);
    await log.append(batch);
  }
  return { world, log, sizes };
}

/** Base offsets of the batches that a read returns. */
function read(
  log: PartitionLog,
  offset: number,
  maxBytes = Number.MAX_SAFE_INTEGER,
  minOneBatch = true,
): number[] {
  const { slice } = log.read({ offset, maxBytes, minOneBatch, isolation: 'high-watermark' });
  if (slice === null) return [];
  const bytes = Buffer.alloc(slice.size);
  expect(slice.readSync(bytes, 0)).toBe(slice.size);
  slice.release();
  const bases: number[] = [];
  let at = 0;
  for (; at < bytes.length; at += batchSize(bytes, at)) bases.push(baseOffset(bytes, at));
  expect(at).toBe(bytes.length);
  return bases;
}

const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);

test('a batch is returned whole for an offset in its middle', async () => {
  const { log } = await logOf(3);
  expect(read(log, 3)).toEqual([2, 4]);
});

test('at the log end there is nothing, beyond it and below the start is an error', async () => {
  const { log } = await logOf(3);
  await log.deleteBefore(1);
  expect(read(log, 6)).toEqual([]);
  expect(read(log, 1)).toEqual([0, 2, 4]);
  for (const offset of [0, 7, -1, 2 ** 53]) {
    expect(() => read(log, offset)).toThrow(
      expect.objectContaining({ code: 'OFFSET_OUT_OF_RANGE' }),
    );
  }
});

describe('the limit of bytes', () => {
  test('ends a read behind the last whole batch, also exactly at its end', async () => {
    const { log, sizes } = await logOf(40, { indexIntervalBytes: 100 });
    for (let count = 1; count <= 40; count++) {
      const bytes = sum(sizes.slice(0, count));
      expect(read(log, 0, bytes)).toHaveLength(count);
      expect(read(log, 0, bytes - 1)).toHaveLength(Math.max(1, count - 1));
      expect(read(log, 0, bytes + 1)).toHaveLength(count);
    }
  });

  test('lets the first batch through whole when it is asked for', async () => {
    const { log, sizes } = await logOf(3);
    for (const maxBytes of [0, 1, sizes[0]! - 1]) {
      expect(read(log, 0, maxBytes, true)).toEqual([0]);
      expect(read(log, 0, maxBytes, false)).toEqual([]);
    }
    expect(read(log, 0, sizes[0]!, false)).toEqual([0]);
  });

  test('holds for one huge batch among small ones', async () => {
    const { log } = await logOf(2, { maxBatchBytes: 10_000_000 });
    await log.append(batchOf('x'.repeat(5_000_000)));
    await log.append(batchOf('small'));
    expect(read(log, 0, 4_000_000)).toEqual([0, 2]);
    expect(read(log, 4, 100)).toEqual([4]);
    expect(read(log, 4, 100, false)).toEqual([]);
    expect(read(log, 5)).toEqual([5]);
  });
});

test('every offset is found through the index, whatever lies between its entries', async () => {
  const { log } = await logOf(60, { indexIntervalBytes: 250, segmentBytes: 2000 });
  for (let offset = 0; offset < 120; offset++) {
    expect(read(log, offset, 1)).toEqual([offset - (offset % 2)]);
  }
});

test('a read ends with its segment', async () => {
  const { log } = await logOf(4);
  await log.maintenance.roll();
  await log.append(batchOf('next'));
  expect(read(log, 0)).toEqual([0, 2, 4, 6]);
  expect(read(log, 8)).toEqual([8]);
});

test('after a truncation the new batches are found at the old offsets', async () => {
  const { log } = await logOf(30, { indexIntervalBytes: 100, segmentBytes: 900 });
  await log.truncateTo(21, { evenCommitted: true });
  expect(log.logEndOffset).toBe(20);
  for (let at = 0; at < 5; at++) await log.append(batchOf(`new ${at}`));
  for (let offset = 20; offset < 25; offset++) expect(read(log, offset, 1)).toEqual([offset]);
  expect(read(log, 18, 1)).toEqual([18]);
});

describe('a damaged batch in the middle of a sealed segment', () => {
  async function damaged(overrides: Partial<LogSettings> = {}): Promise<Fixture> {
    const fixture = await logOf(10, overrides);
    const { log, world, sizes } = fixture;
    await log.maintenance.roll();
    await log.append(batchOf('in the next segment'));
    const path = `${folderOf()}/00000000000000000000.log`;
    const file = world.disk.openSync(path, 'write');
    // The magic of the sixth batch.
    file.writevSync([Buffer.from([9])], sum(sizes.slice(0, 5)) + 16);
    return fixture;
  }

  test.each([0, 200, 4096])(
    'is not served, and what lies before it and in other segments is (index interval %i)',
    async (indexIntervalBytes) => {
      const { log } = await damaged({ indexIntervalBytes });
      expect(() => read(log, 10)).toThrow(expect.objectContaining({ code: 'CORRUPT_BATCH' }));
      for (let offset = 0; offset < 10; offset++) expect(read(log, offset, 1)).toHaveLength(1);
      expect(read(log, 0)).toEqual([0, 2, 4, 6, 8]);
      expect(read(log, 20)).toEqual([20]);
    },
  );

  test('is found by a walk through the segment once, not by every reader', async () => {
    const { log, world } = await damaged();
    expect(() => read(log, 10)).toThrow();
    const before = world.disk.journal.filter(({ kind }) => kind === 'readSync').length;
    expect(() => read(log, 10)).toThrow(expect.objectContaining({ code: 'CORRUPT_BATCH' }));
    const after = world.disk.journal.filter(({ kind }) => kind === 'readSync').length;
    expect(after - before).toBe(1);
  });
});

describe('a slice whose file was cut by another program', () => {
  test('is told to the log, which serves what is left and says that the rest is damaged', async () => {
    const { log, sizes } = await logOf(6);
    const request = { maxBytes: 1e6, minOneBatch: true, isolation: 'high-watermark' } as const;
    const { slice } = log.read({ ...request, offset: 0 });
    const cutAt = sum(sizes.slice(0, 4)) + 10;
    expect(slice!.cutShortAt(cutAt)).toMatchObject({ code: 'CORRUPT_BATCH' });
    slice!.release();
    expect(() => log.read({ ...request, offset: 8 })).toThrow(
      expect.objectContaining({ code: 'CORRUPT_BATCH' }),
    );
    expect(read(log, 0, sum(sizes.slice(0, 4)))).toEqual([0, 2, 4, 6]);
  });

  test('is no damage where the log itself was truncated meanwhile', async () => {
    const { log, sizes } = await logOf(6);
    log.watermark.setRule(() => 12);
    const request = { maxBytes: 1e6, minOneBatch: true, isolation: 'log-end' } as const;
    const { slice } = log.read({ ...request, offset: 0 });
    const segment = log.state.segments.active!;
    segment.takeOver(segment.noted);
    expect(slice!.cutShortAt(sum(sizes.slice(0, 4)))).not.toMatchObject({ code: 'CORRUPT_BATCH' });
    slice!.release();
    expect(read(log, 8)).toEqual([8, 10]);
  });
});

describe('a reader that goes on where its last slice ended', () => {
  /** Reads of the log's file while `work` runs. */
  function readsDuring(world: SimWorld, work: () => void): number {
    const from = world.disk.journal.length;
    work();
    return world.disk.journal.slice(from).filter(({ kind }) => kind === 'readSync').length;
  }

  test('finds its next batch without looking for it', async () => {
    const { world, log, sizes } = await logOf(20);
    const two = sizes[0]! + sizes[1]! + 10;
    const steps = Array.from({ length: 8 }, (_, at) =>
      readsDuring(world, () => {
        const { slice } = log.read({
          offset: at * 4,
          maxBytes: two,
          minOneBatch: true,
          isolation: 'high-watermark',
        });
        slice?.release();
      }),
    );
    expect(steps[0]).toBeGreaterThan(steps[1]!);
    expect(new Set(steps.slice(1)).size).toBe(1);
    for (let at = 0; at < 8; at++) expect(read(log, at * 4, two)).toEqual([at * 4, at * 4 + 2]);
  });

  test('is not sent where a batch was before the log was cut and written again', async () => {
    const { log, sizes } = await logOf(6);
    const two = sizes[0]! + sizes[1]! + 10;
    expect(read(log, 0, two)).toEqual([0, 2]);
    await log.truncateTo(2, { evenCommitted: true });
    await log.append(batchOf(['a longer batch than the one that was there', 'with two records']));
    await log.append(batchOf(['third', 'batch']));
    expect(read(log, 4)).toEqual([4]);
    expect(read(log, 0)).toEqual([0, 2, 4]);
  });

  test('is not sent into a batch that holds what looks like one, by an index that is wrong', async () => {
    const world = newWorld();
    const log = (await openLog(await openWorld(world))) as Log;
    const small = batchOf(['a', 'b']);
    await log.append(Buffer.from(small));
    // The decoy says that it begins at offset 5, which is a real batch's.
    const decoy = Buffer.from(small);
    decoy.writeBigInt64BE(5n, 0);
    const bytes = batchOf(['before', 'z'.repeat(600)]);
    const decoyAt = bytes.length - 300;
    decoy.copy(bytes, decoyAt);
    stampCrc(bytes);
    await log.append(bytes);
    await log.append(batchOf(['real']));
    await log.append(batchOf(['five']));
    const segment = log.state.segments.active!;
    const wrong = emptyIndexes();
    wrong.offsets.append(1000, small.length + decoyAt);
    segment.noted.adoptIndexes(wrong);
    segment.takeOver(segment.noted);
    const reach = small.length + decoyAt + 10;
    expect(read(log, 0, reach)).toEqual([0]);
    expect(read(log, 5)).toEqual([5]);
  });

  test('ends with a whole batch where an index that is wrong leads into the middle of one', async () => {
    const log = (await openLog(await openWorld(newWorld()))) as Log;
    const bytes = batchOf(['a', 'z'.repeat(400)]);
    for (let count = 0; count < 3; count++) await log.append(Buffer.from(bytes));
    const wrong = emptyIndexes();
    wrong.offsets.append(3, bytes.length + 70);
    const segment = log.state.segments.active!;
    segment.noted.adoptIndexes(wrong);
    segment.takeOver(segment.noted);
    expect(read(log, 0, bytes.length + 100)).toEqual([0]);
  });
});
