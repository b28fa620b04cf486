import { batchSize, leaderEpoch, maxTimestamp } from '../batch/header.js';
import { decodeRecords } from '../batch/records.js';
import { scanBatchAt } from '../batch/validate.js';
import { LIMITS } from '../limits.js';
import { walkHeaders } from './header-walk.js';
import type { LogParts } from './log-parts.js';
import type { TimestampLookup } from './partition-log.js';
import { corruptAt, findBatch } from './read.js';
import type { Segment } from './segment.js';

/**
 * The first record at or after `timestampMs`, within what is readable at the high watermark. Sparse time index → offset index → headers → the
 * records of one batch, the only one that is decoded.
 */
export async function lookupTimestamp(
  log: LogParts,
  timestampMs: number,
): Promise<TimestampLookup | null> {
  for (const segment of [...log.segments.all()]) {
    const found = await lookupInSegment(log, segment, timestampMs, log.offsets.logStart);
    if (found !== null) return found.offset < log.offsets.highWatermark.offset ? found : null;
  }
  return null;
}

/** The first record that has the largest timestamp of the log (KIP-734). */
export async function largestTimestamp(log: LogParts): Promise<TimestampLookup | null> {
  let best: Segment | null = null;
  let bestMs = -1;
  for (const segment of log.segments.all()) {
    const largestMs = largestOf(log, segment);
    if (largestMs > bestMs) {
      best = segment;
      bestMs = largestMs;
    }
  }
  return best === null ? null : lookupInSegment(log, best, bestMs, log.offsets.logStart);
}

function largestOf(log: LogParts, segment: Segment): number {
  if (segment.largestTimestampMs === null)
    log.context.indexCache.of(segment, log.settings.indexIntervalBytes);
  return segment.largestTimestampMs ?? -1;
}

async function lookupInSegment(
  log: LogParts,
  segment: Segment,
  timestampMs: number,
  logStart: number,
): Promise<TimestampLookup | null> {
  if (largestOf(log, segment) < timestampMs) return null;
  const { times } = log.context.indexCache.of(segment, log.settings.indexIntervalBytes);
  const slot = times.lastBelow(timestampMs);
  // Everything up to that entry's batch is older; the log start may lie further on.
  const from = Math.max(
    slot < 0 ? segment.baseOffset : segment.baseOffset + times.relativeOffsetAt(slot),
    logStart,
  );
  const start = findBatch(log, from);
  if (start === null || start.segment !== segment) return null;
  let position = start.position;
  for (;;) {
    const next = nextBatchReaching(segment, position, timestampMs);
    if (next === null) return null;
    const found = await firstRecordReaching(
      log,
      segment,
      next.position,
      next.size,
      timestampMs,
      logStart,
    );
    if (found !== null) return found;
    // Only when the wanted record lies below the log start.
    position = next.position + next.size;
  }
}

function nextBatchReaching(
  segment: Segment,
  from: number,
  timestampMs: number,
): { position: number; size: number } | null {
  let found: { position: number; size: number } | null = null;
  walkHeaders(segment.file, from, segment.writtenSize, (header) => {
    if (maxTimestamp(header.bytes, header.at) < timestampMs) return false;
    found = { position: header.position, size: header.size };
    return true;
  });
  return found;
}

async function firstRecordReaching(
  log: LogParts,
  segment: Segment,
  position: number,
  size: number,
  timestampMs: number,
  logStart: number,
): Promise<TimestampLookup | null> {
  const batch = Buffer.allocUnsafe(size);
  const count = await segment.file.read(batch, position);
  if (count < size || batchSize(batch) !== size || scanBatchAt(batch, 0, size) !== size) {
    throw corruptAt(log, segment, position);
  }
  for (const record of await decodeRecords(batch, LIMITS.decompressedBatchBytesMax)) {
    if (record.timestamp >= timestampMs && record.offset >= logStart) {
      return {
        offset: record.offset,
        timestampMs: record.timestamp,
        leaderEpoch: leaderEpoch(batch),
      };
    }
  }
  return null;
}
