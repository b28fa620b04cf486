import { EngineError } from '../../errors.js';
import { LIMITS } from '../../limits.js';
import type { ActiveSegment } from '../append/active-segment.js';
import type { SegmentList } from '../segments/segment-list.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import type { Changes } from './changes.js';
import type { LogStart } from './log-start.js';
import type { Removal } from './remove-below.js';

/** The log whose beginning is deleted. */
export interface DeletingLog {
  readonly segments: SegmentList;
  readonly offsets: OffsetTracker;
  readonly active: ActiveSegment;
  readonly changes: Changes;
  readonly start: LogStart;
  readonly removal: Removal;
}

/**
 * Moves the log start offset, as `PartitionLog.deleteBefore` promises. The new start is durable, in
 * the catalog and beside the log, before any file is removed.
 */
export async function deleteBefore(log: DeletingLog, offset: number): Promise<number> {
  const { offsets, segments, start } = log;
  if (!(Number.isSafeInteger(offset) && offset >= 0 && offset <= offsets.highWatermark.offset)) {
    throw new EngineError(
      'OFFSET_OUT_OF_RANGE',
      `records are deleted up to the high watermark ${offsets.highWatermark.offset}, not ${offset}`,
    );
  }
  if (offset <= offsets.logStart) return offsets.logStart;
  if (segments.count > 0) await start.writeBeside(offset);
  await start.moveTo(offset);
  start.moved();
  if (segments.countBelow(offset) <= LIMITS.segmentsRetiredAtATime) await removeBelowStart(log);
  // Many segments take a while, for which the caller does not wait; retention removes segments that
  // a failure leaves.
  else log.changes.run(() => removeBelowStart(log)).catch(() => {});
  return offsets.logStart;
}

/**
 * Removes segments that lie wholly below the log start. An active one that does is rolled first.
 */
async function removeBelowStart(log: DeletingLog): Promise<void> {
  const { segments, offsets } = log;
  if (segments.active && segments.active.size > 0 && offsets.logEnd === offsets.logStart)
    await log.active.rollBesideOthers();
  const kept = segments.floor(offsets.logStart);
  if (kept) await log.removal.below(kept.baseOffset, () => 'below the log start offset');
}
