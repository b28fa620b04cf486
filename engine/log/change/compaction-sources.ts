import { timestampNumber } from '../../batch/timestamp.js';
import type { CompactionSegment } from '../../maintenance/compaction-policy.js';
import type { Segment } from '../segments/segment.js';
import type { SegmentList } from '../segments/segment-list.js';
import { readFirstTimestamp } from '../segments/wake-segment.js';
import type { LogContext } from '../shared/log-context.js';
import { knownNewestMs } from './retain.js';

/** The log whose sealed segments are looked at. */
interface SealedLog {
  readonly context: LogContext;
  readonly segments: SegmentList;
}

/** A live segment with its end. */
export interface Source extends CompactionSegment {
  readonly segment: Segment;
  /** How often it was cut when the pass began. */
  readonly cuts: number;
}

/**
 * Calls `look` for each segment but the active one, oldest first, in slices, until that returns
 * false.
 */
export async function eachSealed(
  { context, segments }: SealedLog,
  look: (source: Source) => boolean | Promise<boolean>,
): Promise<void> {
  const work = context.slices.begin();
  let segment = segments.first;
  while (segment) {
    const current: Segment = segment;
    const next = segments.after(current);
    if (next === undefined) return;
    const looked = look(sourceOf(current, next.baseOffset));
    if (!(typeof looked === 'boolean' ? looked : await looked)) return;
    const pause = work.did(1);
    if (pause !== null) await pause;
    segment = segments.after(current);
  }
}

function sourceOf(segment: Segment, endOffset: number): Source {
  return {
    segment,
    cuts: segment.cuts,
    baseOffset: segment.baseOffset,
    endOffset,
    sizeBytes: segment.size,
    newestMs: () => knownNewestMs(segment) ?? Number.POSITIVE_INFINITY,
    firstMs: () => firstMs(segment),
  };
}

/** When the first batch was made; where it does not say, when the segment was begun. */
export function firstMs(segment: Segment): number {
  if (segment.noted.firstTimestampMs < 0 && segment.writtenSize > 0) {
    readFirstTimestamp(segment, segment.writtenSize);
  }
  const { firstTimestampMs } = segment.noted;
  return firstTimestampMs >= 0 ? timestampNumber(firstTimestampMs) : segment.age.createdMs;
}
