import { hasErrno } from '../disk/errno.js';
import type { PartitionLog } from '../log/partition-log.js';
import type { EventReader } from './event-reader.js';
import { recordsOf } from './follow.js';
import { readBatchBytes } from './stored-batches.js';
import { TableFold } from './table-fold.js';
import type { TableRecord } from './table-records.js';

interface Waiter {
  readonly offset: number;
  readonly resolve: () => void;
}

/**
 * Keeps a fold at the end of its log: reads what is new, then waits for a move of the log. After a
 * truncation it folds the log anew, and shows the old state until that is done.
 */
export class TableFollower {
  /** What the table shows. */
  fold: TableFold;
  /** Why it follows no more; null while it does. */
  failure: unknown = null;
  /** Resolves when the log was read to the end that it had; rejects when it cannot be read. */
  readonly filled: Promise<void>;
  readonly #log: PartitionLog;
  readonly #reader: EventReader<TableRecord | null>;
  readonly #unsubscribe: () => void;
  #seenEnd: number;
  #seenStart: number;
  /** The log was cut since the fold, or the one in the making, was begun. */
  #isCut = false;
  /** Whether the fold is of the log as it is, rather than as it was before a cut. */
  #isCurrent = true;
  #waiters: Waiter[] = [];
  #wake: (() => void) | null = null;

  constructor(log: PartitionLog, reader: EventReader<TableRecord | null>) {
    this.#log = log;
    this.#reader = reader;
    this.fold = new TableFold(log.logStartOffset);
    this.#seenEnd = log.highWatermark;
    this.#seenStart = log.logStartOffset;
    this.#unsubscribe = log.watermark.onAdvance(this.#onMove);
    this.filled = this.#fill();
    void this.filled.then(
      () => this.#run(),
      () => {},
    );
  }

  /** Resolves when the fold has come past the offset, or follows no more. */
  passed(offset: number): Promise<void> {
    const isShown = this.#isCurrent && this.fold.position > offset;
    if (isShown || this.failure !== null) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ offset, resolve }));
  }

  /** Follows no more, for this reason, unless it had another. */
  stop(reason: unknown): void {
    this.failure ??= reason;
    this.#unsubscribe();
    this.#answer();
    this.#wake?.();
  }

  /** Called before an append can follow a truncation: the end of the log has moved back then. */
  readonly #onMove = (): void => {
    const { highWatermark, logStartOffset } = this.#log;
    if (highWatermark < this.#seenEnd) {
      this.#isCut = true;
      this.#isCurrent = false;
      // What was cut off is not waited for.
      this.#settle(({ offset }) => offset >= highWatermark);
    }
    if (logStartOffset > this.#seenStart) this.fold.dropBelow(logStartOffset);
    this.#seenEnd = highWatermark;
    this.#seenStart = logStartOffset;
    this.#wake?.();
  };

  async #fill(): Promise<void> {
    try {
      await this.#catchUp(this.fold);
      while (this.#isCut) await this.#foldAnew();
    } catch (error) {
      this.stop(error);
      throw error;
    }
    if (this.failure !== null) throw this.failure;
  }

  async #run(): Promise<void> {
    try {
      while (this.failure === null) {
        if (this.#isCut) await this.#foldAnew();
        else await this.#catchUp(this.fold);
        if (this.failure !== null || this.#isCut || this.#isBehind) continue;
        // Throws where the log has ended, or its disk has failed.
        const bytes = readBatchBytes(this.#log, this.fold.position, 0);
        if (bytes !== null) await bytes;
        else await this.#moved();
      }
    } catch (error) {
      this.stop(error);
    }
  }

  get #isBehind(): boolean {
    return this.fold.position < this.#log.highWatermark;
  }

  async #foldAnew(): Promise<void> {
    this.#isCut = false;
    const fold = new TableFold(this.#log.logStartOffset);
    await this.#catchUp(fold);
    if (this.#isCut) return;
    fold.dropBelow(this.#log.logStartOffset);
    this.fold = fold;
    this.#isCurrent = true;
    this.#answer();
  }

  /** Reads on to the end of the log as it was at the call, until the log is cut. */
  async #catchUp(fold: TableFold): Promise<void> {
    const to = this.#log.highWatermark;
    while (fold.position < to && !this.#isCut && this.failure === null) {
      const from = Math.max(fold.position, this.#log.logStartOffset);
      try {
        for await (const record of recordsOf(this.#log, { from, to }, this.#reader)) {
          if (this.#isCut || this.failure !== null) return;
          if (record.offset < this.#log.logStartOffset) continue;
          fold.apply(record);
          this.#answer();
        }
        // The last offsets may have been compacted away.
        if (!this.#isCut) fold.position = Math.max(fold.position, to);
      } catch (error) {
        const isStale = hasErrno(error, 'OFFSET_OUT_OF_RANGE');
        if (this.#isCut) return;
        if (!isStale || from >= this.#log.logStartOffset) throw error;
      }
    }
    this.#answer();
  }

  #moved(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null;
        resolve();
      };
    });
  }

  #answer(): void {
    const { position } = this.fold;
    if (this.failure !== null) this.#settle(() => true);
    else if (this.#isCurrent) this.#settle(({ offset }) => offset < position);
  }

  #settle(isOver: (waiter: Waiter) => boolean): void {
    if (this.#waiters.length === 0) return;
    const waiting = this.#waiters;
    this.#waiters = waiting.filter((waiter) => !isOver(waiter));
    for (const waiter of waiting) if (isOver(waiter)) waiter.resolve();
  }
}
