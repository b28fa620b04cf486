import { dirname, join } from 'node:path';
import type { Disk } from '../disk/disk.js';
import { hasErrno } from '../disk/errno.js';
import { segmentFileName } from '../disk/file-names.js';
import { OFFSET_INDEX_ENTRY_SIZE, OffsetIndex } from './offset-index.js';
import type { Segment, SegmentIndexes } from './segment.js';
import { TIME_INDEX_ENTRY_SIZE, TimeIndex } from './time-index.js';

export function indexPath(segment: Segment, kind: 'index' | 'timeindex'): string {
  return join(dirname(segment.file.path), segmentFileName(segment.baseOffset, kind));
}

/**
 * Writes to the index files the entries that are in memory only; one call at a time per segment. With `sync` they are durable when it resolves; without, they may be lost
 * and are rebuilt, which costs a scan of the segment's headers.
 */
export async function saveIndexes(disk: Disk, segment: Segment, sync: boolean): Promise<void> {
  const indexes = segment.indexes;
  if (indexes === null) return;
  const { offsets, times } = indexes;
  const savedOffsets = segment.savedOffsetEntries;
  const savedTimes = segment.savedTimeEntries;
  // Taken now: appends go on while the bytes are written.
  const offsetBytes = offsets.encode(savedOffsets);
  const timeBytes = times.encode(savedTimes);
  const offsetCount = offsets.count;
  const timeCount = times.count;
  const cuts = segment.cuts;
  await writeAt(
    disk,
    indexPath(segment, 'index'),
    offsetBytes,
    savedOffsets * OFFSET_INDEX_ENTRY_SIZE,
    sync,
  );
  await writeAt(
    disk,
    indexPath(segment, 'timeindex'),
    timeBytes,
    savedTimes * TIME_INDEX_ENTRY_SIZE,
    sync,
  );
  // A cut meanwhile may have replaced entries that were just written: then all are written again.
  const unchanged = segment.cuts === cuts;
  segment.savedOffsetEntries = unchanged ? offsetCount : 0;
  segment.savedTimeEntries = unchanged ? timeCount : 0;
  segment.hasIndexFiles = true;
}

/**
 * The indexes of a segment of which only the first `trusted` bytes count; null when a file is missing or is no index. What the files have beyond that is
 * left out, and will be overwritten.
 */
export async function loadIndexes(
  disk: Disk,
  segment: Segment,
  trusted: number,
): Promise<SegmentIndexes | null> {
  const offsetBytes = await readIfThere(disk, indexPath(segment, 'index'));
  const timeBytes = await readIfThere(disk, indexPath(segment, 'timeindex'));
  if (offsetBytes === null || timeBytes === null) return null;
  const offsets = OffsetIndex.decode(offsetBytes);
  const times = TimeIndex.decode(timeBytes);
  if (offsets === null || times === null) return null;
  segment.hasIndexFiles = true;
  offsets.truncate(offsets.floorByPosition(trusted - 1) + 1);
  const last = offsets.count - 1;
  const covered = last < 0 ? -1 : offsets.relativeOffsetAt(last);
  let timeEntries = times.count;
  while (timeEntries > 0 && times.relativeOffsetAt(timeEntries - 1) > covered) timeEntries--;
  times.truncate(timeEntries);
  segment.savedOffsetEntries = offsets.count;
  segment.savedTimeEntries = times.count;
  return { offsets, times };
}

async function readIfThere(disk: Disk, path: string): Promise<Buffer | null> {
  try {
    return await disk.readFile(path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

async function writeAt(
  disk: Disk,
  path: string,
  bytes: Buffer,
  position: number,
  sync: boolean,
): Promise<void> {
  const file = await disk.open(path, 'append');
  try {
    if (bytes.length > 0) await file.writev([bytes], position);
    await file.truncate(position + bytes.length);
    if (sync) await file.datasync();
  } finally {
    await file.close();
  }
}
