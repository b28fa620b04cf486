import { join } from 'node:path';
import { hasErrno } from '../../disk/errno.js';
import { type SegmentFileState, segmentFileName } from '../../disk/file-names.js';
import { storageError } from '../../disk/storage-error.js';
import type { RewriteOutput } from '../../maintenance/job-runner.js';
import { indexesFromFiles } from '../segments/index-files.js';
import { Segment } from '../segments/segment.js';
import type { SegmentList } from '../segments/segment-list.js';
import type { LogContext } from '../shared/log-context.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import type { Retirement } from './retire.js';

/** The log of which segments are replaced. */
export interface SwappedLog {
  readonly context: LogContext;
  readonly folder: string;
  readonly segments: SegmentList;
  readonly offsets: OffsetTracker;
  readonly retirement: Retirement;
}

/** The indexes come first: a reader that finds the log finds them, too. */
const KINDS = ['timeindex', 'index', 'log'] as const;

type PathOf = (kind: (typeof KINDS)[number], state: SegmentFileState | null) => string;

/**
 * Publishes the output of a rewrite of `sources`, neighbours of which none takes appends. Called
 * while nothing else changes the list of segments. In this order, so that a crash at any step has
 * one repair (`finish-swaps.ts`):
 *
 * 1. the `.cleaned` files, durable with their names, become `.swap`, the log last; then the folder
 *    is synced. Until here the log is as it was, and a crash or a full disk leaves it so; from here
 *    on the new segment counts.
 * 2. In memory it takes the place of the sources. Readers that have a slice of an old file keep it.
 * 3. The sources become `.deleted`, the last one first, and the folder is synced: two segments with
 *    the same records never stand side by side.
 * 4. `.swap` goes from the new files' names, the log last, and the folder is synced.
 * 5. The old files are unlinked after `file.delete.delay.ms`.
 *
 * Rejects STORAGE_FULL, STORAGE_BUSY while nothing has happened; STORAGE_OFFLINE.
 */
export async function swapSegments(
  log: SwappedLog,
  sources: readonly Segment[],
  made: RewriteOutput,
): Promise<Segment> {
  const { disk, directory, indexCache } = log.context;
  const first = sources[0]!;
  const pathOf: PathOf = (kind, state) =>
    join(log.folder, segmentFileName(first.baseOffset, kind, state));

  const segment = newSegment(log, first, pathOf('log', 'cleaned'), made, {
    index: await disk.readFile(pathOf('index', 'cleaned')),
    timeindex: await disk.readFile(pathOf('timeindex', 'cleaned')),
  });
  const { file } = segment;
  try {
    // The file stays open: readers must not look for it under a name that it is about to lose.
    file.pin();
  } catch (error) {
    await undo(log, pathOf);
    throw storageError(directory, `cannot open ${file.path}`, error);
  }
  try {
    await beginSwap(log, pathOf);
    file.renamed(pathOf('log', 'swap'));
    await finishSwap(log, sources, segment, pathOf);
  } finally {
    file.unpin();
  }
  indexCache.adopt(segment);
  return segment;
}

async function beginSwap(log: SwappedLog, pathOf: PathOf): Promise<void> {
  const { disk, directory } = log.context;
  try {
    for (const kind of KINDS) await disk.rename(pathOf(kind, 'cleaned'), pathOf(kind, 'swap'));
  } catch (error) {
    const failure = storageError(directory, `cannot rename files in ${log.folder}`, error);
    await undo(log, pathOf);
    throw failure;
  }
}

/** The next open finds .swap files and goes on from wherever this was left. */
async function finishSwap(
  log: SwappedLog,
  sources: readonly Segment[],
  segment: Segment,
  pathOf: PathOf,
): Promise<void> {
  const { disk, directory } = log.context;
  try {
    await disk.syncDirectory(log.folder);
    takePlace(log, sources, segment);
    await log.retirement.rename([...sources].reverse());
    for (const kind of KINDS) await disk.rename(pathOf(kind, 'swap'), pathOf(kind, null));
    segment.file.renamed(pathOf('log', null));
    await disk.syncDirectory(log.folder);
    log.retirement.unlinkLater(sources);
  } catch (error) {
    throw directory.fail(`cannot publish a compacted segment in ${log.folder}`, error);
  }
}

function newSegment(
  log: SwappedLog,
  first: Segment,
  path: string,
  made: RewriteOutput,
  files: { index: Buffer; timeindex: Buffer },
): Segment {
  const segment = new Segment({
    baseOffset: first.baseOffset,
    file: log.context.files.file(path),
    size: made.sizeBytes,
    createdMs: first.age.createdMs,
    rollJitterMs: first.age.rollJitterMs,
    indexes: indexesFromFiles(files, made.sizeBytes),
    isGapless: false,
  });
  segment.noted.adoptTimes(made);
  const { indexes } = segment.noted;
  segment.saves.hold(indexes?.offsets.count ?? 0, indexes?.times.count ?? 0);
  return segment;
}

function takePlace(log: SwappedLog, sources: readonly Segment[], segment: Segment): void {
  const { segments, offsets } = log;
  for (const source of sources) {
    segment.age.changed(Math.max(segment.age.changedMs, source.age.changedMs));
    log.retirement.forget(source);
  }
  segments.replace(sources, segment);
  const next = segments.after(segment)!;
  offsets.moveEnds(next.baseOffset);
}

/** Removes the files again: the log is as it was. */
async function undo(log: SwappedLog, pathOf: PathOf): Promise<void> {
  const { disk } = log.context;
  for (const kind of KINDS) {
    for (const state of ['cleaned', 'swap'] as const) {
      try {
        await disk.unlink(pathOf(kind, state));
      } catch (error) {
        // The next open removes files that cannot be removed now: without a log file they do not
        // count.
        if (!hasErrno(error, 'ENOENT')) return;
      }
    }
  }
}
