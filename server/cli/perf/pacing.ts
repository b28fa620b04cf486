/** What a sender is to do now. */
export type Turn =
  /** Send these records: the first of them, by number, and how many. */
  | { readonly kind: 'send'; readonly first: number; readonly count: number }
  /** Ask again after this time. */
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'done' };

export interface PacingOptions {
  readonly records: number;
  /** Records a second; null: as fast as they are taken. */
  readonly rate: number | null;
  readonly recordsPerBatch: number;
  /** How long the first record of a batch waits for more. */
  readonly lingerMs: number;
}

/** Hands out records to senders as they become due, each record once. */
export class Pacing {
  readonly #options: PacingOptions;
  #taken = 0;

  constructor(options: PacingOptions) {
    this.#options = options;
  }

  /** When a record becomes due, in milliseconds from the start; null without a rate. */
  dueMs(record: number): number | null {
    const { rate } = this.#options;
    return rate === null ? null : (record * 1000) / rate;
  }

  take(elapsedMs: number): Turn {
    const { records, rate, recordsPerBatch, lingerMs } = this.#options;
    const left = records - this.#taken;
    if (left === 0) return { kind: 'done' };
    const full = Math.min(recordsPerBatch, left);
    if (rate === null) return this.#send(full);
    // The last record of a full batch, or the end of the first one's wait, whichever is earlier.
    const fullMs = this.dueMs(this.#taken + full - 1)!;
    const readyMs = Math.min(fullMs, this.dueMs(this.#taken)! + lingerMs);
    if (elapsedMs < readyMs) return { kind: 'wait', ms: readyMs - elapsedMs };
    const due = Math.floor((elapsedMs * rate) / 1000) + 1 - this.#taken;
    return this.#send(Math.max(1, Math.min(full, due)));
  }

  #send(count: number): Turn {
    const first = this.#taken;
    this.#taken += count;
    return { kind: 'send', first, count };
  }
}
