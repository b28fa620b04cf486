import type { Clock, Timer } from './clock.js';

interface Pending {
  dueMs: number;
  sequence: number;
  run: () => void;
}

/**
 * A clock that moves only when told to: tests and simulations advance it by a second or a week, and
 * everything due in between happens now, in the order in which it was due.
 */
export class ManualClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  #sequence = 0;
  readonly #pending = new Set<Pending>();

  constructor(wallMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = wallMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  schedule(delayMs: number, run: () => void): Timer {
    const entry = { dueMs: this.#monotonicMs + delayMs, sequence: this.#sequence++, run };
    this.#pending.add(entry);
    return { cancel: () => void this.#pending.delete(entry) };
  }

  afterTurn(run: () => void): void {
    setImmediate(run);
  }

  /** Moves both clocks on by `byMs`; timers that fall due run at their own moment, in order. */
  advance(byMs: number): void {
    const untilMs = this.#monotonicMs + byMs;
    for (;;) {
      let next: Pending | undefined;
      for (const entry of this.#pending) {
        if (entry.dueMs > untilMs) continue;
        if (
          !next ||
          entry.dueMs < next.dueMs ||
          (entry.dueMs === next.dueMs && entry.sequence < next.sequence)
        ) {
          next = entry;
        }
      }
      if (!next) break;
      this.#pending.delete(next);
      this.#moveTo(Math.max(next.dueMs, this.#monotonicMs));
      next.run();
    }
    this.#moveTo(untilMs);
  }

  #moveTo(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}
