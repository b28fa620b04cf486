/** What the index files of one segment hold of its indexes, and whose turn it is to write them. */
export class IndexSaves {
  #offsetEntries = 0;
  #timeEntries = 0;
  #last: Promise<void> = Promise.resolve();

  get offsetEntries(): number {
    return this.#offsetEntries;
  }

  get timeEntries(): number {
    return this.#timeEntries;
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
