import type { CatalogChange } from '../../catalog/catalog.js';
import { storageError } from '../../disk/storage-error.js';
import { EngineError } from '../../errors.js';
import type { AppendWaiters } from '../append/append-waiters.js';
import type { LogWriter } from '../append/log-writer.js';
import { checkpointKey, cleanedKey, encodeCheckpoint } from '../durability/log-records.js';
import type { TruncateOptions } from '../partition-log.js';
import { findBatch } from '../read/read.js';
import type { FoundBatch } from '../read/read-hints.js';
import type { ReadableLog } from '../read/readable-log.js';
import { corruptAt } from '../segments/corrupt-at.js';
import { walkHeaders } from '../segments/header-walk.js';
import { cutIndexFiles } from '../segments/index-files.js';
import { NotedBatches } from '../segments/noted-batches.js';
import type { Segment } from '../segments/segment.js';
import { resumeInSlices } from '../segments/segment-resume.js';
import type { LogContext } from '../shared/log-context.js';
import type { LogPosition } from '../state/offset-tracker.js';
import type { NextBatch } from '../state/producer.js';
import type { ProducerStates } from '../state/producer-state.js';
import type { ChangingLog } from './changing-log.js';
import { findFirstCut } from './first-cut.js';
import { retireSegments } from './retire.js';

/** A log whose end is cut off. */
export interface TruncatedLog extends ChangingLog, ReadableLog {
  readonly context: LogContext;
  readonly producers: ProducerStates;
  readonly writer: LogWriter;
  /** Appends that were written and wait for the durable end. */
  readonly durableWaiters: AppendWaiters;
  readonly compaction: { readonly cleanedOffset: number; truncated(endOffset: number): void };
  readonly hasGaps: boolean;
  readonly marks: { takesGap(): Promise<void> };
}

/**
 * See `PartitionLog.truncateTo`. A batch that straddles `offset` goes whole; where compaction left
 * a gap the log ends behind the batch before it, so that nobody finds a hole between what stays and
 * what comes. Called while no append, deletion or other truncation runs, and no checkpoint is
 * taken. In this order, so that a crash anywhere leaves a log without gaps:
 *
 * 1. the index files of the segment are emptied: entries of what is cut must not come back as if
 *    they were of what follows;
 * 2. what stays is made durable, and then the lowered checkpoint, since a file shorter than its
 *    checkpoint counts as damage; until here nothing has happened;
 * 3. in memory the log ends there;
 * 4. the segments behind go, the last one first, each durably before the next;
 * 5. the segment is cut, and synced.
 *
 * Found half done after a crash, the old tail is there again up to some segment; the promise was
 * never resolved.
 */
export async function truncateLog(
  log: TruncatedLog,
  offset: number,
  { evenCommitted = false }: TruncateOptions,
): Promise<void> {
  const { offsets, context } = log;
  if (!(offset >= offsets.logStart)) {
    throw new EngineError(
      'OFFSET_OUT_OF_RANGE',
      `the log begins at ${offsets.logStart}, it cannot end at ${offset}`,
    );
  }
  await log.writer.settled();
  log.assertServing();
  if (offset >= offsets.logEnd) return;
  // Readers were told that nothing below it will change.
  const kept = evenCommitted ? offsets.logStart : offsets.highWatermark.offset;
  if (offset < kept) throw refusal(offset, kept);
  await loadIndexAt(log, offset);
  const found = findBatch(log, offset);
  if (!found) return;
  const { segment, position } = found;
  if (found.baseOffset < kept && !evenCommitted) throw refusal(found.baseOffset, kept);
  const place: LogPosition = {
    offset: endBefore(found),
    segmentBase: segment.baseOffset,
    position,
  };
  const firstCut = await findFirstCut(log, place);
  const noted = await notedUpTo(log, segment, position);
  // The log start does not move back, also where it lies within that batch.
  const end = { ...place, offset: Math.max(place.offset, offsets.logStart) };
  try {
    await forgetIndexFiles(log, segment);
    await context.syncRounds.flush([log.checkpointTarget]);
    if (place.offset < end.offset) {
      await log.marks.takesGap();
      segment.noteGap();
    }
    await lowerCheckpoint(log, place, firstCut);
  } catch (error) {
    throw storageError(context.directory, `cannot cut ${segment.file.path}`, error);
  }
  log.assertServing();
  const removed = cutInMemory(log, end, segment, firstCut, noted);
  try {
    for (const last of removed.reverse()) await retireSegments(log, [last]);
    await segment.file.truncate(position);
    log.unsynced.addFile(segment.file);
    // Again: a reader may have had them built, from bytes that were still there.
    await forgetIndexFiles(log, segment);
    await context.syncRounds.flush([log.checkpointTarget]);
  } catch (error) {
    // Memory and disk are at odds, which only another start can mend.
    throw context.directory.fail(`cannot cut ${segment.file.path}`, error);
  }
  log.assertServing();
  log.watermark.notify();
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
  // Behind damage nothing is known of it.
  return reached === position ? offset : baseOffset;
}

