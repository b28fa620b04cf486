import { crc32c } from '../../batch/crc32c.js';
import {
  ATTRIBUTES_AT,
  baseOffset,
  batchSize,
  crc,
  HEADER_SIZE,
  lastOffset,
  MAGIC_AT,
  MAGIC_V2,
  magic,
} from '../../batch/header.js';
import { LIMITS } from '../../limits.js';

/** The part of a file's interface that is used here; positions are bytes in the file. */
export interface Readable {
  /** Reads up to `into.length` bytes; returns the count, less only at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>;
}

/** Bytes of a header up to its magic, by which a header is recognized. */
const HEAD_BYTES = MAGIC_AT + 1;

/**
 * Whether the bytes from `from` up to `size` (exclusive), where a scan has found no batch that
 * continues the log at `offset`, hold a batch that was whole once: then bytes have changed there,
 * and the tail is not merely torn. That is so when
 *
 * - the batch at `from` is whole but for fields outside its checksum: base offset, length, magic;
 * - a whole batch at or above `offset` lies behind it. Bytes within the length that a torn batch
 *   claims belong to it: a value may hold batches.
 *
 * Reads every byte a bounded number of times; where that is not enough to decide, the answer is
 * yes, since then nothing is cut.
 */
export async function showsDamage(
  file: Readable,
  from: number,
  size: number,
  offset: number,
): Promise<boolean> {
  const header = Buffer.allocUnsafe(HEADER_SIZE);
  for (let position = from; position + HEADER_SIZE <= size; position += batchSize(header)) {
    if ((await file.read(header, position)) < HEADER_SIZE) return false;
    const isFirst = position === from;
    const isHeader = magic(header) === MAGIC_V2 && continues(baseOffset(header), offset);
    if ((isFirst || isHeader) && (await fitsItsLength(file, position, size, header))) return true;
    if (isHeader && isFirst && (await fitsAnotherLength(file, position, size, header))) return true;
    if (!isHeader || batchSize(header) < HEADER_SIZE) {
      return holdsBatch(file, position + 1, size, offset);
    }
  }
  return false;
}

/**
 * Whether a batch with that base offset may follow in a log that goes on at `offset`. Beyond 2^53
 * there are no offsets.
 */
export function continues(base: number, offset: number): boolean {
  return base >= offset && base !== Number.POSITIVE_INFINITY;
}

async function fitsItsLength(
  file: Readable,
  position: number,
  size: number,
  header: Buffer,
): Promise<boolean> {
  const claimed = batchSize(header);
  if (claimed < HEADER_SIZE || position + claimed > size) return false;
  return (await checksum(file, position + ATTRIBUTES_AT, position + claimed)) === crc(header);
}

/**
 * Whether the batch at `position` would be whole with a length other than the one it claims: one
 * that leads to a header with later offsets, to the first bytes of one, or to the end of the file.
 */
async function fitsAnotherLength(
  file: Readable,
  position: number,
  size: number,
  header: Buffer,
): Promise<boolean> {
  const stored = crc(header);
  const nextOffset = lastOffset(header) + 1;
  let windowFrom = position + ATTRIBUTES_AT;
  const windowMax = LIMITS.recoveryReadBytes + HEAD_BYTES;
  const window = Buffer.allocUnsafe(Math.min(windowMax, size - windowFrom));
  let sum = 0;
  let summed = windowFrom;
  const matchesUpTo = (end: number): boolean => {
    sum = crc32c(window.subarray(summed - windowFrom, end - windowFrom), sum);
    summed = end;
    return sum === stored;
  };
  for (let isLast = false; !isLast; windowFrom += LIMITS.recoveryReadBytes) {
    const wanted = Math.min(window.length, size - windowFrom);
    const filled = await file.read(window.subarray(0, wanted), windowFrom);
    isLast = windowFrom + filled >= size || filled < wanted;
    const windowEnd = windowFrom + (isLast ? filled : LIMITS.recoveryReadBytes);
    for (let end = Math.max(windowFrom, position + HEADER_SIZE); end <= windowEnd; end++) {
      const at = end - windowFrom;
      const mayEnd =
        at + HEAD_BYTES <= filled
          ? window[at + MAGIC_AT] === MAGIC_V2 && continues(baseOffset(window, at), nextOffset)
          : isLast;
      if (mayEnd && matchesUpTo(end)) return true;
    }
    matchesUpTo(windowEnd);
  }
  return false;
}

/**
 * Whether a whole batch at or above `offset` begins anywhere from `from` on. Tries every byte; only
 * bytes that look like a header are checked further.
 */
export async function holdsBatch(
  file: Readable,
  from: number,
  size: number,
  offset: number,
): Promise<boolean> {
  let checkable = (size - from) * LIMITS.recoveryCheckedTimesMax;
  const windowMax = LIMITS.recoveryReadBytes + HEADER_SIZE;
  const window = Buffer.allocUnsafe(Math.min(windowMax, Math.max(0, size - from)));
  for (
    let windowFrom = from;
    windowFrom + HEADER_SIZE <= size;
    windowFrom += LIMITS.recoveryReadBytes
  ) {
    const filled = await file.read(
      window.subarray(0, Math.min(window.length, size - windowFrom)),
      windowFrom,
    );
    const last = Math.min(LIMITS.recoveryReadBytes, filled - HEADER_SIZE + 1);
    for (let at = 0; at < last; at++) {
      if (window[at + MAGIC_AT] !== MAGIC_V2) continue;
      const claimed = batchSize(window, at);
      const end = windowFrom + at + claimed;
      if (claimed < HEADER_SIZE || end > size) continue;
      if (!continues(baseOffset(window, at), offset)) continue;
      checkable -= claimed;
      if (checkable < 0) return true;
      const sum = await checksum(file, windowFrom + at + ATTRIBUTES_AT, end);
      if (sum === crc(window, at)) return true;
    }
    if (filled < window.length) break;
  }
  return false;
}

/**
 * CRC-32C of the bytes from `from` up to `end` (exclusive), piece by piece; -1 where the file ends
 * before.
 */
async function checksum(file: Readable, from: number, end: number): Promise<number> {
  const chunk = Buffer.allocUnsafe(Math.min(LIMITS.recoveryReadBytes, end - from));
  let sum = 0;
  for (let position = from; position < end; ) {
    const wanted = Math.min(chunk.length, end - position);
    const count = await file.read(chunk.subarray(0, wanted), position);
    if (count === 0) return -1;
    sum = crc32c(chunk.subarray(0, count), sum);
    position += count;
  }
  return sum;
}
