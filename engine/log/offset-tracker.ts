import { assert } from '../assert.js';

/** An end of the log with the place in the files where it lies, so that no reader has to look for it. */
export interface LogPosition {
  /** Exclusive: the first offset beyond. */
  readonly offset: number;
  readonly segmentBase: number;
  /** Byte position in that segment, exclusive. */
  readonly position: number;
}

/**
 * The offsets of one log, all in one place, checked on every change:
 *
 *   log start <= high watermark <= written end <= log end,   durable end <= written end
 */
export class OffsetTracker {
  #logStart: number;
  #logEnd: number;
  #written: LogPosition;
  #durable: LogPosition;
  #highWatermark: LogPosition;

  /** At open everything recovered is written and durable, and committed as far as this log can say. */
  constructor(logStart: number, end: LogPosition) {
    this.#logStart = logStart;
    this.#logEnd = end.offset;
    this.#written = end;
    this.#durable = end;
    this.#highWatermark = end;
    this.#check();
  }

  /** First readable offset. */
  get logStart(): number {
    return this.#logStart;
  }
  /** Next offset to assign. */
  get logEnd(): number {
    return this.#logEnd;
  }
  get written(): LogPosition {
    return this.#written;
  }
  get durable(): LogPosition {
    return this.#durable;
  }
  get highWatermark(): LogPosition {
    return this.#highWatermark;
  }

  assigned(logEnd: number): void {
    assert(logEnd > this.#logEnd, 'the log end only grows by appends');
    this.#logEnd = logEnd;
  }

  wrote(end: LogPosition): void {
    assert(end.offset >= this.#written.offset, 'the written end does not move back by a write');
    this.#written = end;
    this.#check();
  }

  synced(end: LogPosition): void {
    // A truncation may have come between the sync's submission and its end.
    const capped = end.offset > this.#written.offset ? this.#written : end;
    if (capped.offset > this.#durable.offset) this.#durable = capped;
    this.#check();
  }

  committed(end: LogPosition): boolean {
    if (end.offset <= this.#highWatermark.offset) return false;
    this.#highWatermark = end;
    this.#check();
    return true;
  }

  /** A write failed: offsets from `offset` on were never written and are given out again. */
  unassigned(offset: number): void {
    assert(offset >= this.#written.offset, 'what was written keeps its offsets');
    this.#logEnd = offset;
  }

  startedAt(logStart: number): void {
    assert(logStart >= this.#logStart, 'the log start does not move back');
    this.#logStart = logStart;
    this.#check();
  }

  /** The log now ends at `end`, which lies between the log start and the written end. */
  truncated(end: LogPosition): void {
    this.#logEnd = end.offset;
    this.#written = end;
    if (this.#durable.offset > end.offset) this.#durable = end;
    if (this.#highWatermark.offset > end.offset) this.#highWatermark = end;
    this.#check();
  }

  /** Ends at `segmentBase`, where a segment begins, are said to lie at its beginning: the segment before it is another now. */
  moveEnds(segmentBase: number): void {
    const moved = (end: LogPosition): LogPosition => {
      assert(end.offset >= segmentBase, 'only what lies below all ends is replaced');
      return end.offset === segmentBase ? { offset: segmentBase, segmentBase, position: 0 } : end;
    };
    this.#written = moved(this.#written);
    this.#durable = moved(this.#durable);
    this.#highWatermark = moved(this.#highWatermark);
  }

  #check(): void {
    assert(this.#logStart <= this.#highWatermark.offset, 'log start <= high watermark');
    assert(this.#highWatermark.offset <= this.#written.offset, 'high watermark <= written end');
    assert(this.#durable.offset <= this.#written.offset, 'durable end <= written end');
    assert(this.#written.offset <= this.#logEnd, 'written end <= log end');
  }
}
