import { baseOffset, batchSize, leaderEpoch, maxTimestamp } from '../../batch/header.js';
import { RecordCursor, walkInSlices } from '../../batch/record-cursor.js';
import { decompressRecords, timestampsOf } from '../../batch/records.js';
import { laterTimestamp, type Timestamp } from '../../batch/timestamp.js';
import { scanBatchAt } from '../../batch/validate.js';
import { EngineError } from '../../errors.js';
import type { TimestampLookup } from '../partition-log.js';
import { corruptAt } from '../segments/corrupt-at.js';
import { HeaderOrder } from '../segments/header-order.js';
import { walkHeadersInSlices } from '../segments/header-walk.js';
import type { SegmentIndexes } from '../segments/noted-batches.js';
import type { Segment } from '../segments/segment.js';
import { TimesAhead } from '../segments/times-ahead.js';
import { findBatch } from './read.js';
import type { ReadableLog } from './readable-log.js';

interface BatchPlace {
  readonly position: number;
  readonly size: number;
}

/**
 * The first record at or after `timestampMs`, within what is readable at the high watermark. Sparse
 * time index → offset index → headers → the records of one batch, the only one that is unpacked.
 * All of it runs in slices: neither segments nor headers nor records are walked in one turn.
 */
export async function lookupTimestamp(
  log: ReadableLog,
  timestampMs: Timestamp,
): Promise<TimestampLookup | null> {
  const work = log.context.slices.begin();
  const times = new TimesAhead(log);
  // Segments may come and go meanwhile.
  for (let segment = log.segments.first; segment; segment = log.segments.after(segment)) {
    const looked = segment;
    const pause = work.did(1);
    if (pause !== null) await pause;
    const found = await whileUnchanged(looked, () =>
      lookupInSegment(log, looked, timestampMs, log.offsets.logStart, times),
    );
    if (found !== null && found !== 'changed') return committed(log, found);
    // The next segment in the list may be another one now.
    if (found === 'changed' || looked.isRetired) return lookupTimestamp(log, timestampMs);
  }
  return null;
}

/**
 * The result of `look`; 'changed' when it finds nothing, and the segment was cut, deleted or
 * replaced by a compacted one meanwhile.
 */
async function whileUnchanged<Found>(
  segment: Segment,
  look: () => Promise<Found | null>,
): Promise<Found | null | 'changed'> {
  const { cuts } = segment;
  const isChanged = (): boolean => segment.isRetired || segment.cuts !== cuts;
  try {
    const found = await look();
    return found === null && isChanged() ? 'changed' : found;
  } catch (error) {
    // The segment's file is gone, or its bytes have changed.
    if (isChanged()) return 'changed';
    throw error;
  }
}

/**
 * The first record that has the largest timestamp of the log (KIP-734), if it is readable at the
 * high watermark.
 */
export async function largestTimestamp(log: ReadableLog): Promise<TimestampLookup | null> {
  const { logStart } = log.offsets;
  const work = log.context.slices.begin();
  const times = new TimesAhead(log);
  let best: Segment | null = null;
  let bestMs: Timestamp = -1;
  let segment = log.segments.floor(logStart) ?? log.segments.first;
  for (; segment; segment = log.segments.after(segment)) {
    const looked = segment;
    const pause = work.did(1);
    if (pause !== null) await pause;
    const largestMs = await whileUnchanged(looked, () => largestFrom(log, looked, logStart, times));
    if (looked.isRetired || largestMs === 'changed') return largestTimestamp(log);
    if (largestMs === null || largestMs <= bestMs) continue;
    best = looked;
    bestMs = largestMs;
  }
  if (best === null) return null;
  const looked = best;
  const found = await whileUnchanged(looked, () =>
    lookupInSegment(log, looked, bestMs, logStart, times),
  );
  if (found === 'changed') return largestTimestamp(log);
  return found && committed(log, found);
}

function committed(log: ReadableLog, found: TimestampLookup): TimestampLookup | null {
  return found.offset < log.offsets.highWatermark.offset ? found : null;
}

/** The largest timestamp in a segment of the records at or above the log start. */
async function largestFrom(
  log: ReadableLog,
  segment: Segment,
  logStart: number,
  times: TimesAhead,
): Promise<Timestamp | null> {
  const largestMs = await largestOf(log, segment, times);
  if (segment.baseOffset >= logStart || largestMs === null) return largestMs;
  const first = findBatch(log, logStart);
  if (first === null || first.segment !== segment) return -1;
  if (first.lastOffset < segment.noted.offsetOfLargest) return largestMs;
  // The record that has it may lie below the log start: then the rest is searched, one batch by its
  // records.
  let restMs: Timestamp = -1;
  const behind = first.position + first.size;
  const { slices } = log.context;
  const order = new HeaderOrder().begin(segment, first.lastOffset + 1, log.epochs);
  await walkHeadersInSlices(segment.file, behind, segment.writtenSize, slices, order, (header) => {
    restMs = laterTimestamp(restMs, maxTimestamp(header.bytes, header.at));
    return false;
  });
  await eachRecord(log, segment, first, (offset, timestampMs) => {
    if (offset >= logStart) restMs = laterTimestamp(restMs, timestampMs);
    return false;
  });
  return restMs;
}

