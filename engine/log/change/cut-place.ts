import { EngineError } from '../../errors.js';
import type { TruncateOptions } from '../partition-log.js';
import { findBatch } from '../read/read.js';
import type { FoundBatch } from '../read/read-hints.js';
import type { ReadableLog } from '../read/readable-log.js';
import { corruptAt } from '../segments/corrupt-at.js';
import { walkHeaders } from '../segments/header-walk.js';
import { NotedBatches } from '../segments/noted-batches.js';
import type { Segment } from '../segments/segment.js';
import { resumeInSlices } from '../segments/segment-resume.js';
import type { LogPosition } from '../state/offset-tracker.js';
import type { NextBatch } from '../state/producer.js';
import type { ProducerStates } from '../state/producer-state.js';
import { type CutLog, findFirstCut } from './first-cut.js';

/**
 * The place where a log is to be cut, and the facts that are needed for it, read before anything is
 * changed.
 */
export interface Cut {
  readonly segment: Segment;
  /** Where the first removed batch begins, and the offset behind the batch before it. */
  readonly place: LogPosition;
  /** The log end afterwards: the place, but no lower than the log start. */
  readonly end: LogPosition;
  /** The first removed batch of each producer of which no batch stays. */
  readonly firstCut: ReadonlyMap<number, NextBatch>;
  /** The notes of the batches that stay in the segment. */
  readonly noted: NotedBatches;
}

/**
 * The place where a truncation to `offset` cuts the log; null when no batch lies there or behind.
 * Changes nothing. Called while nothing appends to the log or changes its segments.
 *
 * @throws EngineError OFFSET_OUT_OF_RANGE, BELOW_HIGH_WATERMARK, CORRUPT_BATCH
 */
export async function findCut(
  log: ReadableLog & CutLog,
  producers: ProducerStates,
  offset: number,
  { evenCommitted = false }: TruncateOptions,
): Promise<Cut | null> {
  const { offsets } = log;
  if (!(offset >= offsets.logStart)) {
    throw new EngineError(
      'OFFSET_OUT_OF_RANGE',
      `the log begins at ${offsets.logStart}, it cannot end at ${offset}`,
    );
  }
  if (offset >= offsets.logEnd) return null;
  // Readers were told that nothing below it will change.
  const kept = evenCommitted ? offsets.logStart : offsets.highWatermark.offset;
  if (offset < kept) throw refusal(offset, kept);
  await loadIndexAt(log, offset);
  const found = findBatch(log, offset);
  if (!found) return null;
  const { segment, position } = found;
  if (found.baseOffset < kept && !evenCommitted) throw refusal(found.baseOffset, kept);
  const place: LogPosition = {
    offset: endBefore(found),
    segmentBase: segment.baseOffset,
    position,
  };
  const firstCut = await findFirstCut(log, producers, place);
  const noted = await notedUpTo(log, segment, position);
  // The log start does not move back, also where it lies within that batch.
  const end = { ...place, offset: Math.max(place.offset, offsets.logStart) };
  return { segment, place, end, firstCut, noted };
}

function refusal(offset: number, highWatermark: number): EngineError {
  return new EngineError(
    'BELOW_HIGH_WATERMARK',
    `the log is committed up to ${highWatermark} and is not cut at ${offset}`,
    { offset },
  );
}

/** The offset behind the batch before; where the segment begins when there is none. */
function endBefore({ segment, position, baseOffset }: FoundBatch): number {
  let offset = segment.baseOffset;
  const reached = walkHeaders(segment.file, 0, position, null, (header) => {
    offset = header.lastOffset + 1;
    return false;
  });
  // Behind damage the offset is unknown.
  return reached === position ? offset : baseOffset;
}

/**
 * The batches that stay of a segment, noted from its headers. Damage among them refuses the cut:
 * later appends behind it could not be found again, and a repair can still save the batches that
 * are there.
 *
 * @throws EngineError CORRUPT_BATCH
 */
async function notedUpTo(log: ReadableLog, segment: Segment, end: number): Promise<NotedBatches> {
  const noted = NotedBatches.none(segment.baseOffset);
  const { indexIntervalBytes } = log.settings;
  const { slices } = log.context;
  const resumed = await resumeInSlices(segment, noted, null, end, indexIntervalBytes, slices);
  if (resumed.reached < end) throw corruptAt(log, segment, resumed.reached, resumed.nextOffset);
  return noted;
}

/** The index is loaded however long it takes: a cut is not asked to come again. */
async function loadIndexAt(log: ReadableLog, offset: number): Promise<void> {
  const { indexCache } = log.context;
  const segment = log.segments.floor(offset);
  if (segment === undefined || indexCache.peek(segment) !== null) return;
  await indexCache.load(segment, log.settings.indexIntervalBytes, () => !segment.isRetired);
  log.life.assertServing();
}
