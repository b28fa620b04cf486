import { LIMITS } from '../limits.js';
import type { DiskFile } from './disk.js';

/**
 * Brings ranges of files into the page cache, off the event loop, few at a time: the thread pool
 * that does it also syncs, and the disk has other readers. First come, first served; a reader asks
 * for about a megabyte at a time, so that no reader waits long.
 *
 * Nothing is kept in memory: a range lies in the page cache, and a buffer, where one is needed,
 * belongs to the thread and not to the reader. A reader that is slow, or gone, costs nothing but
 * its place in the queue.
 */
export class WarmUps {
  readonly #runningMax: number;
  readonly #waiting: (() => void)[] = [];
  readonly #scratch: Buffer[] = [];
  #running = 0;

  constructor(runningMax: number) {
    this.#runningMax = runningMax;
  }

  /** Ranges that are being read, or wait for that. */
  get count(): number {
    return this.#running + this.#waiting.length;
  }

  /**
   * Resolves with true when the bytes from `position` on, `size` of them or as many as the file
   * has, have been read by the kernel; with false when `isWanted` said no at the front of the
   * queue, and nothing was read. The caller keeps the file open until it settles. Rejects with what
   * reading rejects with.
   */
  async load(
    file: DiskFile,
    position: number,
    size: number,
    isWanted: () => boolean,
  ): Promise<boolean> {
    if (this.#running >= this.#runningMax) {
      await new Promise<void>((start) => this.#waiting.push(start));
    } else this.#running++;
    try {
      if (!isWanted()) return false;
      if (file.load) await file.load(position, size);
      else await this.#readThrough(file, position, size);
      return true;
    } finally {
      this.#next();
    }
  }

  async #readThrough(file: DiskFile, position: number, size: number): Promise<void> {
    const scratch = this.#scratch.pop() ?? Buffer.allocUnsafeSlow(LIMITS.warmChunkBytes);
    try {
      for (let at = 0; at < size; at += LIMITS.warmChunkBytes) {
        const into = scratch.subarray(0, Math.min(LIMITS.warmChunkBytes, size - at));
        if ((await file.read(into, position + at)) < into.length) return;
      }
    } finally {
      this.#scratch.push(scratch);
    }
  }

  /** Hands the place on to the next range. */
  #next(): void {
    this.#running--;
    while (this.#running < this.#runningMax) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#running++;
      next();
    }
  }
}
