import { batchSize, leaderEpoch, maxTimestamp } from '../batch/header.js';
import { decompressRecords, type RecordView, walkRecords } from '../batch/records.js';
import { scanBatchAt } from '../batch/validate.js';
import { LIMITS } from '../limits.js';
import { corruptAt } from './corrupt-at.js';
import { walkHeaders } from './header-walk.js';
import type { LogParts } from './log-parts.js';
import type { TimestampLookup } from './partition-log.js';
import { findBatch } from './read.js';
import type { Segment } from './segment.js';

interface BatchPlace {
  readonly position: number;
  readonly size: number;
}

/**
 * The first record at or after `timestampMs`, within what is readable at the high watermark. Sparse time index → offset index → headers → the
 * records of one batch, the only one that is decoded.
 */
export async function lookupTimestamp(
  log: LogParts,
  timestampMs: number,
): Promise<TimestampLookup | null> {
  // Segments may come and go while records are decoded.
  for (let segment = log.segments.first; segment; segment = log.segments.after(segment)) {
    const looked = segment;
    const found = await whileLive(looked, () =>
      lookupInSegment(log, looked, timestampMs, log.offsets.logStart),
    );
    if (found !== null && found !== 'retired') return committed(log, found);
    // What is behind it in the list may not be what was behind it.
    if (looked.isRetired) return lookupTimestamp(log, timestampMs);
  }
  return null;
}

/** What `look` finds; 'retired' when it finds nothing, and the segment was deleted or replaced by a compacted one meanwhile. */
async function whileLive<Found>(
  segment: Segment,
  look: () => Promise<Found | null>,
): Promise<Found | null | 'retired'> {
  try {
    const found = await look();
    return found === null && segment.isRetired ? 'retired' : found;
  } catch (error) {
    // Its file is gone.
    if (segment.isRetired) return 'retired';
    throw error;
  }
}

/** The first record that has the largest timestamp of the log (KIP-734), if it is readable at the high watermark. */
export async function largestTimestamp(log: LogParts): Promise<TimestampLookup | null> {
  const { logStart } = log.offsets;
  let best: Segment | null = null;
  let bestMs = -1;
  let segment = log.segments.floor(logStart) ?? log.segments.first;
  for (; segment; segment = log.segments.after(segment)) {
    const looked = segment;
    const largestMs = await whileLive(looked, () => largestFrom(log, looked, logStart));
    if (looked.isRetired || largestMs === 'retired') return largestTimestamp(log);
    if (largestMs === null || largestMs <= bestMs) continue;
    best = looked;
    bestMs = largestMs;
  }
  if (best === null) return null;
  const looked = best;
  const found = await whileLive(looked, () => lookupInSegment(log, looked, bestMs, logStart));
  if (found === 'retired') return largestTimestamp(log);
  return found && committed(log, found);
}

function committed(log: LogParts, found: TimestampLookup): TimestampLookup | null {
  return found.offset < log.offsets.highWatermark.offset ? found : null;
}

/** The largest timestamp in a segment of the records at or above the log start. */
async function largestFrom(log: LogParts, segment: Segment, logStart: number): Promise<number> {
  const largestMs = largestOf(log, segment);
  if (segment.baseOffset >= logStart) return largestMs;
  const first = findBatch(log, logStart);
  if (first === null || first.segment !== segment) return -1;
  if (first.lastOffset < segment.offsetOfLargest) return largestMs;
  // The record that has it may lie below the log start: then the rest is asked, one batch by its records.
  let restMs = -1;
  walkHeaders(segment.file, first.position + first.size, segment.writtenSize, (header) => {
    restMs = Math.max(restMs, maxTimestamp(header.bytes, header.at));
    return false;
  });
  const { records } = await readRecords(log, segment, first);
  for (const record of records) {
    if (record.offset >= logStart) restMs = Math.max(restMs, record.timestamp);
  }
  return restMs;
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
    const found = await firstRecordReaching(log, segment, next, timestampMs, logStart);
    if (found !== null) return found;
    // It may have been deleted meanwhile, with all that is left of it below the log start.
    if (log.segments.floor(segment.baseOffset) !== segment) return null;
    // Only when the wanted record lies below the log start.
    position = next.position + next.size;
  }
}

function nextBatchReaching(segment: Segment, from: number, timestampMs: number): BatchPlace | null {
  let found: BatchPlace | null = null;
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
  batch: BatchPlace,
  timestampMs: number,
  logStart: number,
): Promise<TimestampLookup | null> {
  const { header, records } = await readRecords(log, segment, batch);
  for (const record of records) {
    if (record.timestamp >= timestampMs && record.offset >= logStart) {
      return {
        offset: record.offset,
        timestampMs: record.timestamp,
        leaderEpoch: leaderEpoch(header),
      };
    }
  }
  return null;
}

async function readRecords(
  log: LogParts,
  segment: Segment,
  { position, size }: BatchPlace,
): Promise<{ header: Buffer; records: Iterable<RecordView> }> {
  const batch = Buffer.allocUnsafe(size);
  const count = await segment.file.read(batch, position);
  if (count < size || batchSize(batch) !== size || scanBatchAt(batch, 0, size) !== size) {
    throw corruptAt(log, segment, position);
  }
  const payload = await log.context.unpacking.run(() =>
    decompressRecords(batch, LIMITS.decompressedBatchBytesMax),
  );
  // Walked as they are needed: a batch may hold millions of records.
  return { header: batch, records: walkRecords(payload, batch) };
}
