import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type CompactionLimits,
  type CompactionPlan,
  CompactionPlanning,
  type CompactionSegment,
  groupSegments,
  isCompactionDue,
} from '../../../engine/maintenance/compaction-policy.js';

const LIMITS: CompactionLimits = {
  cleanedOffset: 0,
  boundOffset: Number.POSITIVE_INFINITY,
  logStartOffset: 0,
  nowMs: 100_000,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.POSITIVE_INFINITY,
  dirtySegmentsMax: 10,
};

function planCompaction(
  segments: readonly CompactionSegment[],
  limits: CompactionLimits,
): CompactionPlan | null {
  const planning = new CompactionPlanning(limits);
  for (const segment of segments) if (!planning.add(segment)) break;
  return planning.plan;
}

/** Segments of ten offsets and 100 bytes each, with these times. */
function segments(...times: readonly (readonly [firstMs: number, newestMs: number])[]) {
  return times.map(
    ([firstMs, newestMs], at): CompactionSegment => ({
      baseOffset: at * 10,
      endOffset: at * 10 + 10,
      sizeBytes: 100,
      firstMs: () => firstMs,
      newestMs: () => newestMs,
    }),
  );
}

const three = segments([1, 10], [11, 20], [21, 30]);

describe('what is dirty', () => {
  test('begins where compaction came, or at the log start, and ends with the last segment that may be compacted', () => {
    expect(planCompaction(three, LIMITS)).toEqual({
      firstDirtyOffset: 0,
      endOffset: 30,
      dirtyBytes: 300,
      dirtyRatio: 1,
      isOverdue: false,
    });
    expect(planCompaction(three, { ...LIMITS, cleanedOffset: 20 })).toMatchObject({
      firstDirtyOffset: 20,
      dirtyBytes: 100,
      dirtyRatio: 1 / 3,
    });
    expect(
      planCompaction(three, { ...LIMITS, cleanedOffset: 5, logStartOffset: 12 }),
    ).toMatchObject({ firstDirtyOffset: 12, dirtyRatio: 2 / 3 });
  });

  test('is a segment as a whole when compaction has ended inside of it', () => {
    expect(planCompaction(three, { ...LIMITS, cleanedOffset: 15 })).toMatchObject({
      firstDirtyOffset: 15,
      dirtyBytes: 200,
    });
  });

  test('is nothing when all was compacted, or nothing is committed', () => {
    expect(planCompaction(three, { ...LIMITS, cleanedOffset: 30 })).toBeNull();
    expect(planCompaction(three, { ...LIMITS, boundOffset: 9 })).toBeNull();
    expect(planCompaction([], LIMITS)).toBeNull();
  });

  test('ends before a segment that holds something beyond the bound', () => {
    expect(planCompaction(three, { ...LIMITS, boundOffset: 29 })).toMatchObject({ endOffset: 20 });
  });

  test('ends before a segment with a record younger than min.compaction.lag.ms', () => {
    const lag = { ...LIMITS, nowMs: 1020, minCompactionLagMs: 1000 };
    expect(planCompaction(three, lag)).toMatchObject({ endOffset: 20 });
    expect(planCompaction(three, { ...lag, nowMs: 1019 })).toMatchObject({ endOffset: 10 });
  });
});

test('a pass takes at most dirtySegmentsMax dirty segments, and the next one goes on', () => {
  const two = { ...LIMITS, dirtySegmentsMax: 2 };
  expect(planCompaction(three, two)).toMatchObject({ endOffset: 20, dirtyBytes: 200 });
  const rest = { ...two, cleanedOffset: 20 };
  expect(planCompaction(three, rest)).toMatchObject({ endOffset: 30, dirtyRatio: 1 / 3 });
});

describe('compaction is due', () => {
  test('when more than the ratio is dirty', () => {
    const plan = planCompaction(three, { ...LIMITS, cleanedOffset: 20 })!;
    expect(isCompactionDue(plan, 0.34)).toBe(false);
    expect(isCompactionDue(plan, 0.33)).toBe(true);
  });

  test('whatever the ratio, when something dirty is older than max.compaction.lag.ms', () => {
    const lag = { ...LIMITS, cleanedOffset: 10, maxCompactionLagMs: 1000 };
    expect(isCompactionDue(planCompaction(three, { ...lag, nowMs: 1011 })!, 1)).toBe(false);
    expect(isCompactionDue(planCompaction(three, { ...lag, nowMs: 1012 })!, 1)).toBe(true);
  });

  test('and no time is asked where no lag is set', () => {
    const silent = three.map((segment) => ({
      ...segment,
      firstMs: () => expect.unreachable(),
      newestMs: () => expect.unreachable(),
    }));
    expect(planCompaction(silent, LIMITS)).not.toBeNull();
  });
});

test('groups hold every segment once, in order, and keep to size, index size and the reach of an offset', () => {
  const anySegments = fc.array(
    fc.record({ sizeBytes: fc.nat(2 ** 31), offsets: fc.integer({ min: 1, max: 2 ** 31 }) }),
  );
  const anyLimits = fc.record({
    segmentBytes: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
    segmentIndexBytes: fc.integer({ min: 24, max: 2 ** 24 }),
    indexIntervalBytes: fc.nat(2 ** 20),
  });
  fc.assert(
    fc.property(anySegments, anyLimits, (sizes, limits) => {
      let endOffset = 0;
      const list = sizes.map(({ sizeBytes, offsets }) => {
        const baseOffset = endOffset;
        endOffset += offsets;
        return { baseOffset, endOffset, sizeBytes };
      });
      const groups = [...groupSegments(list, limits)];
      expect(groups.flat()).toEqual(list);
      for (const group of groups.filter(({ length }) => length > 1)) {
        const bytes = group.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
        expect(bytes).toBeLessThanOrEqual(limits.segmentBytes);
        const entries = bytes / Math.max(61, limits.indexIntervalBytes);
        expect(entries * 12).toBeLessThanOrEqual(limits.segmentIndexBytes * 1.000001);
        const last = group.at(-1)!.endOffset - 1;
        expect(last - group[0]!.baseOffset).toBeLessThanOrEqual(2 ** 31 - 1);
      }
    }),
  );
});

test('neighbours that fit are one group', () => {
  const limits = { segmentBytes: 250, segmentIndexBytes: 1e6, indexIntervalBytes: 4096 };
  const groups = [...groupSegments(three, limits)];
  expect(groups.map((group) => group.map(({ baseOffset }) => baseOffset))).toEqual([[0, 10], [20]]);
});
