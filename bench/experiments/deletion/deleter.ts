/**
 * Deletes bursts of files on a thread of its own, one at a fixed interval, as the engine does it or
 * one file right after the other.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';
import { systemClock } from '../../../engine/index.js';
import { cutDown } from '../../../engine/maintenance/cut-down.js';
import { unlinkFiles, unlinkGently } from '../../../engine/maintenance/jobs/unlink.js';
import { threadDisk } from '../../../engine/maintenance/thread-disk.js';

export interface Deletions {
  readonly bursts: readonly (readonly string[])[];
  readonly isGentle: boolean;
  readonly everyMs: number;
  /** Four bytes; not zero when all are gone. */
  readonly done: SharedArrayBuffer;
}

/** As the engine does it: each is cut down, then they are unlinked with rests. */
async function deleteGently(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const file = threadDisk.openSync(path, 'write');
    await cutDown(file, systemClock, world.isStopping);
    await file.close();
  }
  await unlinkGently(world, { paths });
}

const { bursts, isGentle, everyMs, done } = workerData as Deletions;
const world = { disk: threadDisk, clock: systemClock, isStopping: () => false };
// The engine's timers keep no thread alive.
const alive = setInterval(() => {}, 1000);
const begunMs = performance.now();
try {
  for (const [at, paths] of bursts.entries()) {
    const input = { paths };
    await (isGentle ? deleteGently(paths) : unlinkFiles(threadDisk, input));
    await sleep(Math.max(0, begunMs + (at + 1) * everyMs - performance.now()));
  }
} finally {
  clearInterval(alive);
  Atomics.store(new Int32Array(done), 0, 1);
}
