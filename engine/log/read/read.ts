import { basename } from 'node:path';
import { FileCutShort, FileSlice } from '../../disk/file-slice.js';
import { readError } from '../../disk/storage-error.js';
import { EngineError } from '../../errors.js';
import type { ReadIsolation, ReadRequest, ReadResult } from '../partition-log.js';
import { corruptAt, missingBehind } from '../segments/corrupt-at.js';
import { HeaderOrder } from '../segments/header-order.js';
import { walkHeaders } from '../segments/header-walk.js';
import { isMissingBehind } from '../segments/missing-segments.js';
import type { SegmentIndexes } from '../segments/noted-batches.js';
import type { Segment } from '../segments/segment.js';
import type { LogPosition } from '../state/offset-tracker.js';
import { endBeforeEmpty, passEmptyBatches } from './empty-batches.js';
import { type FoundBatch, foundAt } from './read-hints.js';
import type { ReadableLog } from './readable-log.js';

const order = new HeaderOrder();

/**
 * THE FETCH PATH: offset → segment → sparse index → a few headers → a slice of the file. No record
 * is read, and the end needs no search: it is known with its position, or lies at an index entry.
 * Synchronous.
 */
export function readLog(log: ReadableLog, request: ReadRequest): ReadResult {
  try {
    return readServing(log, request);
  } catch (error) {
    throw readError(log.context.directory, log.folder, error);
  }
}

function readServing(log: ReadableLog, request: ReadRequest): ReadResult {
  log.life.assertServing();
  const { offsets } = log;
  const { offset, isolation } = request;
  if (offset < offsets.logStart || offset > offsets.logEnd) {
    throw new EngineError(
      'OFFSET_OUT_OF_RANGE',
      `offset ${offset} is not within ${offsets.logStart} to ${offsets.logEnd} of ${basename(log.folder)}`,
    );
  }
  const limit = readLimit(log, isolation);
  const found = offset >= limit.offset ? null : findBatch(log, offset);
  const passed =
    found?.isEmpty && !request.includeEmpty ? passEmptyBatches(log, found, limit) : null;
  return {
    slice: found && sliceFrom(log, request, passed?.batch ?? found, limit),
    emptyUpTo: passed?.emptyUpTo ?? offset,
    logStartOffset: offsets.logStart,
    highWatermark: offsets.highWatermark.offset,
    lastStableOffset: offsets.highWatermark.offset,
    logEndOffset: offsets.logEnd,
  };
}

/** The end for readers of this isolation. */
export function readLimit({ offsets }: ReadableLog, isolation: ReadIsolation): LogPosition {
  return isolation === 'log-end' ? offsets.written : offsets.highWatermark;
}

function sliceFrom(
  log: ReadableLog,
  request: ReadRequest,
  found: FoundBatch,
  limit: LogPosition,
): FileSlice | null {
  const { segment, position, size } = found;
  if (segment.baseOffset > limit.segmentBase) return null;
  const isLimitSegment = segment.baseOffset === limit.segmentBase;
  if (isLimitSegment && position >= limit.position) return null;
  const available = Math.min(
    isLimitSegment ? limit.position : segment.writtenSize,
    segment.damagedFrom,
  );
  if (position + size > available) throw corruptAt(log, segment, position, found.baseOffset);
  if (size > request.maxBytes && !request.minOneBatch) return null;
  let end = wholeBatchesEnd(log, found, position + request.maxBytes, available);
  if (!request.includeEmpty) end = endBeforeEmpty(log, found, end);
  const { cuts } = segment;
  return new FileSlice(segment.file, position, end - position, {
    fileEnd: segment.writtenSize,
    failure: (error) =>
      error instanceof FileCutShort && segment.cuts === cuts
        ? corruptAt(log, segment, error.position, null)
        : readError(log.context.directory, segment.file.path, error),
  });
}

