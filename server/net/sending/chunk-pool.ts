import { SERVER_LIMITS } from '../../limits.js';

/**
 * Chunks for copying files, kept for the next copy: first touching memory is slow. Their sizes are
 * powers of two, so that a connection that waits with few bytes holds a small chunk, and so that
 * ten thousand connections that wait at the same time hold the least size each.
 */
export class ChunkPool {
  readonly #free = new Map<number, Buffer[]>();
  #keptBytes = 0;
  #lentBytes = 0;

  /** Bytes of chunks that were taken and not given back. */
  get lentBytes(): number {
    return this.#lentBytes;
  }

  /** A chunk of at least `size` bytes, or of 16 KiB when many bytes are lent already. */
  take(size: number): Buffer {
    let bytes = Math.max(SERVER_LIMITS.copyChunkBytesMin, 2 ** Math.ceil(Math.log2(size)));
    if (this.#lentBytes + bytes > SERVER_LIMITS.copyChunksLentBytesMax)
      bytes = SERVER_LIMITS.copyChunkBytesMin;
    this.#lentBytes += bytes;
    const chunk = this.#free.get(bytes)?.pop();
    if (chunk === undefined) return Buffer.allocUnsafeSlow(bytes);
    this.#keptBytes -= bytes;
    return chunk;
  }

  /** Forgets a chunk that may still be read. */
  lose(chunk: Buffer): void {
    this.#lentBytes -= chunk.length;
  }

  /** Takes back a chunk that is not read any more. */
  give(chunk: Buffer): void {
    this.#lentBytes -= chunk.length;
    if (this.#keptBytes + chunk.length > SERVER_LIMITS.copyChunksKeptBytesMax) return;
    this.#keptBytes += chunk.length;
    const free = this.#free.get(chunk.length);
    if (free) free.push(chunk);
    else this.#free.set(chunk.length, [chunk]);
  }
}
