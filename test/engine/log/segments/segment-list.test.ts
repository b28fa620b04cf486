import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AssertionError } from '../../../../engine/assert.js';
import { FilePool } from '../../../../engine/disk/file-pool.js';
import { emptyIndexes } from '../../../../engine/log/segments/noted-batches.js';
import { Segment } from '../../../../engine/log/segments/segment.js';
import { SegmentList } from '../../../../engine/log/segments/segment-list.js';
import { SimDisk } from '../../../support/sim-disk.js';

const pool = new FilePool(new SimDisk(), { openMax: 1 });

function segmentAt(baseOffset: number): Segment {
  return new Segment({
    baseOffset,
    file: pool.file(`/${baseOffset}`),
    size: baseOffset + 1,
    createdMs: 0,
    rollJitterMs: 0,
    indexes: emptyIndexes(),
    isGapless: true,
  });
}

function listOf(bases: readonly number[]): SegmentList {
  const list = new SegmentList();
  for (const base of bases) list.add(segmentAt(base));
  return list;
}

const basesOf = (segments: readonly Segment[]): number[] =>
  segments.map(({ baseOffset }) => baseOffset);

const bases = fc
  .uniqueArray(fc.nat(1000), { maxLength: 20 })
  .map((list) => [...list].sort((a, b) => a - b));

test('an offset is found in the last segment that begins at or below it', () => {
  fc.assert(
    fc.property(bases, fc.nat(1000), (list, offset) => {
      const expected = list.findLast((base) => base <= offset);
      expect(listOf(list).floor(offset)?.baseOffset).toBe(expected);
    }),
  );
});

test('behind each segment comes the next, also for one that was taken off', () => {
  const list = listOf([0, 10, 20, 30]);
  const [first, second] = list.all();
  expect(list.after(first!)?.baseOffset).toBe(10);
  list.removePrefix(2);
  expect(list.after(second!)?.baseOffset).toBe(20);
  expect(list.after(list.active!)).toBeUndefined();
});

test('segments leave from either end', () => {
  const list = listOf([0, 10, 20, 30]);
  expect(basesOf(list.removeFrom(15))).toEqual([20, 30]);
  expect(basesOf(list.removePrefix(1))).toEqual([0]);
  expect(basesOf(list.all())).toEqual([10]);
  expect(basesOf(list.removeFrom(11))).toEqual([]);
  expect(basesOf(list.removeFrom(10))).toEqual([10]);
  expect([list.count, list.first, list.active]).toEqual([0, undefined, undefined]);
});

test('the size is that of all segments', () => {
  expect(listOf([0, 10, 20]).sizeBytes).toBe(1 + 11 + 21);
});

test('a segment that does not continue the list is a broken program', () => {
  expect(() => listOf([10, 10])).toThrow(AssertionError);
});
