import { join } from 'node:path';
import { timestampNumber } from '../../batch/timestamp.js';
import type { DiskFile } from '../../disk/disk.js';
import { hasErrno } from '../../disk/errno.js';
import { SEGMENT_FILE_KINDS, segmentFileName } from '../../disk/file-names.js';
import { storageError } from '../../disk/storage-error.js';
import { EngineError } from '../../errors.js';
import { LIMITS } from '../../limits.js';
import { cutDown } from '../../maintenance/cut-down.js';
import { deletableSegments, type RetentionReason } from '../../maintenance/retention-policy.js';
import { logStartKey } from '../durability/log-records.js';
import { writeLogStart } from '../durability/log-start-file.js';
import type { Segment } from '../segments/segment.js';
import type { ChangingLog } from './changing-log.js';

/** See `PartitionLog.deleteBefore`. The new start is durable, in the catalog and beside the log, before anything goes. */
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
  await removeBelowStart(log);
  return offsets.logStart;
}

/** Of the segments below it, a crash may then leave any: they are not missed. */
async function storeLogStart(log: ChangingLog, offset: number): Promise<void> {
  const { catalog, directory } = log.context;
  try {
    await catalog.write([{ key: logStartKey(log.name), value: offset }]);
  } catch (error) {
    throw storageError(directory, `cannot store the log start offset of ${log.folder}`, error);
  }
  log.assertServing();
}

/** Removes segments that lie wholly below the log start. An active one that does is rolled first. */
async function removeBelowStart(log: ChangingLog): Promise<void> {
  const { segments, offsets } = log;
  if (segments.active && segments.active.size > 0 && offsets.logEnd === offsets.logStart)
    await rollBesideOthers(log);
  const kept = segments.floor(offsets.logStart);
  if (kept) await removeBelow(log, kept.baseOffset, () => 'below the log start offset');
}

/** One commit wakes many logs whose starts have moved: each makes a file on the event loop, and others are served in between. */
async function rollBesideOthers(log: ChangingLog): Promise<void> {
  const { rolling, slices } = log.context;
  await rolling.run(async () => {
    await log.roll();
    const pause = slices.begin().did(LIMITS.newSegmentElements);
    if (pause !== null) await pause;
  });
}

/** See `PartitionLog.applyRetention`. */
export async function retain(log: ChangingLog): Promise<{ segments: number; bytes: number }> {
  const { settings, offsets, context } = log;
  if (!settings.deletes) return { segments: 0, bytes: 0 };
  const all = log.segments.all();
  const reasons = deletableSegments(
    all.map((segment, at) => ({
      sizeBytes: segment.size,
      newestMs: () => newestMs(log, segment),
      endOffset: all[at + 1]?.baseOffset ?? offsets.logEnd,
    })),
    {
      retentionMs: settings.retentionMs,
      retentionBytes: settings.retentionBytes,
      nowMs: context.clock.wallMs(),
      highWatermark: offsets.highWatermark.offset,
    },
  );
  const count = reasons.length;
  if (count === 0) return { segments: 0, bytes: 0 };
  // The active segment goes only when a new one has taken its place.
  if (count === all.length) await rollBesideOthers(log);
  const removable = Math.min(count, log.segments.count - 1);
  const startOffset = log.segments.all()[removable]!.baseOffset;
  if (startOffset > offsets.logStart) {
    await storeLogStart(log, startOffset);
    offsets.startedAt(startOffset);
  }
  log.epochs.truncateStart(offsets.logStart);
  log.watermark.notify();
  return removeBelow(log, startOffset, (at) => RETENTION_WORDS[reasons[at] ?? 'time']);
}

const RETENTION_WORDS: Record<RetentionReason, string> = {
  time: 'its newest record is older than retention.ms',
  size: 'the log is larger than retention.bytes',
};

/**
 * Largest timestamp of a segment; the time of its last change where no record has one; Infinity while its index is being rebuilt. May
 * have to read its index.
 */
