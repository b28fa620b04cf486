import {
  baseOffset,
  batchSize,
  HEADER_SIZE,
  lastOffset,
  MAGIC_AT,
  MAGIC_V2,
  PREFIX_SIZE,
} from '../batch/header.js';
import { scanBatchAt } from '../batch/validate.js';
import type { LogFile } from '../disk/log-file.js';

/** How a scan of a segment's tail ended. */
export interface TailScan {
  /** Position behind the last whole batch. */
  readonly end: number;
  /** Offset behind the last whole batch. */
  readonly endOffset: number;
  /** 'whole': nothing is left. 'torn': no whole batch follows. 'damaged': one does, so bytes that were good have changed. */
  readonly verdict: 'whole' | 'torn' | 'damaged';
}

const CHUNK_BYTES = 1024 * 1024;

/**
 * Reads whole batches, CRC and all, from `from` to the end of the file at `size`. Every batch must continue the offsets: the first one begins at
 * or above `expectedOffset`. Memory is bounded by the larger of 1 MiB and the largest batch.
 */
export async function scanTail(
  file: LogFile,
  from: number,
  size: number,
  expectedOffset: number,
  visit: (bytes: Buffer, at: number, size: number) => void,
): Promise<TailScan> {
  let window = Buffer.allocUnsafe(Math.max(0, Math.min(CHUNK_BYTES, size - from)));
  let windowFrom = from;
  let filled = await file.read(window, from);
  let position = from;
  let offset = expectedOffset;
  while (position < size) {
    const at = position - windowFrom;
    const scanned = scanBatchAt(window, at, filled - at);
    if (typeof scanned === 'number' && baseOffset(window, at) >= offset) {
      visit(window, at, scanned);
      offset = lastOffset(window, at) + 1;
      position += scanned;
      continue;
    }
    const moreToRead = windowFrom + filled < size;
    if (scanned === 'incomplete' && moreToRead) {
      const wanted = filled - at >= PREFIX_SIZE ? batchSize(window, at) : HEADER_SIZE;
      // A length that reaches beyond the file is damage or a tear; it is not worth reading for.
      if (position + wanted <= size) {
        window = Buffer.allocUnsafe(Math.min(Math.max(CHUNK_BYTES, wanted), size - position));
        windowFrom = position;
        filled = await file.read(window, position);
        if (filled >= wanted) continue;
      }
    }
    const later = await hasBatchBehind(file, position + 1, size, offset);
    return { end: position, endOffset: offset, verdict: later ? 'damaged' : 'torn' };
  }
  return { end: position, endOffset: offset, verdict: 'whole' };
}

/** Whether a whole batch at or above `offset` begins anywhere from `from` on. Tries every byte; only what looks like a header is checked further. */
export async function hasBatchBehind(
  file: LogFile,
  from: number,
  size: number,
  offset: number,
): Promise<boolean> {
  const window = Buffer.allocUnsafe(CHUNK_BYTES + HEADER_SIZE);
  for (let windowFrom = from; windowFrom + HEADER_SIZE <= size; windowFrom += CHUNK_BYTES) {
    const filled = await file.read(
      window.subarray(0, Math.min(window.length, size - windowFrom)),
      windowFrom,
    );
    const last = Math.min(CHUNK_BYTES, filled - HEADER_SIZE + 1);
    for (let at = 0; at < last; at++) {
      if (window[at + MAGIC_AT] !== MAGIC_V2) continue;
      const claimed = batchSize(window, at);
      if (claimed < HEADER_SIZE || windowFrom + at + claimed > size) continue;
      const base = baseOffset(window, at);
      if (base < offset || base > offset + 2 ** 31) continue;
      const batch = Buffer.allocUnsafe(claimed);
      const got = await file.read(batch, windowFrom + at);
      if (got === claimed && scanBatchAt(batch, 0, claimed) === claimed) return true;
    }
    if (filled < window.length) break;
  }
  return false;
}
