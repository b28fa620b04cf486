/** Batches that are unpacked at the same time, all logs together. Each may take `decompressedBatchBytesMax`. */
const UNPACKING_MAX = 2;

/**
 * Bounds the memory that batches take once decompressed: a client that sends a hundred small batches which unpack to a hundred
 * megabytes each has them looked at two at a time.
 */
export class UnpackGate {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** Runs `work` when there is room; first come, first served. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= UNPACKING_MAX)
      await new Promise<void>((admit) => this.#waiting.push(admit));
    else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The place is handed on, so that nobody slips in between.
      if (next) next();
      else this.#running--;
    }
  }
}
