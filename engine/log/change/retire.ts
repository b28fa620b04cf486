import { join } from 'node:path';
import type { DiskFile } from '../../disk/disk.js';
import { hasErrno } from '../../disk/errno.js';
import {
  SEGMENT_FILE_KINDS,
  type SegmentFileKind,
  segmentFileName,
} from '../../disk/file-names.js';
import { LIMITS } from '../../limits.js';
import { cutDown } from '../../maintenance/cut-down.js';
import type { Segment } from '../segments/segment.js';
import type { ChangingLog } from './changing-log.js';

/**
 * Takes files of segments that are off the list out of the way: renamed at once, unlinked after
 * `file.delete.delay.ms`, so that readers finish. A stop in between leaves `.deleted` files, which
 * the next open removes.
 */
export async function retireSegments(log: ChangingLog, removed: readonly Segment[]): Promise<void> {
  log.context.counters.segmentsDeleted += removed.length;
  await renameToDeleted(log, removed);
  unlinkLater(log, removed);
}

/** First half: the new names are durable when it resolves. */
export async function renameToDeleted(
  log: ChangingLog,
  removed: readonly Segment[],
): Promise<void> {
  const { disk, directory } = log.context;
  try {
    for (const segment of removed) {
      forgetSegment(log, segment);
      await segment.saves.settled();
      for (const kind of SEGMENT_FILE_KINDS) {
        const from = join(log.folder, segmentFileName(segment.baseOffset, kind));
        const to = deletedPath(log, segment, kind);
        if ((await renameIfThere(log, from, to)) && kind === 'log') segment.file.renamed(to);
      }
    }
    if (removed.length > 0) await disk.syncDirectory(log.folder);
  } catch (error) {
    throw directory.fail(`cannot rename segments in ${log.folder}`, error);
  }
}

/**
 * Second half: the pool unlinks the files after `file.delete.delay.ms`, those of some segments at a
 * time.
 */
export function unlinkLater(log: ChangingLog, removed: readonly Segment[]): void {
  if (removed.length === 0) return;
  const { clock, logger } = log.context;
  clock.schedule(log.settings.fileDeleteDelayMs, () =>
    unlinkRetired(log, removed).catch((error: unknown) => {
      // The next open goes on.
      if (hasErrno(error, 'ABORTED')) return;
      logger.warn({ folder: log.folder, error }, 'files of deleted segments could not be removed');
    }),
  );
}

async function unlinkRetired(log: ChangingLog, removed: readonly Segment[]): Promise<void> {
  const { clock, jobs, cutting } = log.context;
  const cut = (file: DiskFile): Promise<void> =>
    cutting.run(() => cutDown(file, clock, () => log.hasEnded));
  for (let from = 0; from < removed.length; from += LIMITS.segmentsRetiredAtATime) {
    const some = removed.slice(from, from + LIMITS.segmentsRetiredAtATime);
    const closing = some.map(({ file, size }) =>
      file.forget(size > LIMITS.cutPieceBytes ? cut : undefined),
    );
    await Promise.all(closing);
    const paths = some.flatMap((segment) =>
      SEGMENT_FILE_KINDS.map((kind) => deletedPath(log, segment, kind)),
    );
    await jobs.run('unlink', { paths });
  }
}

function deletedPath(log: ChangingLog, { baseOffset }: Segment, kind: SegmentFileKind): string {
  return join(log.folder, segmentFileName(baseOffset, kind, 'deleted'));
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

/** Nothing is kept of a segment that is off the list. */
export function forgetSegment(log: ChangingLog, segment: Segment): void {
  segment.retire();
  log.context.indexCache.forget(segment);
  log.sealing.forget(segment);
  log.unsynced.dropFile(segment.file);
}
