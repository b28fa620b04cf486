import { LIMITS } from './limits.js';
import type { EngineProgress, ProgressTeller } from './progress.js';

/** One log that is being opened: what its recovery tells. */
export interface LogOpening {
  /** So many bytes lie behind its checkpoint. */
  found(tailBytes: number): void;
  /** So many of them were read, or written again; each has to be both. */
  handled(bytes: number): void;
}

/**
 * How far the logs are that are being opened. Logs that are opened at the same time, or within one
 * `many`, are one piece of work; it ends with the last of them.
 */
export class OpeningProgress {
  readonly #teller: ProgressTeller<EngineProgress>;
  /** Pieces of work under way. */
  #running = 0;
  #expected = 0;
  #asked = 0;
  #found = 0;
  #opened = 0;
  #tailBytes = 0;
  /** Twice as many as there are in tails, when all is done. */
  #handledBytes = 0;
  #isRecovery = false;

  constructor(teller: ProgressTeller<EngineProgress>) {
    this.#teller = teller;
  }

  /** Does work that opens `count` logs. */
  async many<Result>(count: number, work: () => Promise<Result>): Promise<Result> {
    this.#begin();
    this.#expected += count;
    try {
      return await work();
    } finally {
      this.#end();
    }
  }

  /** Opens one log. */
  async log<Result>(open: (opening: LogOpening) => Promise<Result>): Promise<Result> {
    this.#begin();
    this.#asked += 1;
    let tail: number | null = null;
    let left = 0;
    const find = (tailBytes: number): void => {
      if (tail !== null) return;
      tail = tailBytes;
      left = 2 * tailBytes;
      this.#found += 1;
      this.#tailBytes += tailBytes;
    };
    const handle = (bytes: number): void => {
      const counted = Math.min(bytes, left);
      left -= counted;
      this.#handledBytes += counted;
    };
    try {
      return await open({
        found: find,
        handled: (bytes) => {
          handle(bytes);
          this.#teller.step(this.#amount);
        },
      });
    } finally {
      // A tail that is torn or damaged is not read to its end.
      find(0);
      handle(left);
      this.#opened += 1;
      this.#end();
    }
  }

  #begin(): void {
    if (this.#running === 0) {
      this.#expected = this.#asked = this.#found = this.#opened = 0;
      this.#tailBytes = this.#handledBytes = 0;
      this.#isRecovery = false;
      this.#teller.begin();
    }
    this.#running += 1;
  }

  #end(): void {
    this.#running -= 1;
    if (this.#running > 0) this.#teller.step(this.#amount);
    else {
      // Logs that were expected, and were deleted meanwhile.
      this.#expected = this.#asked;
      this.#teller.end(this.#amount);
    }
  }

  readonly #amount = (): EngineProgress => {
    const logs = Math.max(this.#expected, this.#asked);
    this.#isRecovery ||= this.#tailBytes > this.#found * LIMITS.progressInBytesFrom;
    if (!this.#isRecovery) {
      return { phase: 'open', done: this.#opened, total: logs, unit: 'logs' };
    }
    // Logs that wait have tails as long as those that were looked at.
    const total = Math.round((this.#tailBytes * logs) / this.#found);
    return { phase: 'recover', done: Math.floor(this.#handledBytes / 2), total, unit: 'bytes' };
  };
}
