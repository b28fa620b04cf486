import { dirname, join } from 'node:path';
import type { Disk } from '../../disk/disk.js';
import { hasErrno } from '../../disk/errno.js';
import { segmentFileName } from '../../disk/file-names.js';
import { ownPath } from '../../disk/own-file.js';
import type { SegmentIndexes } from './noted-batches.js';
import { OFFSET_INDEX_ENTRY_SIZE, OffsetIndex } from './offset-index.js';
import type { Segment } from './segment.js';
import { TIME_INDEX_ENTRY_SIZE, TimeIndex } from './time-index.js';

export function indexPath(segment: Segment, kind: 'index' | 'timeindex'): string {
  return join(dirname(segment.file.path), segmentFileName(segment.baseOffset, kind));
}

/**
 * Writes to the index files, durably, the entries of written batches that are only in memory. One
 * call at a time per segment: `segment.saves.settled()` settles with it. The time index is written
 * first, so that after any crash it reaches as far as the offset index.
 */
export function saveIndexes(disk: Disk, segment: Segment): Promise<void> {
  return segment.saves.run(() => save(disk, segment));
}

async function save(disk: Disk, segment: Segment): Promise<void> {
  const { indexes } = segment.noted;
  if (indexes === null || segment.isRetired) return;
  const savedOffsets = segment.saves.offsetEntries;
  const savedTimes = segment.saves.timeEntries;
  // The entries are taken now: appends go on while the bytes are written.
  const { offsetCount, timeCount } = writtenEntries(segment, indexes);
  if (offsetCount < savedOffsets || timeCount < savedTimes) return;
  const { cuts } = segment;
  await writeEntries(disk, segment, indexes, [savedOffsets, offsetCount], [savedTimes, timeCount]);
  // A cut meanwhile may have replaced entries that were just written: then all are written again.
  const unchanged = segment.cuts === cuts;
  segment.saves.hold(unchanged ? offsetCount : 0, unchanged ? timeCount : 0);
}

/**
 * Writes the whole index files of a segment, durably, from indexes that were made from its headers.
 * It counts as one of the segment's saves.
 */
export function writeIndexes(disk: Disk, segment: Segment, indexes: SegmentIndexes): Promise<void> {
  return segment.saves.run(async () => {
    if (segment.isRetired) return;
    const { offsets, times } = indexes;
    await writeEntries(disk, segment, indexes, [0, offsets.count], [0, times.count]);
  });
}

type Slots = readonly [from: number, to: number];

async function writeEntries(
  disk: Disk,
  segment: Segment,
  { offsets, times }: SegmentIndexes,
  offsetSlots: Slots,
  timeSlots: Slots,
): Promise<void> {
  const offsetBytes = offsets.encode(...offsetSlots);
  const timeBytes = times.encode(...timeSlots);
  await writeAt(
    disk,
    indexPath(segment, 'timeindex'),
    timeBytes,
    timeSlots[0] * TIME_INDEX_ENTRY_SIZE,
  );
  await writeAt(
    disk,
    indexPath(segment, 'index'),
    offsetBytes,
    offsetSlots[0] * OFFSET_INDEX_ENTRY_SIZE,
  );
}

/** The number of entries of batches that are in the file: a staged batch may still be lost. */
function writtenEntries(
  segment: Segment,
  { offsets, times }: SegmentIndexes,
): { offsetCount: number; timeCount: number } {
  if (segment.writtenSize === segment.size) {
    return { offsetCount: offsets.count, timeCount: times.count };
  }
  const offsetCount = offsets.floorByPosition(segment.writtenSize - 1) + 1;
  return { offsetCount, timeCount: coveredEntries(offsets, offsetCount, times) };
}

/**
 * The number of entries of the time index that lie at or before the last of the first `count`
 * entries of the offset index.
 */
function coveredEntries(offsets: OffsetIndex, count: number, times: TimeIndex): number {
  const covered = count === 0 ? -1 : offsets.relativeOffsetAt(count - 1);
  let entries = times.count;
  while (entries > 0 && times.relativeOffsetAt(entries - 1) > covered) entries--;
  return entries;
}

/**
 * Removes from the index files, durably, all bytes that the segment does not count as saved:
 * entries of bytes that were cut, or garbage.
 */
export async function cutIndexFiles(disk: Disk, segment: Segment): Promise<void> {
  await segment.saves.settled();
  await cutFile(
    disk,
    indexPath(segment, 'index'),
    segment.saves.offsetEntries * OFFSET_INDEX_ENTRY_SIZE,
  );
  await cutFile(
    disk,
    indexPath(segment, 'timeindex'),
    segment.saves.timeEntries * TIME_INDEX_ENTRY_SIZE,
  );
}

async function cutFile(disk: Disk, path: string, size: number): Promise<void> {
  const found = await disk.stat(path);
  if (!found || found.size <= size) return;
  await ownPath(disk, path);
  const file = await disk.open(path, 'write');
  try {
    await file.truncate(size);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/**
 * The indexes of the first `trusted` bytes of a segment by its index files. Null when one is
 * missing or is no index. Entries beyond are left out.
 */
export function indexesFromFiles(
  files: { readonly index: Buffer | null; readonly timeindex: Buffer | null },
  trusted: number,
): SegmentIndexes | null {
  if (files.index === null || files.timeindex === null) return null;
  const offsets = OffsetIndex.decode(files.index);
  const times = TimeIndex.decode(files.timeindex);
  if (offsets === null || times === null) return null;
  offsets.truncate(offsets.floorByPosition(trusted - 1) + 1);
  times.truncate(coveredEntries(offsets, offsets.count, times));
  return { offsets, times };
}

/** Reads both index files in the middle of a synchronous path; null when one is missing. */
export function readIndexFilesSync(
  disk: Disk,
  segment: Segment,
): { index: Buffer; timeindex: Buffer } | null {
  if (segment.isRetired) return null;
  try {
    return {
      index: disk.readFileSync(indexPath(segment, 'index')),
      timeindex: disk.readFileSync(indexPath(segment, 'timeindex')),
    };
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

/** The bytes of both index files; null for one that is missing. */
export async function readIndexFiles(
  disk: Disk,
  segment: Segment,
): Promise<{ index: Buffer | null; timeindex: Buffer | null }> {
  return {
    index: await readIfThere(disk, indexPath(segment, 'index')),
    timeindex: await readIfThere(disk, indexPath(segment, 'timeindex')),
  };
}

async function readIfThere(disk: Disk, path: string): Promise<Buffer | null> {
  try {
    return await disk.readFile(path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

async function writeAt(disk: Disk, path: string, bytes: Buffer, position: number): Promise<void> {
  await ownPath(disk, path);
  const file = await disk.open(path, 'append');
  try {
    if (bytes.length > 0) await file.writev([bytes], position);
    await file.truncate(position + bytes.length);
    await file.datasync();
  } finally {
    await file.close();
  }
}
