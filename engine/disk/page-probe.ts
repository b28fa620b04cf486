import { LIMITS } from '../limits.js';

/**
 * What the kernel can be asked about its page cache; each answers a negative errno where it cannot
 * say.
 */
export interface PageCalls {
  /**
   * Pages of the range that are in the page cache, read or on their way (cachestat(2), Linux 6.5).
   * Null where there is no such call.
   */
  readonly cachedPages: ((fd: number, position: number, size: number) => number) | null;
  /**
   * 1 when the byte at `position` can be read without waiting, 0 at the end of the file, -EAGAIN
   * when it cannot (preadv2(2), RWF_NOWAIT).
   */
  readonly readByteNow: ((fd: number, position: number) => number) | null;
  /** Bytes of a page. */
  readonly pageBytes: number;
}

/**
 * The position up to which `fd` can be read from `position` on without waiting for the disk, as far
 * as was looked: at least `position + size` when that range is resident, else -1; also -1 when the
 * kernel does not say. `end` is the end of the file (exclusive).
 *
 * With cachestat it is two calls for each 8 MiB of a file that is resident. A range at the edge of
 * what the kernel is reading ahead counts as not resident, although its bytes may be there: sending
 * it would begin the next reading ahead, which takes milliseconds. The byte is asked for second,
 * because asking for a byte that is not in memory begins to read it.
 */
export function residentUntil(
  calls: PageCalls,
  fd: number,
  position: number,
  size: number,
  end: number,
): number {
  const { cachedPages, readByteNow, pageBytes } = calls;
  if (readByteNow === null) return -1;
  const wantedEnd = Math.min(position + size, end);
  if (wantedEnd <= position) return position + size;
  if (cachedPages !== null) {
    const windowEnd = Math.min(Math.max(position + LIMITS.pageProbeBytes, wantedEnd), end);
    const cached = cachedPages(fd, position, windowEnd - position);
    if (cached >= 0) {
      if (cached < pagesOf(position, windowEnd, pageBytes)) return -1;
      if (readByteNow(fd, windowEnd - 1) !== 1) return -1;
      if (windowEnd === end) return Math.max(windowEnd, position + size);
      return Math.max(wantedEnd, position + LIMITS.pageProbeBytes / 2);
    }
  }
  for (let at = position; at < wantedEnd - 1; at += LIMITS.pageProbeStepBytes) {
    if (readByteNow(fd, at) !== 1) return -1;
  }
  return readByteNow(fd, wantedEnd - 1) === 1 ? position + size : -1;
}

/** How many pages hold the bytes from `from` up to `to` (exclusive). */
function pagesOf(from: number, to: number, pageBytes: number): number {
  return Math.floor((to - 1) / pageBytes) - Math.floor(from / pageBytes) + 1;
}
