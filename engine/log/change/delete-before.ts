import { storageError } from '../../disk/storage-error.js';
import { EngineError } from '../../errors.js';
import { LIMITS } from '../../limits.js';
import { writeLogStart } from '../durability/log-start-file.js';
import type { ChangingLog } from './changing-log.js';
import { removeBelow, rollBesideOthers, storeLogStart } from './remove-below.js';

/**
 * See `PartitionLog.deleteBefore`. The new start is durable, in the catalog and beside the log,
 * before anything goes.
 */
export async function deleteBefore(log: ChangingLog, offset: number): Promise<number> {
  const { offsets, context, segments } = log;
  if (!(Number.isSafeInteger(offset) && offset >= 0 && offset <= offsets.highWatermark.offset)) {
    throw new EngineError(
      'OFFSET_OUT_OF_RANGE',
      `records are deleted up to the high watermark ${offsets.highWatermark.offset}, not ${offset}`,
    );
  }
  if (offset <= offsets.logStart) return offsets.logStart;
  try {
    if (segments.count > 0) await writeLogStart(context.disk, log.folder, offset);
  } catch (error) {
    throw storageError(context.directory, `cannot write to ${log.folder}`, error);
  }
  await storeLogStart(log, offset);
  offsets.startedAt(offset);
  log.epochs.truncateStart(offsets.logStart);
  log.watermark.notify();
  if (segments.countBelow(offset) <= LIMITS.segmentsRetiredAtATime) await removeBelowStart(log);
  // Many take a while, for which nobody waits: what is left of them by a failure retention takes.
  else log.changeSegments(() => removeBelowStart(log)).catch(() => {});
  return offsets.logStart;
}

/**
 * Removes segments that lie wholly below the log start. An active one that does is rolled first.
 */
async function removeBelowStart(log: ChangingLog): Promise<void> {
  const { segments, offsets } = log;
  if (segments.active && segments.active.size > 0 && offsets.logEnd === offsets.logStart)
    await rollBesideOthers(log);
  const kept = segments.floor(offsets.logStart);
  if (kept) await removeBelow(log, kept.baseOffset, () => 'below the log start offset');
}
