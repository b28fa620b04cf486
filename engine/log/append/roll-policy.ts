import type { Timestamp } from '../../batch/timestamp.js';

/** The facts by which it is decided to start a new segment. */
export interface RollFacts {
  /** Bytes in the active segment, the ones not yet written included. */
  readonly segmentBytes: number;
  /** Size of the batch to append. */
  readonly batchBytes: number;
  /** Last offset of that batch minus the active segment's base offset. */
  readonly relativeOffset: number;
  /** Largest timestamp of that batch; -1 when it has none. */
  readonly batchTimestampMs: Timestamp;
  /** Largest timestamp of the segment's first batch; -1 when it has none. */
  readonly firstTimestampMs: Timestamp;
  /** Wall time at which the segment got its first batch. */
  readonly firstAppendMs: number;
  readonly nowMs: number;
  readonly offsetIndexEntries: number;
  readonly timeIndexEntries: number;
}

export interface RollLimits {
  readonly segmentBytes: number;
  readonly segmentMs: number;
  /** This segment's own share of the jitter, in [0, segmentJitterMs]. */
  readonly jitterMs: number;
  readonly segmentIndexBytes: number;
}

const INT32_MAX = 2 ** 31 - 1;
const OFFSET_ENTRY_BYTES = 8;
const TIME_ENTRY_BYTES = 12;

/**
 * Whether the active segment is closed before this batch. An empty segment is never rolled: a batch
 * larger than a segment gets one of its own. Age is counted in record time where records have it,
 * as in Kafka, so that replayed history rolls as it did.
 */
export function mustRoll(facts: RollFacts, limits: RollLimits): boolean {
  if (facts.segmentBytes === 0) return false;
  if (facts.segmentBytes + facts.batchBytes > Math.min(limits.segmentBytes, INT32_MAX)) return true;
  if (facts.relativeOffset > INT32_MAX) return true;
  if (facts.offsetIndexEntries >= Math.floor(limits.segmentIndexBytes / OFFSET_ENTRY_BYTES))
    return true;
  // One entry is kept free for the closing one.
  if (facts.timeIndexEntries >= Math.floor(limits.segmentIndexBytes / TIME_ENTRY_BYTES) - 1)
    return true;
  return ageMs(facts) > limits.segmentMs - limits.jitterMs;
}

function ageMs(facts: RollFacts): number {
  const { firstTimestampMs: first, batchTimestampMs: last, nowMs, firstAppendMs } = facts;
  // Timestamps beyond 2^53 are no milliseconds: nanoseconds would start a segment every half
  // second.
  if (typeof first !== 'number' || typeof last !== 'number') return nowMs - firstAppendMs;
  return first >= 0 && last >= 0 ? last - first : nowMs - firstAppendMs;
}
