import type { EngineError } from '../../errors.js';

/** Whether a log serves. It ends once: by a close, its deletion, or the failure of its disk. */
export class LogLife {
  #failure: EngineError | null = null;
  #closing: EngineError | null = null;

  /** Why the log has ended; null while it has not. */
  get failure(): EngineError | null {
    return this.#failure;
  }

  /** Set when a close has begun: work under way is finished, and no new work begins. */
  get closing(): EngineError | null {
    return this.#closing;
  }

  /** Whether the log was closed or deleted, or its disk has failed. */
  get hasEnded(): boolean {
    return this.#failure !== null;
  }

  /** Whether a close has begun: no more appends come. */
  get isClosing(): boolean {
    return this.#closing !== null;
  }

  /** Throws LOG_CLOSED, DAMAGED_LOG or STORAGE_OFFLINE. */
  assertServing(): void {
    if (this.#failure) throw this.#failure;
  }

  /**
   * As `assertServing`, for calls that change the log: a log that is being closed can still be
   * read.
   */
  assertTaking(): void {
    this.assertServing();
    if (this.#closing) throw this.#closing;
  }

  /** From now on calls that change the log are refused with `reason`. */
  beginClose(reason: EngineError): void {
    this.#closing = reason;
  }

  /**
   * From now on nothing is served. Returns whether this is the first call; the first error stays.
   */
  end(error: EngineError): boolean {
    if (this.#failure) return false;
    this.#failure = error;
    return true;
  }
}