/**
 * The batches that stay of a segment, noted from its headers. Damage among them refuses the
 * cut: what is appended behind it could not be found again, and a repair saves what is there.
 *
 * @throws EngineError CORRUPT_BATCH
 */
async function notedUpTo(log: TruncatedLog, segment: Segment, end: number): Promise<NotedBatches> {
  const noted = NotedBatches.none(segment.baseOffset);
  const { indexIntervalBytes } = log.settings;
  const { slices } = log.context;
  const resumed = await resumeInSlices(segment, noted, null, end, indexIntervalBytes, slices);
  if (resumed.reached < end) throw corruptAt(log, segment, resumed.reached, resumed.nextOffset);
  return noted;
}

/** So that it is found whatever it takes: a cut is not asked to come again. */
async function loadIndexAt(log: TruncatedLog, offset: number): Promise<void> {
  const { indexCache } = log.context;
  const segment = log.segments.floor(offset);
  if (segment === undefined || indexCache.peek(segment) !== null) return;
  await indexCache.load(segment, log.settings.indexIntervalBytes, () => !segment.isRetired);
  log.assertServing();
}

async function forgetIndexFiles(log: TruncatedLog, segment: Segment): Promise<void> {
  await segment.saves.settled();
  segment.saves.hold(0, 0);
  await cutIndexFiles(log.context.disk, segment);
}

async function lowerCheckpoint(
  log: TruncatedLog,
  end: LogPosition,
  firstCut: ReadonlyMap<number, NextBatch>,
): Promise<void> {
  log.checkpoint.invalidate();
  log.producers.changedFrom(end.offset);
  log.checkpoint.producers.begin();
  const { recorded, pages } = log.checkpoint.producers.changesAt(end.offset, firstCut);
  const value = encodeCheckpoint({
    ...end,
    ...recorded,
    highWatermark: Math.min(log.offsets.highWatermark.offset, end.offset),
    isGapless: !log.hasGaps,
    epochs: log.epochs.snapshot(end.offset, -1),
    areEpochsOwn: log.epochs.areOwn,
    times: null,
  });
  const changes: CatalogChange[] = [{ key: checkpointKey(log.name), value }, ...pages];
  // What comes again at these offsets was never compacted.
  if (log.compaction.cleanedOffset > end.offset) {
    changes.push({ key: cleanedKey(log.name), value: end.offset });
  }
  await log.context.catalog.write(changes);
  log.compaction.truncated(end.offset);
  log.checkpoint.producers.done();
  log.checkpoint.reached(end);
}

/** Returns the segments behind the end, oldest first. */
function cutInMemory(
  log: TruncatedLog,
  end: LogPosition,
  segment: Segment,
  firstCut: ReadonlyMap<number, NextBatch>,
  noted: NotedBatches,
): Segment[] {
  log.checkpoint.invalidate();
  const lost = new EngineError('OFFSET_OUT_OF_RANGE', `the log was truncated to ${end.offset}`);
  log.durableWaiters.rejectFrom(end.offset, lost);
  log.producers.truncateEnd(end.offset, firstCut);
  log.epochs.truncateEnd(end.offset);
  const removed = log.segments.removeFrom(segment.baseOffset + 1);
  log.sealing.forget(segment);
  log.context.indexCache.forget(segment);
  segment.takeOver(noted);
  log.offsets.truncated(end);
  return removed;
}
