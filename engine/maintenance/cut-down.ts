import type { Clock } from '../clock.js';
import type { DiskFile } from '../disk/disk.js';
import { LIMITS } from '../limits.js';

/**
 * Cuts a file that is about to be unlinked down from its end. Where the file system tells the
 * device what is free (mounted with `discard`), syncs wait for that, and longest for large pieces
 * (docs/durability.md). No reader may need the file any more; a file with a second name is left as
 * it is, since it is another program's copy. Resolves early when `isStopping` says so, or the disk
 * cannot. Never rejects: the file is unlinked in any case.
 */
export async function cutDown(
  file: DiskFile,
  clock: Pick<Clock, 'monotonicMs' | 'schedule'>,
  isStopping: () => boolean,
): Promise<void> {
  try {
    if ((await file.links()) > 1) return;
    const size = await file.size();
    let owedMs = 0;
    for (let left = lastCut(size); left > 0 && !isStopping(); left -= LIMITS.cutPieceBytes) {
      const startedMs = clock.monotonicMs();
      await file.truncate(left);
      owedMs += (clock.monotonicMs() - startedMs) * LIMITS.deletionRestTimes;
      if (owedMs < 1) continue;
      const restMs = Math.min(owedMs, LIMITS.deletionRestMsMax);
      owedMs = 0;
      await new Promise<void>((resolve) => void clock.schedule(restMs, resolve));
    }
  } catch {
    // The rest is unlinked at once.
  }
}

/** The largest multiple of a piece below `size`. */
function lastCut(size: number): number {
  return Math.floor((size - 1) / LIMITS.cutPieceBytes) * LIMITS.cutPieceBytes;
}
