import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timestampOf } from '../../../../engine/batch/timestamp.js';
import { TimeIndex } from '../../../../engine/log/segments/time-index.js';

const entries = fc
  .uniqueArray(fc.nat(2 ** 50), { maxLength: 60 })
  .map((times) =>
    [...times].sort((a, b) => a - b).map((timestampMs, at) => ({ timestampMs, offset: at * 3 })),
  );

function indexOf(list: readonly { timestampMs: number; offset: number }[]): TimeIndex {
  const index = TimeIndex.empty();
  for (const { timestampMs, offset } of list) index.maybeAppend(timestampMs, offset);
  return index;
}

test('an entry is a big-endian int64 timestamp and an int32 relative offset', () => {
  const index = indexOf([{ timestampMs: 1_767_225_600_000, offset: 258 }]);
  expect(index.encode().toString('hex')).toBe('0000019b76daa80000000102');
});

test('a timestamp that is not newer earns no entry', () => {
  const index = indexOf([{ timestampMs: 100, offset: 1 }]);
  expect(index.maybeAppend(100, 2)).toBe(false);
  expect(index.maybeAppend(99, 3)).toBe(false);
  expect(index.maybeAppend(101, 4)).toBe(true);
  expect(index.count).toBe(2);
});

test('a lookup finds the last entry below, as a search through all of them does', () => {
  fc.assert(
    fc.property(entries, fc.nat(2 ** 50), (list, wanted) => {
      const expected = list.findLastIndex((entry) => entry.timestampMs < wanted);
      expect(indexOf(list).lastBelow(wanted)).toBe(expected);
    }),
  );
});

test('what was encoded is decoded, whole or from some entry on', () => {
  fc.assert(
    fc.property(entries, fc.nat(60), (list, from) => {
      const index = indexOf(list);
      expect(TimeIndex.decode(index.encode())?.encode()).toEqual(index.encode());
      const start = Math.min(from, list.length);
      expect(index.encode(start)).toEqual(index.encode().subarray(start * 12));
      expect(index.encode(0, start)).toEqual(index.encode().subarray(0, start * 12));
    }),
  );
});

describe('bytes that are no time index', () => {
  test.each([
    ['a part of an entry', '00000000000000640000000100'],
    ['a timestamp that does not rise', '000000000000006400000001000000000000006400000002'],
    ['an offset that does not rise', '000000000000006400000002000000000000006500000002'],
    ['a negative offset', '0000000000000064ffffffff'],
  ])('%s', (_what, hex) => {
    expect(TimeIndex.decode(Buffer.from(hex, 'hex'))).toBeNull();
  });
});

test('every int64 is kept to its last digit, below and beyond 2^53', () => {
  const rising = [-(2n ** 63n), -(2n ** 53n) - 1n, -(2n ** 53n), -1n, 2n ** 53n - 1n, 2n ** 53n]
    .concat([1_800_000_000_000_000_001n, 1_800_000_000_000_000_002n, 2n ** 63n - 1n])
    .map(timestampOf);
  const index = TimeIndex.empty();
  for (const [at, timestamp] of rising.entries()) {
    expect(index.maybeAppend(timestamp, at)).toBe(true);
    expect(index.maybeAppend(timestamp, at)).toBe(false);
  }
  const decoded = TimeIndex.decode(index.encode())!;
  for (const [at, timestamp] of rising.entries()) {
    expect(decoded.timestampAt(at)).toBe(timestamp);
    expect(decoded.lastBelow(timestamp)).toBe(at - 1);
  }
});