/** The end of the last whole batch at or below `wanted`, at least that of the first batch. */
function wholeBatchesEnd(
  log: ReadableLog,
  first: FoundBatch,
  wanted: number,
  available: number,
): number {
  if (wanted >= available) return available;
  const firstEnd = first.position + first.size;
  if (wanted <= firstEnd) return firstEnd;
  const indexes = log.context.indexCache.of(first.segment, log.settings.indexIntervalBytes);
  const slot = indexes.offsets.floorByPosition(wanted);
  const usesIndex = slot >= 0 && indexes.offsets.positionAt(slot) > firstEnd;
  const from = usesIndex ? indexes.offsets.positionAt(slot) : firstEnd;
  const landing = usesIndex
    ? first.segment.baseOffset + indexes.offsets.relativeOffsetAt(slot)
    : null;
  // True until a header at the landing proves the index right: where no header begins, the walk
  // ends at once.
  let misled = usesIndex;
  order.begin(first.segment, usesIndex ? -1 : first.lastOffset + 1, log.epochs);
  const stopped = walkHeaders(first.segment.file, from, available, order, (header) => {
    // Bytes within a batch can look like a header: no reader is sent there, now or by a hint.
    if (header.position === from) misled = landing !== null && header.lastOffset !== landing;
    if (misled) return true;
    if (header.position + header.size <= wanted) return false;
    log.readHints.note(foundAt(first.segment, header));
    return true;
  });
  // An index that was wrong led between batches: the bytes up to the first batch's end are right in
  // any case. The next lookup mends the index.
  return misled || stopped > wanted ? firstEnd : stopped;
}

/**
 * The batch that holds `offset`, or the first one behind it where compaction left a gap, but not
 * where a segment is missing; null when there is none. Lands by the index, checks the header there,
 * and rebuilds the index once if it does not fit.
 *
 * @throws EngineError CORRUPT_BATCH
 */
export function findBatch(log: ReadableLog, offset: number): FoundBatch | null {
  for (let segment = log.segments.floor(offset); segment; segment = log.segments.after(segment)) {
    const found = log.readHints.find(segment, offset) ?? findInSegment(log, segment, offset);
    if (found !== null) return found;
  }
  return null;
}

function findInSegment(log: ReadableLog, segment: Segment, offset: number): FoundBatch | null {
  const { indexCache } = log.context;
  const interval = log.settings.indexIntervalBytes;
  const first = walkTo(log, segment, indexCache.of(segment, interval), offset);
  if (first.sound) return first.found ?? nothingBehind(log, segment, first.expected);
  // Known damage: another walk through the whole segment would find it again.
  if (first.stopped >= segment.damagedFrom) {
    throw corruptAt(log, segment, first.stopped, first.expected);
  }
  const second = walkTo(log, segment, indexCache.rebuild(segment, interval), offset);
  if (second.sound) return second.found ?? nothingBehind(log, segment, second.expected);
  throw corruptAt(log, segment, second.stopped, second.expected);
}

/**
 * Null: the offset lies in a later segment, and no segment before that is missing.
 *
 * @throws EngineError CORRUPT_BATCH
 */
function nothingBehind(log: ReadableLog, segment: Segment, endOffset: number | null): null {
  const next = log.segments.after(segment);
  if (next === undefined || endOffset === null) return null;
  if (!isMissingBehind(endOffset, next.baseOffset, log.offsets.logStart)) return null;
  throw missingBehind(log, segment, endOffset, next);
}

/**
 * The offset below which a batch must end that lies in the segment, and not behind the batch of the
 * index entry `slot`.
 */
function endOfEntry(
  log: ReadableLog,
  segment: Segment,
  { offsets }: SegmentIndexes,
  slot: number,
): number {
  const end = log.segments.after(segment)?.baseOffset ?? log.offsets.logEnd;
  if (slot >= offsets.count) return end;
  // The entry may have been made from a base offset that had changed.
  return Math.min(end, segment.baseOffset + offsets.relativeOffsetAt(slot) + 1);
}

/**
 * Walks from the index entry at or below `offset` to the batch that holds it. Not sound when a
 * header on the way is not, or the landing differs from the index; then `stopped` is the position,
 * and `expected` the first offset that the batch there can have, if known.
 */
function walkTo(
  log: ReadableLog,
  segment: Segment,
  indexes: SegmentIndexes,
  offset: number,
): {
  sound: boolean;
  found: FoundBatch | null;
  stopped: number;
  expected: number | null;
} {
  const slot = indexes.offsets.floorByOffset(offset - segment.baseOffset);
  const landing = slot < 0 ? null : segment.baseOffset + indexes.offsets.relativeOffsetAt(slot);
  const from = slot < 0 ? 0 : indexes.offsets.positionAt(slot);
  let found: FoundBatch | null = null;
  let misled = false;
  order.begin(
    segment,
    landing === null ? segment.baseOffset : -1,
    log.epochs,
    segment.isGapless ? undefined : endOfEntry(log, segment, indexes, slot + 1),
  );
  const stopped = walkHeaders(segment.file, from, segment.writtenSize, order, (header) => {
    if (header.position === from && landing !== null && header.lastOffset !== landing)
      misled = true;
    else if (header.lastOffset >= offset) found = foundAt(segment, header);
    return misled || found !== null;
  });
  const sound = !misled && (found !== null || stopped === segment.writtenSize);
  return { sound, found, stopped, expected: order.next };
}
