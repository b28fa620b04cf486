/**
 * Bounds the number of pieces of work that run at the same time; the rest waits, first come, first
 * served.
 */
export class Gate {
  readonly #runningMax: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(runningMax: number) {
    this.#runningMax = runningMax;
  }

  /** Runs `work` when there is room, and settles as it does. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.#runningMax)
      await new Promise<void>((admit) => this.#waiting.push(admit));
    else this.#running++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The place is handed to the next waiter, so that a new caller cannot take it first.
      if (next) next();
      else this.#running--;
    }
  }
}
