import type { SegmentIndexes } from './noted-batches.js';
import { SETTLED } from './settled.js';

/** The entries that the index files of one segment hold, and the queue of writes to them. */
export class IndexSaves {
  #offsetEntries = 0;
  #timeEntries = 0;
  #last: Promise<void> = SETTLED;

  get offsetEntries(): number {
    return this.#offsetEntries;
  }

  get timeEntries(): number {
    return this.#timeEntries;
  }

  /**
   * Entries of the offset index that would have to be found again by headers if memory was lost;
   * none of indexes that are on disk only.
   */
  missing(indexes: SegmentIndexes | null): number {
    return indexes === null ? 0 : indexes.offsets.count - this.#offsetEntries;
  }

  /** The files hold this number of the entries in memory. */
  hold(offsetEntries: number, timeEntries: number): void {
    this.#offsetEntries = offsetEntries;
    this.#timeEntries = timeEntries;
  }

  /** Memory has this number of entries left. */
  cutTo(offsetEntries: number, timeEntries: number): void {
    this.#offsetEntries = Math.min(this.#offsetEntries, offsetEntries);
    this.#timeEntries = Math.min(this.#timeEntries, timeEntries);
  }

  /** Runs `save` once no other save writes the files, and settles as it does. */
  run(save: () => Promise<void>): Promise<void> {
    const saving = this.#last.then(save);
    this.#last = saving.catch(() => {});
    return saving;
  }

  /** Resolves when all saves that were begun by now have ended, well or not. */
  settled(): Promise<void> {
    return this.#last;
  }
}
