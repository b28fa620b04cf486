/**
 * The variable-length integers inside a batch: zigzag, seven bits a byte, least significant first
 * (Protocol Buffers' sint32 and sint64). They are called varint and varlong in Kafka and differ
 * only in how far they may reach.
 */

import { EngineError } from '../errors.js';
import { type Timestamp, timestampOf } from './timestamp.js';

/** A place in bytes that moves as they are read; `end` is exclusive. */
export type Cursor = { readonly bytes: Buffer; position: number; end: number };

const MAX_VARINT_BYTES = 5;
const MAX_VARLONG_BYTES = 10;

/** Reads a 32-bit value. Throws `CORRUPT_BATCH` beyond five bytes or `end`. */
export function readVarint(cursor: Cursor): number {
  const { bytes } = cursor;
  let raw = 0;
  for (let i = 0; i < MAX_VARINT_BYTES && cursor.position < cursor.end; i++) {
    const byte = bytes[cursor.position++]!;
    raw |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return (raw >>> 1) ^ -(raw & 1);
  }
  throw new EngineError('CORRUPT_BATCH', 'a varint is cut off or longer than 32 bits');
}

/** Reads a 64-bit value, exact. Throws `CORRUPT_BATCH` beyond ten bytes or `end`. */
export function readVarlong(cursor: Cursor): Timestamp {
  const { bytes, position: start } = cursor;
  let isNegative = false;
  let magnitude = 0;
  // The lowest bit is the sign, so the first byte carries six bits of the magnitude.
  let scale = 0.5;
  for (let i = 0; i < MAX_VARLONG_BYTES && cursor.position < cursor.end; i++) {
    const byte = bytes[cursor.position++]!;
    if (i === 0) {
      isNegative = (byte & 1) === 1;
      magnitude = (byte & 0x7e) >>> 1;
    } else {
      magnitude += (byte & 0x7f) * scale;
    }
    if (byte < 0x80) {
      const value = isNegative ? -magnitude - 1 : magnitude;
      if (Number.isSafeInteger(value)) return value;
      return readLargeVarlong(bytes.subarray(start, cursor.position));
    }
    scale *= 128;
  }
  throw new EngineError('CORRUPT_BATCH', 'a varlong is cut off or longer than 64 bits');
}

/**
 * A value that a number does not hold exactly. Bits above the sixty-fourth are dropped, as by Java.
 */
function readLargeVarlong(groups: Buffer): Timestamp {
  let raw = 0n;
  for (let i = groups.length - 1; i >= 0; i--) raw = (raw << 7n) | BigInt(groups[i]! & 0x7f);
  raw = BigInt.asUintN(64, raw);
  return timestampOf(BigInt.asIntN(64, (raw >> 1n) ^ -(raw & 1n)));
}

/** Bytes that `value` takes as varlong. */
export function varlongSize(value: Timestamp): number {
  if (typeof value === 'number') return varintSize(value);
  let size = 1;
  for (let rest = zigzag(value) >> 7n; rest > 0n; rest >>= 7n) size++;
  return size;
}

/** Writes `value` as varlong and returns the position behind it. */
export function writeVarlong(buffer: Buffer, at: number, value: Timestamp): number {
  if (typeof value === 'number') return writeVarint(buffer, at, value);
  let position = at;
  let rest = zigzag(value);
  for (; rest > 0x7fn; rest >>= 7n) buffer[position++] = Number(rest & 0x7fn) | 0x80;
  buffer[position++] = Number(rest);
  return position;
}

function zigzag(value: bigint): bigint {
  return BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
}

/** Bytes that `value`, a safe integer, takes as varint or varlong. */
export function varintSize(value: number): number {
  let rest = magnitudeOf(value);
  let size = 1;
  // Six bits fit beside the sign, seven in each byte that follows.
  for (let limit = 64; rest >= limit; limit = 128) {
    rest = Math.floor(rest / limit);
    size++;
  }
  return size;
}

/** Writes `value`, a safe integer, as varint or varlong and returns the position behind it. */
export function writeVarint(buffer: Buffer, at: number, value: number): number {
  let rest = magnitudeOf(value);
  let position = at;
  let group = (rest % 64) * 2 + (value < 0 ? 1 : 0);
  rest = Math.floor(rest / 64);
  while (rest > 0) {
    buffer[position++] = group | 0x80;
    group = rest % 128;
    rest = Math.floor(rest / 128);
  }
  buffer[position++] = group;
  return position;
}

/** 0, 1, 2 for 0, 1, 2 and for -1, -2, -3: zigzag without its sign bit. */
function magnitudeOf(value: number): number {
  return value < 0 ? -value - 1 : value;
}
