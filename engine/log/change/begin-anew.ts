import { storageError } from '../../disk/storage-error.js';
import { EngineError } from '../../errors.js';
import { LIMITS } from '../../limits.js';
import type { AppendWaiters } from '../append/append-waiters.js';
import type { LogWriter } from '../append/log-writer.js';
import {
  assumedStartKey,
  beginningKey,
  checkpointKey,
  cleanedKey,
  foreignEpochsKey,
  gapsKey,
  logStartKey,
} from '../durability/log-records.js';
import { writeLogStart } from '../durability/log-start-file.js';
import { NOWHERE } from '../state/offset-tracker.js';
import type { ProducerStates } from '../state/producer-state.js';
import type { ChangingLog } from './changing-log.js';
import { retireSegments } from './retire.js';

/** A log that begins anew. */
export interface BeginningLog extends ChangingLog {
  readonly producers: ProducerStates;
  readonly writer: LogWriter;
  /** Appends that were written and wait for the durable end. */
  readonly durableWaiters: AppendWaiters;
  readonly compaction: { truncated(endOffset: number): void };
  readonly marks: { forget(): void };
}

/**
 * See `PartitionLog.beginAt`. Called while no append, deletion or truncation runs, and no
 * checkpoint is taken. In this order, so that a crash anywhere leaves the log of before, or the new
 * one:
 *
 * 1. the catalog says that the log begins anew, and forgets what it knows of the old one; from here
 *    on an open finishes it (`finish-beginning.ts`);
 * 2. in memory the log is empty;
 * 3. the log start is written beside the log, and the old files go;
 * 4. the catalog forgets that they were to go.
 */
export async function beginAnew(log: BeginningLog, offset: number): Promise<void> {
  const { offsets, context, name } = log;
  await log.writer.settled();
  log.assertServing();
  checkBeginning(log, offset);
  try {
    await context.catalog.write([
      { key: beginningKey(name), value: offset },
      { key: logStartKey(name), value: offset },
      ...[assumedStartKey, checkpointKey, cleanedKey, gapsKey, foreignEpochsKey].map((keyOf) => ({
        key: keyOf(name),
        value: undefined,
      })),
    ]);
  } catch (error) {
    throw storageError(context.directory, `cannot begin ${log.folder} anew`, error);
  }
  log.assertServing();
  log.checkpoint.invalidate();
  log.checkpoint.reached({ offset: NOWHERE, segmentBase: NOWHERE, position: 0 });
  const gone = new EngineError('OFFSET_OUT_OF_RANGE', `the log has begun anew at ${offset}`);
  log.durableWaiters.rejectFrom(-1, gone);
  log.producers.forgetAll();
  log.epochs.forgetAll();
  log.compaction.truncated(0);
  log.marks.forget();
  const removed = log.segments.removePrefix(log.segments.count);
  offsets.begunAt(offset);
  try {
    await finishFiles(log, offset, removed);
  } catch (error) {
    // Memory and disk are at odds, which only another start can mend.
    throw context.directory.fail(`cannot begin ${log.folder} anew`, error);
  }
  log.assertServing();
  log.watermark.notify();
}

async function finishFiles(
  log: BeginningLog,
  offset: number,
  removed: Parameters<typeof retireSegments>[1],
): Promise<void> {
  const { disk, catalog } = log.context;
  if ((await disk.stat(log.folder)) !== null) await writeLogStart(disk, log.folder, offset);
  await retireSegments(log, removed);
  await catalog.write([{ key: beginningKey(log.name), value: undefined }]);
}

function checkBeginning({ offsets }: BeginningLog, offset: number): void {
  if (!(Number.isSafeInteger(offset) && offset >= 0 && offset <= LIMITS.replicaOffsetMax)) {
    throw new EngineError('OFFSET_OUT_OF_RANGE', `a log cannot begin at ${offset}`);
  }
  const isEmpty = offsets.logStart === offsets.logEnd;
  const { offset: committed } = offsets.highWatermark;
  if (offset >= committed || isEmpty) return;
  throw new EngineError(
    'BELOW_HIGH_WATERMARK',
    `the log is committed up to ${committed} and does not begin anew at ${offset}`,
    { offset },
  );
}
