import { storageError } from '../disk/storage-error.js';
import { EngineError } from '../errors.js';
import { rebuildSegment } from './index-cache.js';
import type { Log } from './log.js';
import { checkpointKey, encodeCheckpoint } from './log-records.js';
import type { LogPosition } from './offset-tracker.js';
import { findBatch } from './read.js';
import { retireSegments } from './shrink.js';

/**
 * See `PartitionLog.truncateTo`. A batch that straddles `offset` goes whole. The lowered checkpoint is durable before the files are cut, since a file shorter
 * than its checkpoint counts as damage; after a crash in between the old tail is found again, and the promise was never resolved.
 */
export async function truncateLog(log: Log, offset: number): Promise<void> {
  const { offsets, segments, context } = log;
  if (!(offset >= offsets.logStart)) {
    throw new EngineError(
      'OFFSET_OUT_OF_RANGE',
      `the log begins at ${offsets.logStart}, it cannot end at ${offset}`,
    );
  }
  await log.writer.settled();
  log.assertServing();
  if (offset >= offsets.logEnd) return;
  const found = findBatch(log, offset);
  if (!found) return;
  const { segment, position } = found;
  const end: LogPosition = { offset: found.baseOffset, segmentBase: segment.baseOffset, position };
  log.invalidateCheckpoints();
  const lost = new EngineError('OFFSET_OUT_OF_RANGE', `the log was truncated to ${end.offset}`);
  log.durableWaiters.rejectFrom(end.offset, lost);
  log.producers.truncateEnd(end.offset);
  log.epochs.truncateEnd(end.offset);
  const removed = segments.removeFrom(segment.baseOffset + 1);
  segment.size = position;
  segment.writtenSize = position;
  const fresh = rebuildSegment(segment, log.settings.indexIntervalBytes);
  segment.takeOver(fresh);
  offsets.truncated(end);
  const checkpoint = encodeCheckpoint({
    ...end,
    epochs: log.epochs.entries(),
    producers: log.producers.snapshot(end.offset),
  });
  try {
    await context.catalog.write([{ key: checkpointKey(log.name), value: checkpoint }]);
    log.checkpointed(end);
    await segment.file.truncate(position);
    await segment.file.datasync();
  } catch (error) {
    throw storageError(context.directory, `cannot cut ${segment.file.path}`, error);
  }
  await retireSegments(log, removed);
  log.notify();
}
