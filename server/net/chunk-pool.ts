const CHUNK_BYTES_MIN = 16 * 1024;

/** Free chunks are kept up to this much, all sizes together. */
const KEPT_BYTES_MAX = 4 * 1024 * 1024;

/**
 * Chunks for copying files, kept for the next copy: first touching memory is slow. Their sizes are powers of two, so that somebody who
 * waits with a little holds little.
 */
export class ChunkPool {
  readonly #free = new Map<number, Buffer[]>();
  #keptBytes = 0;

  /** At least `size` bytes. */
  take(size: number): Buffer {
    const bytes = Math.max(CHUNK_BYTES_MIN, 2 ** Math.ceil(Math.log2(size)));
    const chunk = this.#free.get(bytes)?.pop();
    if (chunk === undefined) return Buffer.allocUnsafeSlow(bytes);
    this.#keptBytes -= bytes;
    return chunk;
  }

  /** Takes back what nobody reads any more. */
  give(chunk: Buffer): void {
    if (this.#keptBytes + chunk.length > KEPT_BYTES_MAX) return;
    this.#keptBytes += chunk.length;
    const free = this.#free.get(chunk.length);
    if (free) free.push(chunk);
    else this.#free.set(chunk.length, [chunk]);
  }
}
