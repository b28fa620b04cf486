/** Signed 64-bit numbers, big-endian, as JavaScript numbers. */

import { assert } from '../assert.js';

const TWO_POW_32 = 0x1_0000_0000;
/** A high word at or above this (or below its negation) is a value beyond ±2^53. */
const UNSAFE_HIGH_WORD = 0x20_0000;

/**
 * The signed 64-bit number at `at`, exact within ±(2^53 - 1). A value outside is returned as
 * `Infinity` or `-Infinity`, never rounded, so that every comparison with a bound refuses it.
 */
export function readInt64(buffer: Buffer, at: number): number {
  const high = buffer.readInt32BE(at);
  if (high >= UNSAFE_HIGH_WORD) return Number.POSITIVE_INFINITY;
  if (high < -UNSAFE_HIGH_WORD) return Number.NEGATIVE_INFINITY;
  const value = high * TWO_POW_32 + buffer.readUInt32BE(at + 4);
  return value === -(2 ** 53) ? Number.NEGATIVE_INFINITY : value;
}

/** Writes a signed 64-bit number; `value` must be a safe integer. */
export function writeInt64(buffer: Buffer, at: number, value: number): void {
  assert(Number.isSafeInteger(value), 'an int64 written must be a safe integer');
  const high = Math.floor(value / TWO_POW_32);
  buffer.writeInt32BE(high, at);
  buffer.writeUInt32BE(value - high * TWO_POW_32, at + 4);
}
