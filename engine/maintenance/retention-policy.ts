/** A segment as retention sees it: the oldest of a log, then the next. */
export interface RetentionSegment {
  readonly sizeBytes: number;
  /**
   * Its largest timestamp, or the time of its last change where no record has one; null while that
   * is to be read.
   */
  newestMs(): number | null;
  /** Offset behind its last record, exclusive. */
  readonly endOffset: number;
}

export interface RetentionLimits {
  readonly retentionMs: number;
  readonly retentionBytes: number;
  readonly nowMs: number;
  /** Nothing at or above it is deleted. */
  readonly highWatermark: number;
  /** Segments wholly below it are deleted. */
  readonly logStart: number;
}

/**
 * Why a segment is deleted: it lies below the log start, its newest record is too old, or the log
 * is too large.
 */
export type RetentionReason = 'start' | 'time' | 'size';

/**
 * Why the oldest segment of a log of `logBytes` bytes is deleted; null when it stays: then all
 * segments behind it stay, too. A segment that is not committed stays. 'unknown': the answer
 * depends on its newest time, which must be read first.
 */
export function retentionReason(
  segment: RetentionSegment,
  logBytes: number,
  limits: RetentionLimits,
): RetentionReason | 'unknown' | null {
  if (segment.endOffset > limits.highWatermark || segment.sizeBytes === 0) return null;
  if (segment.endOffset <= limits.logStart) return 'start';
  // At least as many bytes as asked for must stay.
  if (logBytes - segment.sizeBytes >= limits.retentionBytes) return 'size';
  if (limits.retentionMs === Number.POSITIVE_INFINITY) return null;
  const newestMs = segment.newestMs();
  if (newestMs === null) return 'unknown';
  return limits.nowMs - newestMs > limits.retentionMs ? 'time' : null;
}
