import type { Clock, Timer } from '../../engine/index.js';
import { type Duration, durationMs } from './duration.js';

interface Pending {
  readonly dueMs: number;
  readonly run: () => unknown;
  /** The timer on the clock below. */
  timer: Timer;
}

/**
 * A clock that runs with another clock and can also be moved on. A jump affects its timers like the
 * sleep of a laptop: timers that fall due run once, in the order in which they were due, and all of
 * them see the time after the jump.
 */
export class AdvanceableClock implements Clock {
  readonly #base: Clock;
  readonly #pending = new Set<Pending>();
  #aheadMs = 0;
  #wallAheadMs = 0;

  constructor(base: Clock) {
    this.#base = base;
  }

  wallMs(): number {
    return this.#base.wallMs() + this.#wallAheadMs;
  }

  monotonicMs(): number {
    return this.#base.monotonicMs() + this.#aheadMs;
  }

  /** `advance` waits for the promise that `run` may return. */
  schedule(delayMs: number, run: () => unknown): Timer {
    const entry: Pending = {
      dueMs: this.monotonicMs() + delayMs,
      run,
      timer: this.#base.schedule(delayMs, () => this.#fire(entry)),
    };
    this.#pending.add(entry);
    return {
      cancel: () => {
        this.#pending.delete(entry);
        entry.timer.cancel();
      },
    };
  }

  afterTurn(run: () => void): void {
    this.#base.afterTurn(run);
  }

  /**
   * Moves both times on. When it resolves, all timers that fell due have run to their end. Rejects
   * with a RangeError for a value that is no duration, and with the error of the first failing
   * timer.
   */
  async advance(by: Duration): Promise<void> {
    const byMs = durationMs(by);
    this.#aheadMs += byMs;
    this.#wallAheadMs += byMs;
    const nowMs = this.monotonicMs();
    const due: Pending[] = [];
    for (const entry of this.#pending) {
      entry.timer.cancel();
      if (entry.dueMs <= nowMs) due.push(entry);
      else entry.timer = this.#base.schedule(entry.dueMs - nowMs, () => this.#fire(entry));
    }
    // The sort is stable: timers that are due at one moment run in the order in which they were
    // scheduled.
    due.sort((a, b) => a.dueMs - b.dueMs);
    await Promise.all(
      due.map(async (entry) => {
        // A timer before may have cancelled this one.
        if (this.#pending.delete(entry)) await entry.run();
      }),
    );
    // Wait one turn of the event loop, so that woken waiters have run, too.
    await new Promise<void>((resolve) => this.#base.afterTurn(resolve));
  }

  /** Sets the wall time back to that of the clock below. Monotonic time never goes back. */
  resetWall(): void {
    this.#wallAheadMs = 0;
  }

  #fire(entry: Pending): void {
    this.#pending.delete(entry);
    entry.run();
  }
}