export function newestMs(log: ChangingLog, segment: Segment): number {
  try {
    if (segment.largestTimestampMs === null)
      log.context.indexCache.of(segment, log.settings.indexIntervalBytes);
  } catch (error) {
    // The next look finds it.
    if (error instanceof EngineError && error.code === 'INDEX_REBUILDING') {
      return Number.POSITIVE_INFINITY;
    }
    throw error;
  }
  const largestMs = segment.largestTimestampMs ?? -1;
  return largestMs >= 0 ? timestampNumber(largestMs) : segment.changedMs;
}

/** Removes the segments that begin below `baseOffset`, of those that recovery does not need. `why` says it for each, numbered from 0. */
async function removeBelow(
  log: ChangingLog,
  baseOffset: number,
  why: (at: number) => string,
): Promise<{ segments: number; bytes: number }> {
  const { checkpoints } = log.context;
  // A file that a checkpoint names is missed at the next open: it goes after one that names a later file.
  if (log.checkpoint.segmentBase < baseOffset) {
    checkpoints.markDirty(log.checkpointTarget);
    await checkpoints.run();
    log.assertServing();
  }
  const limit = Math.min(baseOffset, log.checkpoint.segmentBase);
  const kept = log.segments.all().findIndex((segment) => segment.baseOffset >= limit);
  const removed = kept > 0 ? log.segments.removePrefix(kept) : [];
  let bytes = 0;
  for (const segment of removed) bytes += segment.size;
  const files = removed.map(({ file }) => file.path);
  await retireSegments(log, removed);
  const { topic, partition } = log.name;
  for (const [at, { baseOffset, size }] of removed.entries()) {
    const fields = { topic, partition, baseOffset, file: files[at], bytes: size, why: why(at) };
    log.context.logger.info(fields, 'segment deleted');
  }
  return { segments: removed.length, bytes };
}

/**
 * Takes files of segments that are off the list out of the way: renamed at once, unlinked after `file.delete.delay.ms`, so
 * that readers finish. A stop in between leaves `.deleted` files, which the next open removes.
 */
export async function retireSegments(log: ChangingLog, removed: readonly Segment[]): Promise<void> {
  log.context.counters.segmentsDeleted += removed.length;
  unlinkLater(log, removed, await renameToDeleted(log, removed));
}

/** First half: returns the new paths, once they are durable. */
export async function renameToDeleted(
  log: ChangingLog,
  removed: readonly Segment[],
): Promise<string[]> {
  const { disk, directory, indexCache } = log.context;
  const paths: string[] = [];
  try {
    for (const segment of removed) {
      segment.retire();
      indexCache.forget(segment);
      log.sealing.forget(segment);
      log.unsynced.dropFile(segment.file);
      await segment.saves.settled();
      for (const kind of SEGMENT_FILE_KINDS) {
        const from = join(log.folder, segmentFileName(segment.baseOffset, kind));
        const to = join(log.folder, segmentFileName(segment.baseOffset, kind, 'deleted'));
        if (!(await renameIfThere(log, from, to))) continue;
        if (kind === 'log') segment.file.renamed(to);
        paths.push(to);
      }
    }
    if (removed.length > 0) await disk.syncDirectory(log.folder);
    return paths;
  } catch (error) {
    throw directory.fail(`cannot rename segments in ${log.folder}`, error);
  }
}

/** Second half: the pool unlinks the files after `file.delete.delay.ms`. */
export function unlinkLater(
  log: ChangingLog,
  removed: readonly Segment[],
  paths: readonly string[],
): void {
  if (paths.length === 0) return;
  const { clock, jobs, logger, cutting } = log.context;
  const cut = (file: DiskFile): Promise<void> =>
    cutting.run(() => cutDown(file, clock, () => log.hasEnded));
  clock.schedule(log.settings.fileDeleteDelayMs, () => {
    const closing = removed.map(({ file, size }) =>
      file.forget(size > LIMITS.cutPieceBytes ? cut : undefined),
    );
    return Promise.all(closing)
      .then(() => jobs.run('unlink', { paths }))
      .catch((error: unknown) => {
        // The next open goes on.
        if (hasErrno(error, 'ABORTED')) return;
        logger.warn(
          { folder: log.folder, error },
          'files of deleted segments could not be removed',
        );
      });
  });
}

async function renameIfThere(log: ChangingLog, from: string, to: string): Promise<boolean> {
  try {
    await log.context.disk.rename(from, to);
    return true;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false;
    throw error;
  }
}
