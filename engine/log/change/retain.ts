import { timestampNumber } from '../../batch/timestamp.js';
import { EngineError } from '../../errors.js';
import { deletableSegments, type RetentionReason } from '../../maintenance/retention-policy.js';
import type { Segment } from '../segments/segment.js';
import type { ChangingLog } from './changing-log.js';
import { removeBelow, rollBesideOthers, storeLogStart } from './remove-below.js';

/** See `PartitionLog.applyRetention`. */
export async function retain(log: ChangingLog): Promise<{ segments: number; bytes: number }> {
  const { settings, offsets, context } = log;
  if (!settings.deletes) return { segments: 0, bytes: 0 };
  const all = log.segments.all();
  const reasons = deletableSegments(
    all.map((segment, at) => ({
      sizeBytes: segment.size,
      newestMs: () => newestMs(log, segment),
      endOffset: all[at + 1]?.baseOffset ?? offsets.logEnd,
    })),
    {
      retentionMs: settings.retentionMs,
      retentionBytes: settings.retentionBytes,
      nowMs: context.clock.wallMs(),
      highWatermark: offsets.highWatermark.offset,
    },
  );
  const count = reasons.length;
  if (count === 0) return { segments: 0, bytes: 0 };
  // The active segment goes only when a new one has taken its place.
  if (count === all.length) await rollBesideOthers(log);
  const removable = Math.min(count, log.segments.count - 1);
  const startOffset = log.segments.all()[removable]!.baseOffset;
  if (startOffset > offsets.logStart) {
    await storeLogStart(log, startOffset);
    offsets.startedAt(startOffset);
  }
  log.epochs.truncateStart(offsets.logStart);
  log.watermark.notify();
  return removeBelow(log, startOffset, (at) => RETENTION_WORDS[reasons[at] ?? 'time']);
}

const RETENTION_WORDS: Record<RetentionReason, string> = {
  time: 'its newest record is older than retention.ms',
  size: 'the log is larger than retention.bytes',
};

/**
 * Largest timestamp of a segment; the time of its last change where no record has one; Infinity while its index is being rebuilt. May
 * have to read its index.
 */
export function newestMs(log: ChangingLog, segment: Segment): number {
  try {
    if (segment.largestTimestampMs === null)
      log.context.indexCache.of(segment, log.settings.indexIntervalBytes);
  } catch (error) {
    // The next look finds it.
    if (error instanceof EngineError && error.code === 'INDEX_REBUILDING') {
      return Number.POSITIVE_INFINITY;
    }
    throw error;
  }
  const largestMs = segment.largestTimestampMs ?? -1;
  return largestMs >= 0 ? timestampNumber(largestMs) : segment.changedMs;
}
