import type { DiskFile } from '../../disk/disk.js';
import { EngineError } from '../../errors.js';
import type { JobWorld } from './run-job.js';

/** Given back to the file system at a time. */
const PIECE_BYTES = 4 * 2 ** 20;
/** After each step nothing is done for so many times as long as it took: syncs have the device for four fifths of the time at least. */
const REST = 4;
const REST_MS_MAX = 100;

/**
 * Takes files away so that those who sync meanwhile hardly notice. Where the file system tells the device what is free (mounted with `discard`) a
 * gigabyte that goes at once holds up every sync for tens of milliseconds, now and then for hundreds, and many small files do the same (docs/durability.md). So a
 * large file is cut down from its end first, and each step is followed by a rest. Elsewhere a step takes microseconds, and so do the rests.
 */
export class GentleRemoval {
  readonly #world: JobWorld;
  #owedMs = 0;

  constructor(world: JobWorld) {
    this.#world = world;
  }

  /** Nobody may have the file open who still wants to read it. Rejects ABORTED when the runner is closed meanwhile, and with what the disk says. */
  async remove(path: string, size: number): Promise<void> {
    const { disk } = this.#world;
    if (size > PIECE_BYTES) {
      const file = await disk.open(path, 'write');
      try {
        await this.#cutDown(file, size);
      } finally {
        await file.close();
      }
    }
    await this.#step(() => disk.unlink(path));
  }

  async #cutDown(file: DiskFile, size: number): Promise<void> {
    for (let left = size - PIECE_BYTES; left > 0; left -= PIECE_BYTES) {
      if (this.#world.isStopping()) throw new EngineError('ABORTED', 'the job was told to end');
      await this.#step(() => file.truncate(left));
    }
  }

  async #step(work: () => Promise<void>): Promise<void> {
    const { clock } = this.#world;
    const startedMs = clock.monotonicMs();
    await work();
    this.#owedMs += (clock.monotonicMs() - startedMs) * REST;
    if (this.#owedMs < 1 || this.#world.isStopping()) return;
    const restMs = Math.min(this.#owedMs, REST_MS_MAX);
    this.#owedMs = 0;
    await new Promise<void>((resolve) => void clock.schedule(restMs, resolve));
  }
}
