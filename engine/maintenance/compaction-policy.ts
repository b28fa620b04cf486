/** A segment that takes no more appends, as compaction sees it; segments come oldest first. */
export interface CompactionSegment {
  readonly baseOffset: number;
  /** Offset behind its last record, exclusive. */
  readonly endOffset: number;
  readonly sizeBytes: number;
  /**
   * Its largest timestamp, or the time of its last change where no record has one. Asked only where
   * a lag is set.
   */
  newestMs(): number;
  /**
   * The largest timestamp of its first batch, or the time at which it was begun. Asked only where a
   * largest lag is set.
   */
  firstMs(): number;
}

export interface CompactionLimits {
  /** Everything below it was compacted before. */
  readonly cleanedOffset: number;
  /**
   * Only segments that end at or below it are compacted: they are committed and belong to no open
   * transaction.
   */
  readonly boundOffset: number;
  readonly logStartOffset: number;
  readonly nowMs: number;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
  /** Dirty segments of one pass. */
  readonly dirtySegmentsMax: number;
}

/** The segments that may be compacted now. */
export interface CompactionPlan {
  /** Keys are looked at from this offset on; records below it are only rewritten. */
  readonly firstDirtyOffset: number;
  /** How far compaction may go, exclusive: the end of a segment. */
  readonly endOffset: number;
  readonly dirtyBytes: number;
  /** Dirty bytes divided by all bytes that would be rewritten. */
  readonly dirtyRatio: number;
  /** Whether a dirty record is older than `max.compaction.lag.ms` allows. */
  readonly isOverdue: boolean;
}

/**
 * Plans a compaction from segments that are added one by one, oldest first, without the active one.
 */
export class CompactionPlanning {
  readonly #limits: CompactionLimits;
  readonly #firstDirtyOffset: number;
  #cleanBytes = 0;
  #dirtyBytes = 0;
  #dirtyCount = 0;
  #endOffset: number;
  #isOverdue = false;

  constructor(limits: CompactionLimits) {
    this.#limits = limits;
    this.#firstDirtyOffset = Math.max(limits.cleanedOffset, limits.logStartOffset);
    this.#endOffset = this.#firstDirtyOffset;
  }

  /** Adds a segment. False when neither this segment nor any behind it is compacted now. */
  add(segment: CompactionSegment): boolean {
    const { nowMs, minCompactionLagMs, maxCompactionLagMs, dirtySegmentsMax } = this.#limits;
    if (segment.endOffset > this.#limits.boundOffset) return false;
    if (segment.endOffset <= this.#firstDirtyOffset) {
      this.#cleanBytes += segment.sizeBytes;
      return true;
    }
    if (this.#dirtyCount === dirtySegmentsMax) return false;
    if (minCompactionLagMs > 0 && segment.newestMs() > nowMs - minCompactionLagMs) return false;
    if (maxCompactionLagMs !== Number.POSITIVE_INFINITY) {
      this.#isOverdue ||= segment.firstMs() < nowMs - maxCompactionLagMs;
    }
    this.#dirtyCount++;
    this.#dirtyBytes += segment.sizeBytes;
    this.#endOffset = segment.endOffset;
    return true;
  }

  /** The plan; null when nothing that may be compacted is dirty. */
  get plan(): CompactionPlan | null {
    const dirtyBytes = this.#dirtyBytes;
    if (dirtyBytes === 0) return null;
    return {
      firstDirtyOffset: this.#firstDirtyOffset,
      endOffset: this.#endOffset,
      dirtyBytes,
      dirtyRatio: dirtyBytes / (this.#cleanBytes + dirtyBytes),
      isOverdue: this.#isOverdue,
    };
  }
}

/**
 * Whether a compaction is worth its cost: more than `min.cleanable.dirty.ratio` is dirty, or a
 * record has waited too long.
 */
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
 * Groups of neighbours that become one segment each. They are judged by their present sizes, so
 * that the result keeps to `segment.bytes`, `segment.index.bytes` and the reach of a relative
 * offset even if no record is removed. Each segment is in one group, in order.
 */
export function* groupSegments<
  Segment extends Pick<CompactionSegment, 'baseOffset' | 'endOffset' | 'sizeBytes'>,
>(segments: readonly Segment[], limits: GroupLimits): Generator<Segment[]> {
  const entryEveryBytes = Math.max(limits.indexIntervalBytes, BATCH_BYTES_MIN);
  const indexedBytesMax = (limits.segmentIndexBytes / INDEX_ENTRY_BYTES) * entryEveryBytes;
  const bytesMax = Math.min(limits.segmentBytes, indexedBytesMax, INT32_MAX);
  let group: Segment[] = [];
  let bytes = 0;
  for (const segment of segments) {
    const fits =
      bytes + segment.sizeBytes <= bytesMax &&
      segment.endOffset - 1 - (group[0] ?? segment).baseOffset <= INT32_MAX;
    if (!fits && group.length > 0) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(segment);
    bytes += segment.sizeBytes;
  }
  if (group.length > 0) yield group;
}
