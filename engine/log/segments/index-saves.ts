import type { SegmentIndexes } from './noted-batches.js';
import { SETTLED } from './settled.js';

/** What the index files of one segment hold of its indexes, and whose turn it is to write them. */
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

  /** The files hold so many entries of what memory has. */
  hold(offsetEntries: number, timeEntries: number): void {
    this.#offsetEntries = offsetEntries;
    this.#timeEntries = timeEntries;
  }

  /** Memory has so many entries left. */
  cutTo(offsetEntries: number, timeEntries: number): void {
    this.#offsetEntries = Math.min(this.#offsetEntries, offsetEntries);
    this.#timeEntries = Math.min(this.#timeEntries, timeEntries);
  }

  /** Runs `save` once nothing else writes the files. Settles as it does. */
  run(save: () => Promise<void>): Promise<void> {
    const saving = this.#last.then(save);
    this.#last = saving.catch(() => {});
    return saving;
  }

  /** Resolves when nothing that was begun by now writes the files any more, however it ended. */
  settled(): Promise<void> {
    return this.#last;
  }
}
