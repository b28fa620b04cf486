/**
 * The times at which something was changed, as the file system tells them. Its clock ticks every
 * few milliseconds, and a change in the tick of a look leaves no mark: only what has the same time
 * at three looks has not changed.
 */
export class ChangeTimes {
  #last = 0;
  #before = 0;

  /** Whether nothing has changed between the last two looks, this one included; 0 is no time. */
  isSettled(modifiedMs: number): boolean {
    const isSettled = modifiedMs > 0 && modifiedMs === this.#last && modifiedMs === this.#before;
    this.#before = this.#last;
    this.#last = modifiedMs;
    return isSettled;
  }

  /** The next look counts as one that finds a change. */
  forget(): void {
    this.#last = 0;
  }
}
