/**
 * The queue of appends that cannot be made at once: batches whose records are checked on a thread,
 * rolls that wait for queued writes, truncations. Later appends wait behind them, so that appends
 * keep their order.
 */
export class AppendQueue {
  #last: Promise<void> | null = null;

  /** Whether an append must queue. */
  get isTaken(): boolean {
    return this.#last !== null;
  }

  /**
   * Runs `work` after everything that is queued. Later work waits for `work`, but not for the
   * promise that it hands out.
   */
  take<Result>(work: () => Promise<{ appended: Promise<Result> }>): Promise<Result> {
    const taken = (this.#last ?? Promise.resolve()).then(work);
    const settled = taken.then(
      ({ appended }) => void appended.catch(() => {}),
      () => {},
    );
    this.#last = settled;
    void settled.then(() => {
      if (this.#last === settled) this.#last = null;
    });
    return taken.then(({ appended }) => appended);
  }

  /** Resolves when all work that is queued by now has run. */
  async passed(): Promise<void> {
    await this.#last;
  }

  /** Resolves when nothing is queued. */
  async emptied(): Promise<void> {
    while (this.#last) await this.#last;
  }
}
