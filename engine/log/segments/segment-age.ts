/** The wall times by which segments roll and expire where records have no timestamps. */
export class SegmentAge {
  /** When the file was begun; for a file that was found on disk, its last change. */
  readonly createdMs: number;
  /** This segment's own share of the roll jitter. */
  readonly rollJitterMs: number;
  #changedMs: number;

  constructor(createdMs: number, rollJitterMs: number) {
    this.createdMs = createdMs;
    this.rollJitterMs = rollJitterMs;
    this.#changedMs = createdMs;
  }

  /** Time of the last append. */
  get changedMs(): number {
    return this.#changedMs;
  }

  changed(nowMs: number): void {
    this.#changedMs = nowMs;
  }
}
