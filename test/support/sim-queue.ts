import type { Random } from '../../engine/random.js';

/** An asynchronous operation that was submitted and has not run. */
export interface PendingOperation {
  readonly kind: string;
  readonly path: string;
  /** Runs it now, out of turn. Its promise settles as usual, after the current turn. */
  run(): void;
}

/**
 * The simulated thread pool: decides when, and in which order, submitted operations take effect. In
 * the order of submission, all of them in the next turn of the loop; with `random`, in any order
 * and some turns late; held, when the test says.
 */
export class SimQueue {
  readonly #random: Random | null;
  #pending: PendingOperation[] = [];
  #scheduled = false;
  #held = false;
  #halted = false;

  constructor(random: Random | null) {
    this.#random = random;
  }

  /** Submitted, not run; in the order of submission. */
  get pending(): readonly PendingOperation[] {
    return this.#pending;
  }

  get isHalted(): boolean {
    return this.#halted;
  }

  submit<Result>(kind: string, path: string, take: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      const operation: PendingOperation = {
        kind,
        path,
        run: () => {
          const at = this.#pending.indexOf(operation);
          if (at < 0) return;
          this.#pending.splice(at, 1);
          try {
            resolve(take());
          } catch (error) {
            reject(error);
          }
        },
      };
      if (this.#halted) return;
      this.#pending.push(operation);
      this.#schedule();
    });
  }

  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.#schedule();
  }

  /** Nothing runs any more and nothing settles. */
  halt(): void {
    this.#halted = true;
    this.#pending = [];
  }

  #schedule(): void {
    if (this.#scheduled || this.#held || this.#pending.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#held) this.#turn();
      this.#schedule();
    });
  }

  #turn(): void {
    const random = this.#random;
    if (!random) {
      for (const operation of [...this.#pending]) operation.run();
      return;
    }
    // At least one runs, so that a queue always empties.
    do {
      this.#pending[Math.floor(random.next() * this.#pending.length)]?.run();
    } while (random.next() < 0.5);
  }
}
