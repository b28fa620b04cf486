import { storageError } from '../../disk/storage-error.js';
import { EngineError } from '../../errors.js';
import { LIMITS } from '../../limits.js';
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
import type { PartitionName } from '../partition-log.js';
import type { Segment } from '../segments/segment.js';
import type { LogContext } from '../shared/log-context.js';
import type { LogLife } from '../state/log-life.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import type { Compaction } from './compaction.js';
import type { LogMemory } from './log-memory.js';
import type { Retirement } from './retire.js';

/** A log that begins again at another offset, empty. */
export interface BeginningLog {
  readonly context: LogContext;
  readonly name: PartitionName;
  readonly folder: string;
  readonly offsets: OffsetTracker;
  readonly life: LogLife;
  readonly compaction: Compaction;
  readonly retirement: Retirement;
  readonly memory: LogMemory;
}

/**
 * Empties a log and lets it begin at `offset`, as `PartitionLog.beginAt` says. Called while no
 * append, deletion or truncation runs, and no checkpoint is taken. In this order, so that a crash
 * anywhere leaves the log of before, or the new one:
 *
 * 1. the catalog says that the log begins again, and forgets its entries of the old log; from here
 *    on an open finishes this (`finish-beginning.ts`);
 * 2. in memory the log is empty;
 * 3. the log start is written beside the log, and the old files are retired;
 * 4. the catalog forgets the mark of the first step.
 */
export async function beginAnew(log: BeginningLog, offset: number): Promise<void> {
  const { context, name, folder, life } = log;
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
    throw storageError(context.directory, `cannot begin ${folder} anew`, error);
  }
  life.assertServing();
  log.compaction.truncated(0);
  const removed = log.memory.beginAt(offset);
  try {
    await finishFiles(log, offset, removed);
  } catch (error) {
    // Memory and disk differ, which only another start can mend.
    throw context.directory.fail(`cannot begin ${folder} anew`, error);
  }
}

async function finishFiles(
  { context, name, folder, retirement }: BeginningLog,
  offset: number,
  removed: readonly Segment[],
): Promise<void> {
  const { disk, catalog } = context;
  if ((await disk.stat(folder)) !== null) await writeLogStart(disk, folder, offset);
  await retirement.retire(removed);
  await catalog.write([{ key: beginningKey(name), value: undefined }]);
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
