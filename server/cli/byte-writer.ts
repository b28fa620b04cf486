/**
 * Gathers bytes for stdout and writes them while waiting for the reader, so that output of any
 * length takes little memory.
 */
export class ByteWriter {
  readonly #chunkBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  #readerLeft = false;

  /** `chunkBytes`: bytes that are gathered before they are written. */
  constructor(chunkBytes = 64 * 1024) {
    this.#chunkBytes = chunkBytes;
  }

  /**
   * Whether the reader of stdout has left, as after `| head -1`. This shows at the first write
   * after that.
   */
  get readerLeft(): boolean {
    return this.#readerLeft;
  }

  /**
   * Adds bytes, which must not change until they are written. The promise is null unless there is
   * something to wait for.
   */
  write(bytes: Buffer): Promise<void> | null {
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
    return this.#bytes < this.#chunkBytes ? null : this.flush();
  }

  /** Resolves when stdout has taken everything, or its reader has left. */
  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    if (bytes.length === 0 || this.#readerLeft) return;
    await new Promise<void>((resolve) => {
      process.stdout.write(bytes, (error) => {
        // `whenReaderLeaves` says what this means. The error is noted here because stdout does not
        // keep it.
        if (error) this.#readerLeft = true;
        resolve();
      });
    });
  }
}
