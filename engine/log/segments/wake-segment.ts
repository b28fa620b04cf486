import { maxTimestamp } from '../../batch/header.js';
import { storageError } from '../../disk/storage-error.js';
import { LIMITS } from '../../limits.js';
import { appendsRefused } from './corrupt-at.js';
import { walkHeaders } from './header-walk.js';
import { indexesFromFiles, readIndexFiles, readIndexFilesSync } from './index-files.js';
import { NotedBatches, type SegmentIndexes } from './noted-batches.js';
import type { Segment } from './segment.js';
import type { SegmentOwner } from './segment-owner.js';
import { bytesToWalk, resumeInSlices, resumeSegment } from './segment-resume.js';

/**
 * Brings back the indexes of an active segment that was left asleep when its log was opened:
 * synchronously, right before its first append, from its index files and the few headers behind
 * their last entry. False, with nothing done, when there are many such headers: then `wakeInSlices`
 * does it.
 *
 * @throws EngineError DAMAGED_LOG, with the segment still asleep, when its headers do not lead to
 *   its end
 */
export function wakeSegment(log: SegmentOwner, segment: Segment): boolean {
  const { disk, indexCache } = log.context;
  const { size } = segment;
  const files = readIndexFilesSync(disk, segment);
  const found = files && indexesFromFiles(files, size);
  if (bytesToWalk(segment, found, size) > LIMITS.indexWalkAtOnceBytes) return false;
  indexCache.forget(segment);
  const saved = savedIn(found);
  const fresh = NotedBatches.none(segment.baseOffset);
  const resumed = resumeSegment(segment, fresh, found, size, log.settings.indexIntervalBytes);
  if (resumed.reached !== size) {
    throw appendsRefused(log, segment, resumed.reached, resumed.nextOffset);
  }
  segment.takeOver(fresh, !resumed.fromFiles);
  awake(log, segment, resumed.fromFiles, saved);
  return true;
}

/**
 * `wakeSegment` for a segment of many headers, on the thread pool and in slices. Does nothing when
 * the log has no sleeping segment. When another caller, or a truncation, came first, the segment
 * stays as that has left it.
 *
 * @throws EngineError DAMAGED_LOG, STORAGE_OFFLINE, STORAGE_BUSY
 */
export async function wakeInSlices(log: SegmentOwner): Promise<void> {
  const segment = log.segments.active;
  if (segment === undefined || segment.noted.indexes !== null) return;
  try {
    await wakeSlowly(log, segment);
  } catch (error) {
    // A log that was closed or deleted has lost its files as well; the append says so.
    if (log.life.hasEnded) return;
    throw storageError(log.context.directory, `cannot read ${segment.file.path}`, error);
  }
}

async function wakeSlowly(log: SegmentOwner, segment: Segment): Promise<void> {
  const { disk, indexCache, slices } = log.context;
  const { size, cuts } = segment;
  const found = indexesFromFiles(await readIndexFiles(disk, segment), size);
  const saved = savedIn(found);
  const fresh = NotedBatches.none(segment.baseOffset);
  const { indexIntervalBytes } = log.settings;
  const resumed = await resumeInSlices(segment, fresh, found, size, indexIntervalBytes, slices);
  const isSame = log.segments.active === segment && segment.cuts === cuts;
  if (log.life.hasEnded || !isSame || segment.noted.indexes !== null) return;
  if (resumed.reached !== size) {
    throw appendsRefused(log, segment, resumed.reached, resumed.nextOffset);
  }
  indexCache.forget(segment);
  segment.takeOver(fresh);
  awake(log, segment, resumed.fromFiles, saved);
}

/** Entries of both index files. */
interface SavedEntries {
  readonly offsets: number;
  readonly times: number;
}

/** It is called before the indexes grow. */
function savedIn(found: SegmentIndexes | null): SavedEntries {
  return { offsets: found?.offsets.count ?? 0, times: found?.times.count ?? 0 };
}

function awake(log: SegmentOwner, segment: Segment, fromFiles: boolean, saved: SavedEntries): void {
  if (fromFiles) segment.saves.hold(saved.offsets, saved.times);
  else if (saved.offsets > 0) log.context.counters.indexRebuilds++;
  readFirstTimestamp(segment);
}

/** Segments roll by the age of their first batch, which no index has. */
export function readFirstTimestamp(segment: Segment, end: number = segment.size): void {
  walkHeaders(segment.file, 0, end, null, (header) => {
    segment.noted.adoptFirstTimestamp(maxTimestamp(header.bytes, header.at));
    return true;
  });
}
