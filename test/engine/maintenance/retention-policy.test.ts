import { describe, expect, test } from 'vitest';
import {
  type RetentionLimits,
  type RetentionReason,
  type RetentionSegment,
  retentionReason,
} from '../../../engine/maintenance/retention-policy.js';

const NO_LIMITS: RetentionLimits = {
  retentionMs: Number.POSITIVE_INFINITY,
  retentionBytes: Number.POSITIVE_INFINITY,
  nowMs: 100_000,
  highWatermark: Number.POSITIVE_INFINITY,
  logStart: 0,
};

/** How many may go of segments of ten records and 100 bytes each, with these newest timestamps. */
function deletable(newest: readonly number[], limits: Partial<RetentionLimits>): number {
  return reasons(newest, limits).length;
}

function reasons(newest: readonly number[], limits: Partial<RetentionLimits>): RetentionReason[] {
  return reasonsOf(
    newest.map((newestMs, at) => ({
      sizeBytes: 100,
      newestMs: () => newestMs,
      endOffset: (at + 1) * 10,
    })),
    { ...NO_LIMITS, ...limits },
  );
}

/** Why each of the oldest segments goes, up to the first that stays. */
function reasonsOf(
  segments: readonly RetentionSegment[],
  limits: RetentionLimits,
): RetentionReason[] {
  let logBytes = segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const found: RetentionReason[] = [];
  for (const segment of segments) {
    const reason = retentionReason(segment, logBytes, limits);
    if (reason === null || reason === 'unknown') break;
    found.push(reason);
    logBytes -= segment.sizeBytes;
  }
  return found;
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
    expect(reasonsOf(segments, NO_LIMITS)).toEqual([]);
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
  expect(reasonsOf(empty, { ...NO_LIMITS, retentionMs: 10, retentionBytes: 0 })).toEqual([]);
});

test('what lies wholly below the log start goes, without any other limit', () => {
  expect(reasons([1, 1, 1], { logStart: 20 })).toEqual(['start', 'start']);
  expect(reasons([1, 1, 1], { logStart: 19 })).toEqual(['start']);
});

test('a time that is not known is asked for, and only where it decides', () => {
  const unread = { sizeBytes: 100, newestMs: () => null, endOffset: 10 };
  const limits = { ...NO_LIMITS, retentionMs: 10 };
  expect(retentionReason(unread, 300, limits)).toBe('unknown');
  expect(retentionReason(unread, 300, { ...limits, retentionBytes: 200 })).toBe('size');
  expect(retentionReason(unread, 300, NO_LIMITS)).toBeNull();
});
