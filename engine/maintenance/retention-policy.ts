/** What retention looks at: the oldest segment of a log, then the next. */
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
  /** Nothing at or above it goes. */
  readonly highWatermark: number;
  /** What lies wholly below it goes. */
  readonly logStart: number;
}

/**
 * Why a segment goes: nobody reads it any more, its newest record is too old, or the log is too
 * large.
 */
export type RetentionReason = 'start' | 'time' | 'size';

/**
 * Why the oldest segment of a log of `logBytes` bytes goes; null when it stays, and then all behind
 * it stay too, as does what is not committed. 'unknown': that depends on its newest time, which is
 * to be read first.
 */
export function retentionReason(
  segment: RetentionSegment,
  logBytes: number,
  limits: RetentionLimits,
): RetentionReason | 'unknown' | null {
  if (segment.endOffset > limits.highWatermark || segment.sizeBytes === 0) return null;
  if (segment.endOffset <= limits.logStart) return 'start';
  // What is left is to be no less than asked for.
  if (logBytes - segment.sizeBytes >= limits.retentionBytes) return 'size';
  if (limits.retentionMs === Number.POSITIVE_INFINITY) return null;
  const newestMs = segment.newestMs();
  if (newestMs === null) return 'unknown';
  return limits.nowMs - newestMs > limits.retentionMs ? 'time' : null;
}
