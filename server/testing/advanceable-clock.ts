import type { Clock, Timer } from '../../engine/index.js';
import { type Duration, durationMs } from './duration.js';

interface Pending {
  readonly dueMs: number;
  readonly run: () => unknown;
  /** On the clock beneath. */
  timer: Timer;
}

/**
 * A clock that runs with another one and can be moved on besides. A jump is to its timers what the
 * sleep of a laptop is: those that fall due run once, in the order in which they were due, and all
 * of them see the time after the jump.
 */
export class AdvanceableClock implements Clock {
  readonly #base: Clock;
  readonly #pending = new Set<Pending>();
  #aheadMs = 0;

  constructor(base: Clock) {
    this.#base = base;
  }

  wallMs(): number {
    return this.#base.wallMs() + this.#aheadMs;
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
   * Moves both times on. When it resolves, whatever fell due has run to its end. Rejects with a
   * RangeError for what is no duration, and with what the first failing timer threw.
   */
  async advance(by: Duration): Promise<void> {
    this.#aheadMs += durationMs(by);
    const nowMs = this.monotonicMs();
    const due: Pending[] = [];
    for (const entry of this.#pending) {
      entry.timer.cancel();
      if (entry.dueMs <= nowMs) due.push(entry);
      else entry.timer = this.#base.schedule(entry.dueMs - nowMs, () => this.#fire(entry));
    }
    // Stable: what is due at one moment runs in the order in which it was scheduled.
    due.sort((a, b) => a.dueMs - b.dueMs);
    await Promise.all(
      due.map(async (entry) => {
        // One of those before may have taken it back.
        if (this.#pending.delete(entry)) await entry.run();
      }),
    );
    // Those who were woken have had their turn, too.
    await new Promise<void>((resolve) => this.#base.afterTurn(resolve));
  }

  #fire(entry: Pending): void {
    this.#pending.delete(entry);
    entry.run();
  }
}
