/** What retention looks at, oldest segment first, the active one last. */
export interface RetentionSegment {
  readonly sizeBytes: number;
  /** Its largest timestamp, or the time of its last change where no record has one. Asked only as far as needed: it may have to be read. */
  newestMs(): number;
  /** Offset behind its last record, exclusive. */
  readonly endOffset: number;
}

export interface RetentionLimits {
  readonly retentionMs: number;
  readonly retentionBytes: number;
  readonly nowMs: number;
  /** Nothing at or above it goes. */
  readonly highWatermark: number;
}

/** Why a segment goes: its newest record is too old, or the log is too large. */
export type RetentionReason = 'time' | 'size';

/**
 * Which segments may go, with the reason of each. Always a prefix: by time, those of which the newest record is too old, up to the first that is not; by size,
 * the oldest ones whose loss still leaves `retentionBytes`. Uncommitted segments stay.
 */
export function deletableSegments(
  segments: readonly RetentionSegment[],
  limits: RetentionLimits,
): RetentionReason[] {
  let surplusBytes = segments.reduce(
    (sum, segment) => sum + segment.sizeBytes,
    -limits.retentionBytes,
  );
  const reasons: RetentionReason[] = [];
  for (const segment of segments) {
    if (segment.endOffset > limits.highWatermark || segment.sizeBytes === 0) break;
    const isSurplus = surplusBytes >= segment.sizeBytes;
    const isOld =
      limits.retentionMs !== Number.POSITIVE_INFINITY &&
      limits.nowMs - segment.newestMs() > limits.retentionMs;
    if (!isSurplus && !isOld) break;
    surplusBytes -= segment.sizeBytes;
    reasons.push(isSurplus ? 'size' : 'time');
  }
  return reasons;
}
