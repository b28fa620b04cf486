import { LIMITS } from '../limits.js';

const { memoryChunkBytes: WHOLE, memoryChunkBytesLeast: LEAST } = LIMITS;

/** The bytes of one file in memory. */
export class MemoryContent {
  /** Names that lead to it. */
  links = 1;
  readonly fileId: number;
  modifiedMs: number;
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(fileId: number, nowMs: number) {
    this.fileId = fileId;
    this.modifiedMs = nowMs;
  }

  get size(): number {
    return this.#size;
  }

  /** Writes at `position`; a gap before it is zeros. */
  write(bytes: Uint8Array, position: number): void {
    this.#grow(position + bytes.length);
    for (let done = 0; done < bytes.length; ) {
      const at = (position + done) % WHOLE;
      const count = Math.min(WHOLE - at, bytes.length - done);
      this.#chunkAt(position + done).set(bytes.subarray(done, done + count), at);
      done += count;
    }
  }

  /** Returns the count, less than asked only at the end. */
  read(into: Uint8Array, position: number): number {
    const count = Math.max(0, Math.min(into.length, this.#size - position));
    for (let done = 0; done < count; ) {
      const at = (position + done) % WHOLE;
      const part = Math.min(WHOLE - at, count - done);
      into.set(this.#chunkAt(position + done).subarray(at, at + part), done);
      done += part;
    }
    return count;
  }

  /** Cuts to `size`, or extends with zeros. */
  truncate(size: number): void {
    if (size > this.#size) {
      this.#grow(size);
      return;
    }
    this.#chunks.length = Math.ceil(size / WHOLE);
    const tail = size % WHOLE;
    if (tail > 0) this.#chunkAt(size).fill(0, tail);
    this.#size = size;
  }

  #chunkAt(position: number): Buffer {
    return this.#chunks[Math.floor(position / WHOLE)]!;
  }

  /** All chunks are full but the last, which grows by doubling: most files are small. */
  #grow(size: number): void {
    const whole = Math.floor(size / WHOLE);
    while (this.#chunks.length < whole) this.#extend(WHOLE);
    if (size > whole * WHOLE) this.#extend(size - whole * WHOLE, whole);
    this.#size = Math.max(this.#size, size);
  }

  /** The chunk at `index`, or the next one, has room for `bytes` from here on. */
  #extend(bytes: number, index = this.#chunks.length): void {
    const last = this.#chunks.length - 1;
    if (index > last && last >= 0) this.#enlarge(last, WHOLE);
    this.#enlarge(index, bytes);
  }

  #enlarge(index: number, bytes: number): void {
    const chunk = this.#chunks[index];
    if (chunk !== undefined && chunk.length >= bytes) return;
    const room = Math.min(WHOLE, Math.max(LEAST, 2 ** Math.ceil(Math.log2(bytes))));
    const larger = Buffer.alloc(room);
    chunk?.copy(larger);
    this.#chunks[index] = larger;
  }
}
