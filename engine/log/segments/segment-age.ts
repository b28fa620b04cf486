/** What rolling and retention by age go by where records have no timestamps. Wall times. */
export class SegmentAge {
  /** When the file was begun; of its last change for one that was found on disk. */
  readonly createdMs: number;
  /** This segment's own share of the roll jitter. */
  readonly rollJitterMs: number;
  #changedMs: number;

  constructor(createdMs: number, rollJitterMs: number) {
    this.createdMs = createdMs;
    this.rollJitterMs = rollJitterMs;
    this.#changedMs = createdMs;
  }

  /** Of the last append. */
  get changedMs(): number {
    return this.#changedMs;
  }

  changed(nowMs: number): void {
    this.#changedMs = nowMs;
  }
}