/** Null when the segment's files are gone. */
async function largestOf(
  log: ReadableLog,
  segment: Segment,
  times: TimesAhead,
): Promise<Timestamp | null> {
  if (segment.noted.largestTimestampMs !== null) return segment.noted.largestTimestampMs;
  await times.read(segment);
  log.life.assertServing();
  return segment.isRetired ? null : (segment.noted.largestTimestampMs ?? -1);
}

async function indexesOf(log: ReadableLog, segment: Segment): Promise<SegmentIndexes | null> {
  const { indexCache } = log.context;
  const isLive = (): boolean => !log.life.hasEnded && !segment.isRetired;
  const { indexIntervalBytes } = log.settings;
  const indexes =
    indexCache.peek(segment) ?? (await indexCache.load(segment, indexIntervalBytes, isLive));
  log.life.assertServing();
  return indexes;
}

async function lookupInSegment(
  log: ReadableLog,
  segment: Segment,
  timestampMs: Timestamp,
  logStart: number,
  times: TimesAhead,
): Promise<TimestampLookup | null> {
  const largestMs = await largestOf(log, segment, times);
  if (largestMs === null || largestMs < timestampMs) return null;
  const indexes = await indexesOf(log, segment);
  if (indexes === null) return null;
  const slot = indexes.times.lastBelow(timestampMs);
  // All records up to that entry's batch are older; the log start may lie further on.
  const from = Math.max(
    slot < 0 ? segment.baseOffset : segment.baseOffset + indexes.times.relativeOffsetAt(slot),
    logStart,
  );
  const start = findBatch(log, from);
  if (start === null || start.segment !== segment) return null;
  let { position } = start;
  for (;;) {
    const next = await nextBatchReaching(log, segment, position, timestampMs);
    if (next === null) return null;
    const found = await firstRecordReaching(log, segment, next, timestampMs, logStart);
    if (found !== null) return found;
    // The segment may have been deleted meanwhile, with all its records below the log start.
    if (log.segments.floor(segment.baseOffset) !== segment) return null;
    // Only when the wanted record lies below the log start.
    position = next.position + next.size;
  }
}

async function nextBatchReaching(
  log: ReadableLog,
  segment: Segment,
  from: number,
  timestampMs: Timestamp,
): Promise<BatchPlace | null> {
  let found: BatchPlace | null = null;
  const { slices } = log.context;
  const order = new HeaderOrder().begin(segment, -1, log.epochs);
  await walkHeadersInSlices(segment.file, from, segment.writtenSize, slices, order, (header) => {
    if (maxTimestamp(header.bytes, header.at) < timestampMs) return false;
    found = { position: header.position, size: header.size };
    return true;
  });
  return found;
}

async function firstRecordReaching(
  log: ReadableLog,
  segment: Segment,
  batch: BatchPlace,
  timestampMs: Timestamp,
  logStart: number,
): Promise<TimestampLookup | null> {
  let foundAt = -1;
  let foundMs: Timestamp = -1;
  const header = await eachRecord(log, segment, batch, (offset, recordMs) => {
    if (recordMs < timestampMs || offset < logStart) return false;
    foundAt = offset;
    foundMs = recordMs;
    return true;
  });
  if (foundAt < 0) return null;
  return { offset: foundAt, timestampMs: foundMs, leaderEpoch: leaderEpoch(header) };
}

/** Unpacks a batch and calls `visit` for each record until that returns true. Returns the batch. */
async function eachRecord(
  log: ReadableLog,
  segment: Segment,
  { position, size }: BatchPlace,
  visit: (offset: number, timestampMs: Timestamp) => boolean,
): Promise<Buffer> {
  const { cuts } = segment;
  const batch = Buffer.allocUnsafe(size);
  const count = await segment.file.read(batch, position);
  const isWhole =
    count === size && batchSize(batch) === size && scanBatchAt(batch, 0, size) === size;
  // Damage in bytes that were cut meanwhile is not reported.
  if (!isWhole && segment.cuts === cuts) throw corruptAt(log, segment, position, null);
  if (!isWhole) throw new EngineError('CORRUPT_BATCH', 'the batch was cut off meanwhile');
  const firstOffset = baseOffset(batch);
  const { slices, unpacking } = log.context;
  await unpacking.run(log, batch, async (bytesMax) => {
    const payload = await decompressRecords(batch, bytesMax, slices);
    const cursor = new RecordCursor(payload, batch);
    const timestampMs = timestampsOf(batch);
    await walkInSlices(cursor, slices, () =>
      visit(firstOffset + cursor.offsetDelta, timestampMs(cursor.timestampDelta)),
    );
  });
  return batch;
}
