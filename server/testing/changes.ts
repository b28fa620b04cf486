import type { Clock } from '../../engine/index.js';

/** Tells its listeners that something has changed, once for all changes of a turn. */
export class Changes {
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  #isTelling = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes a change. It costs nothing while nobody listens. */
  note(): void {
    if (this.#listeners.size === 0 || this.#isTelling) return;
    this.#isTelling = true;
    this.#clock.afterTurn(() => {
      this.#isTelling = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }

  /** Returns a function that ends the listening. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
