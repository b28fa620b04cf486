import { hasErrno } from '../../disk/errno.js';
import type { ByteMeter } from '../../log-progress.js';
import type { Jobs } from '../../maintenance/job-runner.js';
import type { DamagedBatch, ScrubResult } from '../partition-log.js';
import { corruptAt, missingBehind } from '../segments/corrupt-at.js';
import { orderOf } from '../segments/header-order.js';
import { isMissingBehind } from '../segments/missing-segments.js';
import type { Segment } from '../segments/segment.js';
import type { LogContext } from '../shared/log-context.js';
import type { ReadableLog } from './readable-log.js';

/** The log that a job reads. */
type ScrubbedLog = ReadableLog & { readonly context: Pick<LogContext, 'jobs'> };

/**
 * Scrubs a log, as `PartitionLog.scrub` promises. A maintenance job reads the bytes, by path, while
 * the log goes on: a finding in a segment that was cut or deleted meanwhile does not count.
 */
export async function scrubLog(log: ScrubbedLog, meter: ByteMeter): Promise<ScrubResult> {
  log.life.assertServing();
  let batches = 0;
  let damaged: DamagedBatch | null = null;
  const segments = [...log.segments.all()];
  meter.expects(segments.reduce((sum, segment) => sum + durableSize(log, segment), 0));
  for (const segment of segments) {
    const found = await scrubSegment(log, segment);
    log.life.assertServing();
    meter.did(found?.endPosition ?? 0);
    if (found === null) continue;
    batches += found.batches;
    const problem = judge(log, segment, found);
    damaged ??= problem;
  }
  return { batches, damaged };
}

/** `endPosition`: the segment was read up to there. */
type SegmentScrub = Jobs['scrub']['output'] & { readonly endPosition: number };

/**
 * The damage in the segment, or its end when the next segment is missing. Readers of the log get
 * it, too.
 */
function judge(
  log: ScrubbedLog,
  segment: Segment,
  { bad, nextOffset, endPosition }: SegmentScrub,
): DamagedBatch | null {
  const { path } = segment.file;
  if (bad !== null) {
    corruptAt(log, segment, bad.position, bad.expectedOffset);
    return { path, position: bad.position, offset: bad.expectedOffset };
  }
  const next = log.segments.after(segment);
  const isLive = log.segments.floor(segment.baseOffset) === segment;
  if (next === undefined || !isLive || endPosition < segment.size) return null;
  if (!isMissingBehind(nextOffset, next.baseOffset, log.offsets.logStart)) return null;
  missingBehind(log, segment, nextOffset, next);
  return { path, position: segment.size, offset: nextOffset };
}

/** Null when the segment is gone. */
async function scrubSegment(log: ScrubbedLog, segment: Segment): Promise<SegmentScrub | null> {
  for (;;) {
    const { cuts } = segment;
    const { path } = segment.file;
    const isLive = (): boolean => log.segments.floor(segment.baseOffset) === segment;
    if (!isLive()) return null;
    const endPosition = durableSize(log, segment);
    try {
      const found = await log.context.jobs.run('scrub', {
        ...orderOf(log, segment, log.segments.after(segment)?.baseOffset ?? log.offsets.logEnd),
        path,
        endPosition,
      });
      if (!isLive()) return found.bad === null ? { ...found, endPosition } : null;
      if (segment.cuts === cuts) return { ...found, endPosition };
    } catch (error) {
      if (!hasErrno(error, 'ENOENT')) throw error;
      if (!isLive()) return null;
      // The file may have been renamed: a compaction was publishing it.
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
