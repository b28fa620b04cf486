import type { Clock } from '../clock.js';
import type { DiskFile } from '../disk/disk.js';

/**
 * Given back to the file system at a time. The cuts are at multiples of it, so that no page of the cache, nor a larger unit of it of up to 4 MiB (Linux
 * with pages of 4 KiB has 2 at most), is cut in two: what sendfile(2) has put into a socket is the file's own pages, and a cut clears what is left of one.
 */
const PIECE_BYTES = 4 * 2 ** 20;
/** A file of no more goes whole. */
export const WHOLE_BYTES_MAX = PIECE_BYTES;
/** After a piece nothing is done for so many times as long as it took, up to a bound. */
const REST = 4;
const REST_MS_MAX = 100;

/**
 * Cuts a file that is about to be unlinked down from its end. Where the file system tells the device what is free (mounted with `discard`), syncs wait for
 * that, and longest for much at a time (docs/durability.md). Nobody may want to read the file any more; one that has a second name is left as it is, for it is
 * somebody's copy. Resolves early when `isStopping` says so, or the disk cannot. Never rejects: the file goes in any case.
 */
export async function cutDown(
  file: DiskFile,
  clock: Pick<Clock, 'monotonicMs' | 'schedule'>,
  isStopping: () => boolean,
): Promise<void> {
  try {
    if ((await file.links()) !== 1) return;
    const size = await file.size();
    let owedMs = 0;
    for (let left = lastCut(size); left > 0 && !isStopping(); left -= PIECE_BYTES) {
      const startedMs = clock.monotonicMs();
      await file.truncate(left);
      owedMs += (clock.monotonicMs() - startedMs) * REST;
      if (owedMs < 1) continue;
      const restMs = Math.min(owedMs, REST_MS_MAX);
      owedMs = 0;
      await new Promise<void>((resolve) => void clock.schedule(restMs, resolve));
    }
  } catch {
    // What is left goes at once.
  }
}

/** The largest multiple of a piece below `size`. */
function lastCut(size: number): number {
  return Math.floor((size - 1) / PIECE_BYTES) * PIECE_BYTES;
}
