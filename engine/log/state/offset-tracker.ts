import { assert } from '../../assert.js';

/**
 * An end of the log with the place in the files where it lies, so that no reader has to look for
 * it.
 */
export interface LogPosition {
  /** Exclusive: the first offset beyond. */
  readonly offset: number;
  readonly segmentBase: number;
  /** Byte position in that segment, exclusive. */
  readonly position: number;
}

/** The segment base of an end whose offset alone is known. */
export const NOWHERE = -1;

/** A copy that stays as it is. */
export function snapshotOf({ offset, segmentBase, position }: LogPosition): LogPosition {
  return { offset, segmentBase, position };
}

/**
 * Every append writes over this object instead of making a new one: with ten thousand logs each new
 * object would outlive the young generation of the heap.
 */
class MovingPosition implements LogPosition {
  offset: number;
  segmentBase: number;
  position: number;

  constructor({ offset, segmentBase, position }: LogPosition) {
    this.offset = offset;
    this.segmentBase = segmentBase;
    this.position = position;
  }

  moveTo({ offset, segmentBase, position }: LogPosition): void {
    this.offset = offset;
    this.segmentBase = segmentBase;
    this.position = position;
  }
}

/**
 * The offsets of one log, all in one place, checked on every change. The ends are live objects that
 * move: `snapshotOf` makes a copy that stays.
 *
 *   log start <= high watermark <= written end <= log end,   durable end <= written end
 */
export class OffsetTracker {
  #logStart: number;
  #logEnd: number;
  readonly #written: MovingPosition;
  readonly #durable: MovingPosition;
  readonly #highWatermark: MovingPosition;

  /**
   * At open everything recovered is written and durable; how much of it is committed was written
   * down.
   */
  constructor(logStart: number, end: LogPosition, highWatermark: LogPosition) {
    this.#logStart = logStart;
    this.#logEnd = end.offset;
    this.#written = new MovingPosition(end);
    this.#durable = new MovingPosition(end);
    this.#highWatermark = new MovingPosition(highWatermark);
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
  /** First offset held back by an open transaction: there are no transactions yet. */
  get lastStable(): number {
    return this.#highWatermark.offset;
  }

  assigned(logEnd: number): void {
    assert(logEnd > this.#logEnd, 'the log end only grows by appends');
    this.#logEnd = logEnd;
  }

  wrote(end: LogPosition): void {
    assert(end.offset >= this.#written.offset, 'the written end does not move back by a write');
    this.#written.moveTo(end);
    this.#check();
  }

  synced(end: LogPosition): void {
    // A truncation may have come between the sync's submission and its end.
    const capped = end.offset > this.#written.offset ? this.#written : end;
    if (capped.offset > this.#durable.offset) this.#durable.moveTo(capped);
    this.#check();
  }

  /** Sets the position of the high watermark, which was unknown. */
  placeHighWatermark({ segmentBase, position }: LogPosition): void {
    this.#highWatermark.moveTo({ offset: this.#highWatermark.offset, segmentBase, position });
  }

  committed(end: LogPosition): boolean {
    if (end.offset <= this.#highWatermark.offset) return false;
    this.#highWatermark.moveTo(end);
    this.#check();
    return true;
  }

  /** A write failed: offsets from `offset` on were not written and are given out again. */
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
    this.#written.moveTo(end);
    if (this.#durable.offset > end.offset) this.#durable.moveTo(end);
    if (this.#highWatermark.offset >= end.offset) this.#highWatermark.moveTo(end);
    this.#check();
  }

  /** The log is empty, and begins and ends at `offset`. */
  begunAt(offset: number): void {
    const end = { offset, segmentBase: offset, position: 0 };
    this.#logStart = offset;
    this.#logEnd = offset;
    for (const each of [this.#written, this.#durable, this.#highWatermark]) each.moveTo(end);
    this.#check();
  }

  /**
   * Moves ends at `segmentBase`, where a segment begins, to the beginning of that segment: the
   * segment before it is another one now.
   */
  moveEnds(segmentBase: number): void {
    for (const end of [this.#written, this.#durable, this.#highWatermark]) {
      assert(end.offset >= segmentBase, 'only what lies below all ends is replaced');
      if (end.offset === segmentBase) end.moveTo({ offset: segmentBase, segmentBase, position: 0 });
    }
  }

  #check(): void {
    assert(this.#logStart <= this.#highWatermark.offset, 'log start <= high watermark');
    assert(this.#highWatermark.offset <= this.#written.offset, 'high watermark <= written end');
    assert(this.#durable.offset <= this.#written.offset, 'durable end <= written end');
    assert(this.#written.offset <= this.#logEnd, 'written end <= log end');
  }
}
