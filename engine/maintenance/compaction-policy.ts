/** What compaction looks at: a segment that takes no more appends, oldest first. */
export interface CompactionSegment {
  readonly baseOffset: number;
  /** Offset behind its last record, exclusive. */
  readonly endOffset: number;
  readonly sizeBytes: number;
  /** Its largest timestamp, or the time of its last change where no record has one. Asked only where a lag is set: it may have to be read. */
  newestMs(): number;
  /** The largest timestamp of its first batch, or the time at which it was begun. Asked only where a largest lag is set. */
  firstMs(): number;
}

export interface CompactionLimits {
  /** Everything below it was compacted before. */
  readonly cleanedOffset: number;
  /** Only segments that end at or below it: what is committed and belongs to no open transaction. */
  readonly boundOffset: number;
  readonly logStartOffset: number;
  readonly nowMs: number;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
}

/** What there is to compact. */
export interface CompactionPlan {
  /** From here on keys are looked at; what lies below is only rewritten. */
  readonly firstDirtyOffset: number;
  /** How far compaction may go, exclusive: the end of a segment. */
  readonly endOffset: number;
  readonly dirtyBytes: number;
  /** Dirty bytes by all bytes that would be rewritten. */
  readonly dirtyRatio: number;
  /** Whether something dirty is older than `max.compaction.lag.ms` allows. */
  readonly isOverdue: boolean;
}

/** Null when nothing is dirty that may be compacted. `segments` are without the active one. */
export function planCompaction(
  segments: readonly CompactionSegment[],
  limits: CompactionLimits,
): CompactionPlan | null {
  const { nowMs, minCompactionLagMs, maxCompactionLagMs } = limits;
  const firstDirtyOffset = Math.max(limits.cleanedOffset, limits.logStartOffset);
  let cleanBytes = 0;
  let dirtyBytes = 0;
  let endOffset = firstDirtyOffset;
  let isOverdue = false;
  for (const segment of segments) {
    if (segment.endOffset > limits.boundOffset) break;
    if (segment.endOffset <= firstDirtyOffset) {
      cleanBytes += segment.sizeBytes;
      continue;
    }
    if (minCompactionLagMs > 0 && segment.newestMs() > nowMs - minCompactionLagMs) break;
    if (maxCompactionLagMs !== Number.POSITIVE_INFINITY) {
      isOverdue ||= segment.firstMs() < nowMs - maxCompactionLagMs;
    }
    dirtyBytes += segment.sizeBytes;
    endOffset = segment.endOffset;
  }
  if (dirtyBytes === 0) return null;
  const dirtyRatio = dirtyBytes / (cleanBytes + dirtyBytes);
  return { firstDirtyOffset, endOffset, dirtyBytes, dirtyRatio, isOverdue };
}

/** Whether it is worth it: more than `min.cleanable.dirty.ratio` is dirty, or something has waited too long. */
export function isCompactionDue(plan: CompactionPlan, minCleanableDirtyRatio: number): boolean {
  return plan.isOverdue || plan.dirtyRatio > minCleanableDirtyRatio;
}

export interface GroupLimits {
  readonly segmentBytes: number;
  readonly segmentIndexBytes: number;
  readonly indexIntervalBytes: number;
}

const INT32_MAX = 2 ** 31 - 1;
const BATCH_BYTES_MIN = 61;
/** The larger of the two kinds of index entry. */
const INDEX_ENTRY_BYTES = 12;

/**
 * Which neighbours become one segment. Judged by what they are now, so that the result keeps to `segment.bytes`, `segment.index.bytes` and
 * the reach of a relative offset even if nothing goes. Each segment is in one group, in order.
 */
export function groupSegments<
  Segment extends Pick<CompactionSegment, 'baseOffset' | 'endOffset' | 'sizeBytes'>,
>(segments: readonly Segment[], limits: GroupLimits): Segment[][] {
  const entryEveryBytes = Math.max(limits.indexIntervalBytes, BATCH_BYTES_MIN);
  const indexedBytesMax = (limits.segmentIndexBytes / INDEX_ENTRY_BYTES) * entryEveryBytes;
  const bytesMax = Math.min(limits.segmentBytes, indexedBytesMax, INT32_MAX);
  const groups: Segment[][] = [];
  let bytes = 0;
  for (const segment of segments) {
    const group = groups.at(-1);
    const fits =
      group !== undefined &&
      bytes + segment.sizeBytes <= bytesMax &&
      segment.endOffset - 1 - group[0]!.baseOffset <= INT32_MAX;
    if (fits) {
      group.push(segment);
      bytes += segment.sizeBytes;
    } else {
      groups.push([segment]);
      bytes = segment.sizeBytes;
    }
  }
  return groups;
}
