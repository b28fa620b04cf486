import { describe, expect, test } from 'vitest';
import {
  deletableSegments,
  type RetentionLimits,
  type RetentionReason,
} from '../../../engine/maintenance/retention-policy.js';

const NO_LIMITS: RetentionLimits = {
  retentionMs: Number.POSITIVE_INFINITY,
  retentionBytes: Number.POSITIVE_INFINITY,
  nowMs: 100_000,
  highWatermark: Number.POSITIVE_INFINITY,
};

/** How many may go of segments of ten records and 100 bytes each, with these newest timestamps. */
function deletable(newest: readonly number[], limits: Partial<RetentionLimits>): number {
  return reasons(newest, limits).length;
}

function reasons(newest: readonly number[], limits: Partial<RetentionLimits>): RetentionReason[] {
  return deletableSegments(
    newest.map((newestMs, at) => ({
      sizeBytes: 100,
      newestMs: () => newestMs,
      endOffset: (at + 1) * 10,
    })),
    { ...NO_LIMITS, ...limits },
  );
}

test('without limits everything stays', () => {
  expect(deletable([0, 0, 0], {})).toBe(0);
});

describe('by time', () => {
  test('a segment goes when its newest record is older than the limit, and not a moment before', () => {
    expect(deletable([90_000, 95_000], { retentionMs: 10_000 })).toBe(0);
    expect(deletable([89_999, 95_000], { retentionMs: 10_000 })).toBe(1);
  });

  test('what lies behind a younger segment stays, however old', () => {
    expect(deletable([1, 99_999, 1], { retentionMs: 10_000 })).toBe(1);
  });

  test('an age is not asked without a limit', () => {
    const segments = [
      {
        sizeBytes: 100,
        newestMs: () => {
          throw new Error('asked');
        },
        endOffset: 10,
      },
    ];
    expect(deletableSegments(segments, NO_LIMITS)).toEqual([]);
  });
});

describe('by size', () => {
  test('the oldest go as long as what is left keeps the limit filled', () => {
    const newest = [1, 1, 1, 1];
    expect(deletable(newest, { retentionBytes: 400 })).toBe(0);
    expect(deletable(newest, { retentionBytes: 301 })).toBe(0);
    expect(deletable(newest, { retentionBytes: 300 })).toBe(1);
    expect(deletable(newest, { retentionBytes: 150 })).toBe(2);
    expect(deletable(newest, { retentionBytes: 0 })).toBe(4);
  });

  test('and by time the next ones may follow', () => {
    const limits = { retentionBytes: 300, retentionMs: 10_000 };
    expect(deletable([99_999, 1, 99_999, 1], limits)).toBe(2);
  });

  test('each segment has its reason', () => {
    const limits = { retentionBytes: 300, retentionMs: 10_000 };
    expect(reasons([1, 1, 99_999, 1], limits)).toEqual(['size', 'time']);
  });
});

test('nothing above the high watermark goes', () => {
  expect(deletable([1, 1, 1], { retentionMs: 10, highWatermark: 20 })).toBe(2);
  expect(deletable([1, 1, 1], { retentionMs: 10, highWatermark: 19 })).toBe(1);
});

test('an empty segment stays: there is nothing to gain', () => {
  const empty = [{ sizeBytes: 0, newestMs: () => 1, endOffset: 0 }];
  expect(deletableSegments(empty, { ...NO_LIMITS, retentionMs: 10, retentionBytes: 0 })).toEqual(
    [],
  );
});
