import type { AppendQueue } from '../append/append-queue.js';
import type { Staging } from '../append/staging.js';
import type { Durability } from '../durability/durability.js';
import { SETTLED } from '../segments/settled.js';
import type { LogLife } from '../state/log-life.js';
import type { Watermark } from '../state/watermark.js';

/** The log that is changed other than by appends. */
export interface ChangedLog {
  readonly life: LogLife;
  readonly queue: AppendQueue;
  readonly staging: Staging;
  readonly durability: Durability;
  readonly watermark: Watermark;
}

/** Truncations, deletions and swaps, one after another: each sees the result of the one before. */
export class Changes {
  readonly #log: ChangedLog;
  #last: Promise<void> = SETTLED;

  constructor(log: ChangedLog) {
    this.#log = log;
  }

  /**
   * Runs a change that takes segments off the list, or replaces them. Rejects LOG_CLOSED when a
   * close has begun.
   */
  async run<Result>(change: () => Promise<Result>): Promise<Result> {
    const { life } = this.#log;
    life.assertTaking();
    const changed = this.#last.then(() => {
      life.assertServing();
      return change();
    });
    this.#last = changed.then(
      () => {},
      () => {},
    );
    return changed;
  }

  /**
   * Runs a change that moves the log end, while nothing is staged and no checkpoint is taken.
   * Appends wait: batches that they wrote meanwhile would be cut off with the rest. Listeners are
   * told when `change` returns that it has changed anything.
   */
  async runAtEnd(change: () => Promise<boolean>): Promise<void> {
    const { life, queue, staging, durability, watermark } = this.#log;
    life.assertTaking();
    const before = this.#last;
    const changed = queue.take(async () => {
      await before;
      life.assertServing();
      durability.checkpoint.pause();
      try {
        await staging.writer.settled();
        life.assertServing();
        if (await change()) {
          life.assertServing();
          watermark.notify();
        }
      } finally {
        durability.checkpoint.resume();
      }
      return { appended: Promise.resolve() };
    });
    this.#last = changed.catch(() => {});
    await changed;
  }

  /** Resolves when all appends and changes that were begun by now have ended. */
  async settled(): Promise<void> {
    const { queue, staging } = this.#log;
    await queue.emptied();
    await this.#last;
    await staging.writer.settled();
  }
}
