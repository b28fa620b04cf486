import type { Clock } from '../../engine/index.js';

/**
 * Numbers the turns of the event loop, so that many connections can each keep an allowance per turn
 * at the price of one callback per turn for all of them.
 */
export class Turn {
  readonly #clock: Clock;
  #number = 0;
  #armed = false;
  #waiting: (() => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The number of the current turn. It differs in every turn in which it was asked for. */
  current(): number {
    this.#arm();
    return this.#number;
  }

  /** Runs `run` once, when the next turn has begun. */
  next(run: () => void): void {
    this.#arm();
    this.#waiting.push(run);
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#clock.afterTurn(() => {
      this.#armed = false;
      this.#number += 1;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const run of waiting) run();
    });
  }
}
