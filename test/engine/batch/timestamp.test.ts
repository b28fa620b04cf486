import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addToTimestamp,
  isTimestamp,
  laterTimestamp,
  readTimestamp,
  timestampDelta,
  timestampDistance,
  timestampNumber,
  timestampOf,
  writeTimestamp,
} from '../../../engine/batch/timestamp.js';

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const edges = fc
  .tuple(fc.constantFrom(0n, 2n ** 53n, -(2n ** 53n), INT64.min, INT64.max), fc.bigInt(-3n, 3n))
  .map(([edge, delta]) => BigInt.asIntN(64, edge + delta));
const exact = fc.oneof(edges, fc.bigInt(INT64), fc.bigInt(-(2n ** 42n), 2n ** 42n));

test('every int64 has one form, and is written as it was read', () => {
  fc.assert(
    fc.property(exact, (value) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64BE(value);
      const timestamp = readTimestamp(bytes, 0);
      expect(timestamp).toBe(timestampOf(value));
      expect(BigInt(timestamp)).toBe(value);
      expect(typeof timestamp === 'number').toBe(Number.isSafeInteger(Number(value)));
      expect(isTimestamp(timestamp)).toBe(true);
      const again = Buffer.alloc(8);
      writeTimestamp(again, 0, timestamp);
      expect(again).toEqual(bytes);
    }),
    { numRuns: 1000 },
  );
  for (const wrong of [1.5, Number.NaN, 2 ** 53, 5n, 2n ** 63n]) {
    expect(isTimestamp(wrong)).toBe(false);
  }
});

test('sums and differences are those of int64, and undo each other', () => {
  fc.assert(
    fc.property(exact, exact, (a, b) => {
      const [first, second] = [timestampOf(a), timestampOf(b)];
      expect(addToTimestamp(first, second)).toBe(timestampOf(BigInt.asIntN(64, a + b)));
      const delta = timestampDelta(first, second);
      expect(addToTimestamp(second, delta)).toBe(first);
      expect(laterTimestamp(first, second)).toBe(a > b ? first : second);
      expect(Math.sign(timestampDistance(first, second))).toBe(a > b ? 1 : a < b ? -1 : 0);
    }),
    { numRuns: 1000 },
  );
});

test('what a number does not hold is infinite, never rounded', () => {
  expect(timestampNumber(5)).toBe(5);
  expect(timestampNumber(2n ** 53n)).toBe(Number.POSITIVE_INFINITY);
  expect(timestampNumber(-(2n ** 53n))).toBe(Number.NEGATIVE_INFINITY);
});
