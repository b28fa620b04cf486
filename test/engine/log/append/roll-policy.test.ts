import { describe, expect, test } from 'vitest';
import {
  mustRoll,
  type RollFacts,
  type RollLimits,
} from '../../../../engine/log/append/roll-policy.js';

const FACTS: RollFacts = {
  segmentBytes: 500,
  batchBytes: 100,
  relativeOffset: 50,
  batchTimestampMs: 10_000,
  firstTimestampMs: 9_000,
  firstAppendMs: 9_000,
  nowMs: 10_000,
  offsetIndexEntries: 3,
  timeIndexEntries: 3,
};
const LIMITS: RollLimits = {
  segmentBytes: 1000,
  segmentMs: 5000,
  jitterMs: 0,
  segmentIndexBytes: 1200,
};

const rolls = (facts: Partial<RollFacts> = {}, limits: Partial<RollLimits> = {}): boolean =>
  mustRoll({ ...FACTS, ...facts }, { ...LIMITS, ...limits });

test('a segment with room in every respect goes on', () => {
  expect(rolls()).toBe(false);
});

test('an empty segment is never rolled, however large the batch', () => {
  expect(rolls({ segmentBytes: 0, batchBytes: 10_000, relativeOffset: 2 ** 31 })).toBe(false);
});

test('a batch may fill a segment to the last byte', () => {
  expect(rolls({ segmentBytes: 900 })).toBe(false);
  expect(rolls({ segmentBytes: 901 })).toBe(true);
});

test('a segment stays within int32, whatever the setting', () => {
  const limits = { segmentBytes: 2 ** 40 };
  expect(rolls({ segmentBytes: 2 ** 31 - 101 }, limits)).toBe(false);
  expect(rolls({ segmentBytes: 2 ** 31 - 100 }, limits)).toBe(true);
});

test('relative offsets stay within int32', () => {
  expect(rolls({ relativeOffset: 2 ** 31 - 1 })).toBe(false);
  expect(rolls({ relativeOffset: 2 ** 31 })).toBe(true);
});

test('a full index ends a segment; one time entry is kept for the end', () => {
  expect(rolls({ offsetIndexEntries: 149 })).toBe(false);
  expect(rolls({ offsetIndexEntries: 150 })).toBe(true);
  expect(rolls({ timeIndexEntries: 98 })).toBe(false);
  expect(rolls({ timeIndexEntries: 99 })).toBe(true);
});

describe('age', () => {
  test('counts in the time of the records', () => {
    expect(rolls({ batchTimestampMs: 14_000, nowMs: 99_000 })).toBe(false);
    expect(rolls({ batchTimestampMs: 14_001 })).toBe(true);
  });

  test('counts in the time of the clock where records have none', () => {
    expect(rolls({ batchTimestampMs: -1, nowMs: 14_000 })).toBe(false);
    expect(rolls({ batchTimestampMs: -1, nowMs: 14_001 })).toBe(true);
    expect(rolls({ firstTimestampMs: -1, nowMs: 14_001 })).toBe(true);
  });

  test('is reached earlier by the jitter', () => {
    expect(rolls({ batchTimestampMs: 13_001 }, { jitterMs: 1000 })).toBe(true);
  });

  test('does not matter without a limit', () => {
    const limits = { segmentMs: Number.POSITIVE_INFINITY };
    expect(rolls({ batchTimestampMs: 2 ** 53 }, limits)).toBe(false);
  });
});

test('timestamps that no number holds are no milliseconds: age is counted from the append', () => {
  const first = 1_800_000_000_000_000_000n;
  const times = { firstTimestampMs: first, batchTimestampMs: first + 60_000_000_000n };
  expect(rolls({ ...times, nowMs: 14_000 })).toBe(false);
  expect(rolls({ ...times, nowMs: 14_001 })).toBe(true);
});
