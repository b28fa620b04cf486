import { codecId } from './batch/header.js';
import { EngineError } from './errors.js';
import { LIMITS } from './limits.js';

interface Waiting {
  readonly admit: () => void;
}

/**
 * Lets work of one size run while there is room. Waiting owners are served one after another,
 * however much work each of them has.
 */
class Share {
  readonly #bytesEach: number;
  #bytesLeft: number;
  /** The owners in the order in which they are served next. */
  readonly #waiting = new Map<object, Waiting[]>();

  constructor(bytes: number, bytesEach: number) {
    this.#bytesLeft = bytes;
    this.#bytesEach = bytesEach;
  }

  async run<Result>(owner: object, work: (bytesMax: number) => Promise<Result>): Promise<Result> {
    if (this.#bytesLeft < this.#bytesEach) {
      await new Promise<void>((admit) => this.#queueOf(owner).push({ admit }));
    } else this.#bytesLeft -= this.#bytesEach;
    try {
      return await work(this.#bytesEach);
    } finally {
      const next = this.#next();
      // The room is handed to the next waiter, so that a new caller cannot take it first.
      if (next) next.admit();
      else this.#bytesLeft += this.#bytesEach;
    }
  }

  #queueOf(owner: object): Waiting[] {
    const queue = this.#waiting.get(owner) ?? [];
    this.#waiting.set(owner, queue);
    return queue;
  }

  #next(): Waiting | undefined {
    for (const [owner, queue] of this.#waiting) {
      this.#waiting.delete(owner);
      const next = queue.shift();
      if (queue.length > 0) this.#waiting.set(owner, queue);
      return next;
    }
    return undefined;
  }
}

/**
 * The memory that batches of all logs are unpacked into where their records are looked at. Most
 * batches need little and have their own share of it, so that they do not wait for large ones;
 * within a share the logs are served one after another.
 */
export class UnpackBudget {
  readonly #small = new Share(LIMITS.unpackedSmallBytes, LIMITS.unpackedSmallBatchBytesMax);
  readonly #large = new Share(LIMITS.unpackedLargeBytes, LIMITS.decompressedBatchBytesMax);

  /**
   * Runs `work`, which unpacks `batch` to at most the bytes it is told and holds them until its
   * promise settles. The work first gets little memory; if it rejects with BATCH_TOO_LARGE, it is
   * run again with more. Settles as the work does. `owner`: the log that the work belongs to.
   */
  async run<Result>(
    owner: object,
    batch: Buffer,
    work: (bytesMax: number) => Promise<Result>,
  ): Promise<Result> {
    // A batch that is not packed is looked at in place.
    if (codecId(batch) === 0) return work(LIMITS.decompressedBatchBytesMax);
    try {
      return await this.#small.run(owner, work);
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'BATCH_TOO_LARGE') throw error;
    }
    return this.#large.run(owner, work);
  }
}
