import { EngineError } from '../errors.js';
import { FirstInFirstOut } from '../first-in-first-out.js';

/** What an append does that finds no room: it is refused, or waits for its turn. */
export type WhenFull = 'reject' | 'wait';

interface Waiter {
  readonly bytes: number;
  readonly start: () => void;
  readonly refuse: (error: EngineError) => void;
}

/**
 * The room that appends under way have in memory. An append by itself may be larger than all of it.
 */
export class AppendRoom {
  readonly #bytesMax: number;
  readonly #whenFull: WhenFull;
  #bytes = 0;
  readonly #waiters = new FirstInFirstOut<Waiter>();

  constructor(bytesMax: number, whenFull: WhenFull) {
    this.#bytesMax = bytesMax;
    this.#whenFull = whenFull;
  }

  /**
   * Calls `start` once there is room, which is taken then, in the order of calls; at once where
   * nobody waits. `refuse` is called instead where there is none, or the log ends before.
   */
  enter(bytes: number, start: () => void, refuse: (error: EngineError) => void): void {
    if (this.#waiters.first === undefined && this.#fits(bytes)) {
      this.#bytes += bytes;
      start();
    } else if (this.#whenFull === 'wait') this.#waiters.push({ bytes, start, refuse });
    else {
      const message = `${this.#bytes} bytes of appends are under way, pendingBytesMax is ${this.#bytesMax}: wait for some of them first`;
      refuse(new EngineError('APPENDS_PENDING', message));
    }
  }

  /** Gives room back: those that wait are started, the first one first. */
  leave(bytes: number): void {
    this.#bytes -= bytes;
    for (let next = this.#waiters.first; next; next = this.#waiters.first) {
      if (!this.#fits(next.bytes)) return;
      this.#waiters.removeFirst();
      this.#bytes += next.bytes;
      next.start();
    }
  }

  /** Resolves when those that wait now have started, or were refused; null where nobody waits. */
  entered(): Promise<void> | null {
    if (this.#waiters.first === undefined) return null;
    return new Promise((resolve) => {
      this.#waiters.push({ bytes: 0, start: resolve, refuse: () => resolve() });
    });
  }

  /** Refuses those that wait: the log ends. */
  end(error: EngineError): void {
    for (const { refuse } of this.#waiters.removeAll()) refuse(error);
  }

  #fits(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#bytesMax;
  }
}
