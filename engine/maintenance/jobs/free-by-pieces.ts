import { EngineError } from '../../errors.js';
import type { JobWorld } from './run-job.js';

/** Given back to the file system at a time. */
const PIECE_BYTES = 4 * 2 ** 20;
/** After a piece nothing is done for so many times as long as it took: syncs have the device for four fifths of the time at least. */
const REST = 4;
const REST_MS_MAX = 100;

/**
 * Cuts a file that is about to be unlinked down to one piece, from its end. Where the file system tells the device what is free (mounted with `discard`)
 * a gigabyte that goes at once holds up every sync for tens of milliseconds, now and then for hundreds (docs/durability.md). Elsewhere a piece takes microseconds, and
 * so do the rests. Nobody may have the file open who still wants to read it. Rejects ABORTED when its runner is closed meanwhile.
 */
export async function freeByPieces(world: JobWorld, path: string, size: number): Promise<void> {
  if (size <= PIECE_BYTES) return;
  const { clock } = world;
  const file = await world.disk.open(path, 'write');
  try {
    let owedMs = 0;
    for (let left = size - PIECE_BYTES; left > 0; left -= PIECE_BYTES) {
      if (world.isStopping()) throw new EngineError('ABORTED', 'the job was told to end');
      const startedMs = clock.monotonicMs();
      await file.truncate(left);
      owedMs += (clock.monotonicMs() - startedMs) * REST;
      if (owedMs < 1) continue;
      await rest(clock, Math.min(owedMs, REST_MS_MAX));
      owedMs = 0;
    }
  } finally {
    await file.close();
  }
}

function rest(clock: JobWorld['clock'], ms: number): Promise<void> {
  return new Promise((resolve) => void clock.schedule(ms, resolve));
}
