import { batchSize, HEADER_SIZE, lastOffset, PREFIX_SIZE } from '../../batch/header.js';
import { scanBatchAt } from '../../batch/validate.js';
import { LIMITS } from '../../limits.js';
import { type Readable, showsDamage } from './tail-evidence.js';

/** How a scan of a segment's tail ended. */
export interface TailScan {
  /** Position behind the last whole batch. */
  readonly end: number;
  /** Offset behind the last whole batch. */
  readonly endOffset: number;
  /**
   * 'whole': no bytes are left. 'torn': an unfinished write is left. 'damaged': good bytes have
   * changed (`tail-evidence.ts`).
   */
  readonly verdict: 'whole' | 'torn' | 'damaged';
}

/**
 * Reads whole batches, CRC and all, from `from` to the end of the file at `size`. Every batch must
 * continue the offsets, as `fits` says: the first one begins at or above `expectedOffset`. Memory
 * is bounded by the larger of 1 MiB and the largest batch.
 */
export async function scanTail(
  file: Readable,
  from: number,
  size: number,
  expectedOffset: number,
  fits: (bytes: Buffer, at: number, expectedOffset: number) => boolean,
  visit: (bytes: Buffer, at: number, size: number) => void,
): Promise<TailScan> {
  let window = Buffer.allocUnsafe(Math.max(0, Math.min(LIMITS.recoveryReadBytes, size - from)));
  let windowFrom = from;
  let filled = await file.read(window, from);
  let position = from;
  let offset = expectedOffset;
  while (position < size) {
    const at = position - windowFrom;
    const scanned = scanBatchAt(window, at, filled - at);
    if (typeof scanned === 'number' && fits(window, at, offset)) {
      visit(window, at, scanned);
      offset = lastOffset(window, at) + 1;
      position += scanned;
      continue;
    }
    const moreToRead = windowFrom + filled < size;
    if (scanned === 'incomplete' && moreToRead) {
      const wanted = filled - at >= PREFIX_SIZE ? batchSize(window, at) : HEADER_SIZE;
      // A length that reaches beyond the file is damage or a tear; it is no reason to read.
      if (position + wanted <= size) {
        window = Buffer.allocUnsafe(
          Math.min(Math.max(LIMITS.recoveryReadBytes, wanted), size - position),
        );
        windowFrom = position;
        filled = await file.read(window, position);
        if (filled >= wanted) continue;
      }
    }
    const isDamage = await showsDamage(file, position, size, offset);
    return { end: position, endOffset: offset, verdict: isDamage ? 'damaged' : 'torn' };
  }
  return { end: position, endOffset: offset, verdict: 'whole' };
}
