import { readError } from '../../disk/storage-error.js';
import type { SegmentIndexes } from '../segments/noted-batches.js';
import type { Segment } from '../segments/segment.js';
import type { ReadableLog } from './readable-log.js';

/**
 * An offset below `offset` from which a read of `maxBytes` reaches it, or of one batch where that
 * is larger, as far as the indexes tell: for readers that go backwards, which ask for one block
 * after another. Not below the segment that holds the record before `offset`. No batch is looked
 * at, so it is a hint: what is read from there may end before `offset`.
 *
 * Rejects STORAGE_OFFLINE, STORAGE_BUSY, LOG_CLOSED.
 */
export async function blockBefore(
  log: ReadableLog,
  offset: number,
  maxBytes: number,
): Promise<number> {
  log.life.assertServing();
  const segment = log.segments.floor(offset - 1);
  if (segment === undefined) return offset - 1;
  const isLive = (): boolean => !log.life.hasEnded && !segment.isRetired;
  const { indexCache, directory } = log.context;
  try {
    const indexes =
      indexCache.peek(segment) ??
      (await indexCache.load(segment, log.settings.indexIntervalBytes, isLive));
    return indexes === null
      ? segment.baseOffset
      : beginningOf(segment, indexes, offset - segment.baseOffset, maxBytes);
  } catch (error) {
    throw readError(directory, segment.file.path, error);
  }
}

function beginningOf(
  { baseOffset, writtenSize }: Pick<Segment, 'baseOffset' | 'writtenSize'>,
  { offsets }: Pick<SegmentIndexes, 'offsets'>,
  relativeOffset: number,
  maxBytes: number,
): number {
  // An entry has the last offset of its batch: this one's batch ends at or behind the offset.
  const behind = offsets.floorByOffset(relativeOffset - 1) + 1;
  const end = behind < offsets.count ? offsets.positionAt(behind) : writtenSize;
  if (end <= maxBytes) return baseOffset;
  // The first entry that is near enough; the one before where it is the end itself.
  const slot = Math.min(offsets.floorByPosition(end - maxBytes - 1) + 1, behind - 1);
  return slot < 0 ? baseOffset : baseOffset + offsets.relativeOffsetAt(slot);
}
