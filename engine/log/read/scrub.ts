import { hasErrno } from '../../disk/errno.js';
import type { DamagedBatch, ScrubResult } from '../partition-log.js';
import { corruptAt } from '../segments/corrupt-at.js';
import { orderOf } from '../segments/header-order.js';
import type { Segment } from '../segments/segment.js';
import type { ReadableLog } from './readable-log.js';

/**
 * See `PartitionLog.scrub`. The bytes are read in a maintenance job, by path, while the log goes on: a verdict about a segment
 * that was cut or deleted meanwhile does not count.
 */
export async function scrubLog(log: ReadableLog): Promise<ScrubResult> {
  let batches = 0;
  let damaged: DamagedBatch | null = null;
  for (const segment of [...log.segments.all()]) {
    const found = await scrubSegment(log, segment);
    log.assertServing();
    if (found === null) continue;
    batches += found.batches;
    if (found.bad === null) continue;
    corruptAt(log, segment, found.bad.position, found.bad.expectedOffset);
    damaged ??= {
      path: segment.file.path,
      position: found.bad.position,
      offset: found.bad.expectedOffset,
    };
  }
  return { batches, damaged };
}

/** Null when the segment is gone. */
async function scrubSegment(
  log: ReadableLog,
  segment: Segment,
): Promise<{
  batches: number;
  bad: { position: number; expectedOffset: number } | null;
} | null> {
  for (;;) {
    const { cuts } = segment;
    const { path } = segment.file;
    const isLive = (): boolean => log.segments.floor(segment.baseOffset) === segment;
    if (!isLive()) return null;
    try {
      const found = await log.context.jobs.run('scrub', {
        ...orderOf(log, segment, log.segments.after(segment)?.baseOffset ?? log.offsets.logEnd),
        path,
        endPosition: durableSize(log, segment),
      });
      if (found.bad === null) return found;
      if (!isLive()) return null;
      if (segment.cuts === cuts) return found;
    } catch (error) {
      if (!hasErrno(error, 'ENOENT')) throw error;
      if (!isLive()) return null;
      // It may have been renamed: a compaction was publishing it.
      if (segment.file.path === path) throw error;
    }
  }
}

/** Bytes of the segment that are durable: only those are certain to stay as they are. */
function durableSize(log: ReadableLog, segment: Segment): number {
  const { durable } = log.offsets;
  if (segment.baseOffset < durable.segmentBase) return segment.writtenSize;
  return segment.baseOffset === durable.segmentBase ? durable.position : 0;
}
