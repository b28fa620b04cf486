import { HEADER_SIZE } from '../../batch/header.js';
import { LIMITS } from '../../limits.js';
import { corruptAt } from '../segments/corrupt-at.js';
import { HeaderOrder } from '../segments/header-order.js';
import { walkHeaders } from '../segments/header-walk.js';
import { isMissingBehind } from '../segments/missing-segments.js';
import type { OffsetIndex } from '../segments/offset-index.js';
import type { Segment } from '../segments/segment.js';
import type { LogPosition } from '../state/offset-tracker.js';
import { type FoundBatch, foundAt } from './read-hints.js';
import type { ReadableLog } from './readable-log.js';

const order = new HeaderOrder();

/** The place where a reader of records goes on from a batch without records. */
export interface PassedBatches {
  /**
   * The next batch with records; where none follows, or where this look ended, the last batch
   * without records.
   */
  readonly batch: FoundBatch;
  /**
   * No record lies between the first batch and this offset (exclusive). The offset of the limit
   * where no record follows.
   */
  readonly emptyUpTo: number;
}

/**
 * Skips batches that compaction has left without records, in this segment and in later ones, up to
 * `limit`: some clients never get past an answer that holds only such batches. Looks at
 * `LIMITS.emptyBatchesPassed` headers at most and remembers where it was, so that the next read
 * goes on there.
 *
 * @throws EngineError CORRUPT_BATCH
 */
export function passEmptyBatches(
  log: ReadableLog,
  first: FoundBatch,
  limit: LogPosition,
): PassedBatches {
  let last = log.readHints.furthestBehind(first) ?? first;
  let left = LIMITS.emptyBatchesPassed;
  let from = last.position + last.size;
  for (let segment: Segment | undefined = last.segment; segment; ) {
    const current: Segment = segment;
    if (current.baseOffset > limit.segmentBase) break;
    const isLimit = current.baseOffset === limit.segmentBase;
    const end = isLimit ? limit.position : current.writtenSize;
    let found: FoundBatch | null = null;
    const stopped = walkHeaders(
      current.file,
      from,
      Math.min(end, current.damagedFrom),
      order.begin(current, from === 0 ? current.baseOffset : last.lastOffset + 1, log.epochs),
      (header) => {
        const batch = foundAt(current, header);
        if (batch.isEmpty) last = batch;
        else found = batch;
        return found !== null || --left === 0;
      },
    );
    if (found !== null) return { batch: found, emptyUpTo: (found as FoundBatch).baseOffset };
    if (left > 0 && stopped < end) throw corruptAt(log, current, stopped, order.next);
    if (left < 1) break;
    segment = log.segments.after(current);
    from = 0;
    // The read that goes on behind the last batch reports it.
    const endOffset = last.lastOffset + 1;
    if (segment && isMissingBehind(endOffset, segment.baseOffset, log.offsets.logStart)) {
      return { batch: last, emptyUpTo: endOffset };
    }
  }
  log.readHints.noteBehind(first, last);
  return { batch: last, emptyUpTo: left > 0 ? limit.offset : last.lastOffset + 1 };
}

/**
 * The end of a slice from `first` to `end` such that no batch without records lies between batches
 * that have some: kafka-go ends the program that reads one. The index shows it: it has an entry for
 * such a batch, which is only a header, and one for the batch behind it.
 */
export function endBeforeEmpty(log: ReadableLog, first: FoundBatch, end: number): number {
  const { segment } = first;
  const firstEnd = first.position + first.size;
  if (first.isEmpty) return firstEnd;
  // Compaction never rewrites the segment that takes appends, but a leader's batches may be empty.
  const isActive = segment === log.segments.active;
  if (end <= firstEnd || (isActive && segment.isGapless)) return end;
  const { offsets } = log.context.indexCache.of(segment, log.settings.indexIntervalBytes);
  for (let slot = offsets.floorByPosition(firstEnd - 1) + 1; slot < offsets.count; slot++) {
    const position = offsets.positionAt(slot);
    if (position >= end) break;
    const next = slot + 1 < offsets.count ? offsets.positionAt(slot + 1) : segment.writtenSize;
    if (next - position === HEADER_SIZE && isEmptyAt(segment, position, offsets, slot)) {
      return position;
    }
  }
  return end;
}

/** Whether the index entry is right, and its batch has no records. */
function isEmptyAt(
  segment: Segment,
  position: number,
  offsets: OffsetIndex,
  slot: number,
): boolean {
  let isEmpty = false;
  walkHeaders(segment.file, position, segment.writtenSize, null, (header) => {
    const isEntry = header.lastOffset - segment.baseOffset === offsets.relativeOffsetAt(slot);
    isEmpty = isEntry && foundAt(segment, header).isEmpty;
    return true;
  });
  return isEmpty;
}
