/**
 * Timestamps of records, as exact as they came. They are int64: mostly milliseconds, but
 * nanoseconds and years before 1970 are taken where a topic allows them, and nanoseconds of today
 * lie beyond 2^53.
 */

import { readInt64, writeInt64 } from './int64.js';

/**
 * A number where it is a safe integer, and a bigint only beyond, so that both compare exactly with
 * `<` and `>` and each value has one form. -1 is "none".
 */
export type Timestamp = number | bigint;

/** The int64 at `at`, exact. */
export function readTimestamp(buffer: Buffer, at: number): Timestamp {
  const value = readInt64(buffer, at);
  return Number.isFinite(value) ? value : buffer.readBigInt64BE(at);
}

/** Writes a timestamp as int64. */
export function writeTimestamp(buffer: Buffer, at: number, timestamp: Timestamp): void {
  if (typeof timestamp === 'number') writeInt64(buffer, at, timestamp);
  else buffer.writeBigInt64BE(timestamp, at);
}

/** `timestamp + delta`, wrapped to int64 as Java's is. */
export function addToTimestamp(timestamp: Timestamp, delta: Timestamp): Timestamp {
  if (typeof timestamp === 'number' && typeof delta === 'number') {
    const sum = timestamp + delta;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return timestampOf(BigInt.asIntN(64, BigInt(timestamp) + BigInt(delta)));
}

/** `timestamp - base`, wrapped to int64: what `addToTimestamp` turns back into `timestamp`. */
export function timestampDelta(timestamp: Timestamp, base: Timestamp): Timestamp {
  if (typeof timestamp === 'number' && typeof base === 'number') {
    const difference = timestamp - base;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return timestampOf(BigInt.asIntN(64, BigInt(timestamp) - BigInt(base)));
}

/**
 * How much later `timestamp` is than `other`: exact up to 2^53, and beyond it near enough to
 * compare with a span of time.
 */
export function timestampDistance(timestamp: Timestamp, other: Timestamp): number {
  if (typeof timestamp === 'number' && typeof other === 'number') return timestamp - other;
  return Number(BigInt(timestamp) - BigInt(other));
}

/** The larger of the two. */
export function laterTimestamp(a: Timestamp, b: Timestamp): Timestamp {
  return a > b ? a : b;
}

/** The one form of an int64. */
export function timestampOf(value: bigint): Timestamp {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * As a number, for callers that cannot keep a bigint: ±Infinity beyond ±(2^53 - 1), never rounded.
 */
export function timestampNumber(timestamp: Timestamp): number {
  if (typeof timestamp === 'number') return timestamp;
  return timestamp > 0n ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}

/** Whether it is an int64 in its one form. */
export function isTimestamp(value: Timestamp): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  return !Number.isSafeInteger(Number(value)) && BigInt.asIntN(64, value) === value;
}
