import { LIMITS } from '../limits.js';
import { corruptAt } from './corrupt-at.js';
import { walkHeaders } from './header-walk.js';
import type { LogParts } from './log-parts.js';
import type { LogPosition } from './offset-tracker.js';
import { type FoundBatch, foundAt } from './read-hints.js';
import type { Segment } from './segment.js';

/** Where a reader of records goes on from a batch that has none. */
export interface PassedBatches {
  /** The next batch with records; the last one without where none follows, or where this look ended. */
  readonly batch: FoundBatch;
  /** Below this offset (exclusive) lies no record from the first batch on. The limit's where none follows. */
  readonly emptyUpTo: number;
}

/**
 * Passes over batches that compaction has left without records, in this segment and in later ones, up to
 * `limit`: some clients never get past an answer that holds nothing else. Looks at
 * `LIMITS.emptyBatchesPassed` headers at most and remembers where it was, so that the next read goes on there.
 *
 * @throws EngineError CORRUPT_BATCH
 */
export function passEmptyBatches(
  log: LogParts,
  first: FoundBatch,
  limit: LogPosition,
): PassedBatches {
  let last = log.readHints.furthestBehind(first) ?? first;
  let left = LIMITS.emptyBatchesPassed;
  let from = last.position + last.size;
  for (let segment: Segment | undefined = last.segment; segment && left > 0; ) {
    const current: Segment = segment;
    if (current.baseOffset > limit.segmentBase) break;
    const isLimit = current.baseOffset === limit.segmentBase;
    const end = isLimit ? limit.position : current.writtenSize;
    let found: FoundBatch | null = null;
    const stopped = walkHeaders(
      current.file,
      from,
      Math.min(end, current.damagedFrom),
      (header) => {
        const batch = foundAt(current, header);
        if (batch.isEmpty) last = batch;
        else found = batch;
        return found !== null || --left === 0;
      },
    );
    if (found !== null) return { batch: found, emptyUpTo: (found as FoundBatch).baseOffset };
    if (left > 0 && stopped < end) throw corruptAt(log, current, stopped);
    segment = log.segments.after(current);
    from = 0;
  }
  log.readHints.noteBehind(first, last);
  return { batch: last, emptyUpTo: left > 0 ? limit.offset : last.lastOffset + 1 };
}
