import { readError } from '../../disk/storage-error.js';
import { LIMITS } from '../../limits.js';
import type { ReadRequest } from '../partition-log.js';
import type { SegmentIndexes } from '../segments/noted-batches.js';
import type { Segment } from '../segments/segment.js';
import { readLimit } from './read.js';
import type { ReadableLog } from './readable-log.js';

/** A range of a file. `end` is exclusive. */
export interface PageRange {
  readonly position: number;
  readonly end: number;
}

/**
 * Brings into memory the bytes that a read with this request will look at, and the beginning of its
 * answer: the segment's indexes, the headers where it lands and where it ends. Null when these are
 * in memory already, which costs no system call at the tail of a log; also when the read would fail
 * or find nothing.
 *
 * Resolves when the read may go ahead. Rejects STORAGE_OFFLINE when the disk fails, STORAGE_BUSY.
 */
export function warmForRead(
  log: ReadableLog,
  request: ReadRequest,
  isWanted: () => boolean,
): Promise<void> | null {
  const { offset } = request;
  const limit = readLimit(log, request.isolation);
  if (log.life.hasEnded || offset < log.offsets.logStart || offset >= limit.offset) return null;
  const segment = log.segments.floor(offset);
  if (segment === undefined) return null;
  const isLive = (): boolean => !log.life.hasEnded && !segment.isRetired;
  const indexes = log.context.indexCache.peek(segment);
  try {
    const warming =
      indexes === null
        ? warmWithIndexes(log, segment, request, isLive, isWanted)
        : warmPages(log, segment, indexes, request, () => isLive() && isWanted());
    return warming && failing(log, warming);
  } catch (error) {
    throw readError(log.context.directory, segment.file.path, error);
  }
}

/** A log that has ended meanwhile has lost its files as well: the read throws the right error. */
async function failing(log: ReadableLog, warming: Promise<unknown>): Promise<void> {
  try {
    await warming;
  } catch (error) {
    if (!log.life.hasEnded) throw readError(log.context.directory, log.folder, error);
  }
}

async function warmWithIndexes(
  log: ReadableLog,
  segment: Segment,
  request: ReadRequest,
  isLive: () => boolean,
  isWanted: () => boolean,
): Promise<void> {
  const { indexIntervalBytes } = log.settings;
  // Other readers may wait for the same indexes: they are read even if this reader goes away.
  const indexes = await log.context.indexCache.load(segment, indexIntervalBytes, isLive);
  if (indexes === null || !isLive() || !isWanted()) return;
  await warmPages(log, segment, indexes, request, () => isLive() && isWanted());
}

function warmPages(
  log: ReadableLog,
  segment: Segment,
  indexes: SegmentIndexes,
  request: ReadRequest,
  isWanted: () => boolean,
): Promise<unknown> | null {
  const known = log.readHints.find(segment, request.offset)?.position ?? null;
  const { file, writtenSize } = segment;
  const cold = pagesOfRead(segment, indexes, request, known).filter(
    ({ position, end }) => !file.isResident(position, end - position, writtenSize),
  );
  if (cold.length === 0) return null;
  return Promise.all(
    cold.map(({ position, end }) => file.warm(position, end - position, writtenSize, isWanted)),
  );
}

/**
 * The ranges of a segment's file that a read touches before anything is sent: from where it lands
 * through the first bytes of the slice, and around its end if that is further on. `known` is where
 * its first batch begins, if that is known. Not more than about a batch and two megabytes.
 */
export function pagesOfRead(
  segment: Pick<Segment, 'baseOffset' | 'writtenSize'>,
  { offsets }: Pick<SegmentIndexes, 'offsets'>,
  { offset, maxBytes }: Pick<ReadRequest, 'offset' | 'maxBytes'>,
  known: number | null,
): PageRange[] {
  const fileEnd = segment.writtenSize;
  const slot = offsets.floorByOffset(offset - segment.baseOffset);
  const landing = known ?? (slot < 0 ? 0 : offsets.positionAt(slot));
  // The walk from the landing ends before the next entry's batch is over.
  const first = known ?? (slot + 1 < offsets.count ? offsets.positionAt(slot + 1) : landing);
  const wanted = first + maxBytes;
  const end = Math.min(
    fileEnd,
    first + Math.min(maxBytes, LIMITS.warmReadBytes) + LIMITS.warmHeaderBytes,
  );
  if (landing >= end) return [];
  const pages = [{ position: landing, end }];
  // A read that reaches the end of the file knows where it ends.
  if (maxBytes > LIMITS.warmReadBytes && wanted < fileEnd) {
    const last = offsets.floorByPosition(wanted);
    const from = last < 0 ? 0 : offsets.positionAt(last);
    if (from >= end) {
      pages.push({ position: from, end: Math.min(fileEnd, wanted + LIMITS.warmHeaderBytes) });
    }
  }
  return pages;
}
