import type { EngineError } from '../../errors.js';

/** Whether a log serves. It ends once: by a close, its deletion, or the failure of its disk. */
export class LogLife {
  #failure: EngineError | null = null;
  #closing: EngineError | null = null;

  /** Why the log has ended; null while it has not. */
  get failure(): EngineError | null {
    return this.#failure;
  }

  /** Set when a close has begun: what is under way is finished, nothing new is begun. */
  get closing(): EngineError | null {
    return this.#closing;
  }

  /** Whether the log was closed or deleted, or its disk has failed. */
  get hasEnded(): boolean {
    return this.#failure !== null;
  }

  /** Whether a close has begun: nothing comes any more. */
  get isClosing(): boolean {
    return this.#closing !== null;
  }

  /** Throws LOG_CLOSED, DAMAGED_LOG or STORAGE_OFFLINE. */
  assertServing(): void {
    if (this.#failure) throw this.#failure;
  }

  /** For what changes the log: a log that is being closed is still read. */
  assertTaking(): void {
    this.assertServing();
    if (this.#closing) throw this.#closing;
  }

  /** From now on what changes the log is refused with `reason`. */
  beginClose(reason: EngineError): void {
    this.#closing = reason;
  }

  /** From now on nothing is served. Returns whether that is news; the first error stays. */
  end(error: EngineError): boolean {
    if (this.#failure) return false;
    this.#failure = error;
    return true;
  }
}
