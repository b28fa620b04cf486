import { HEADER_SIZE, lastOffset, maxTimestamp } from '../../batch/header.js';
import type { Timestamp } from '../../batch/timestamp.js';
import { OffsetIndex } from './offset-index.js';
import { TimeIndex } from './time-index.js';

const INT32_MAX = 2 ** 31 - 1;

/** The two sparse indexes of one segment. */
export interface SegmentIndexes {
  readonly offsets: OffsetIndex;
  readonly times: TimeIndex;
}

/** The state of a segment at some moment, to return to when a write fails. */
export interface SegmentMark {
  readonly size: number;
  readonly offsetEntries: number;
  readonly timeEntries: number;
  readonly largestTimestampMs: Timestamp;
  readonly offsetOfLargest: number;
  readonly firstTimestampMs: Timestamp;
  readonly bytesSinceEntry: number;
  readonly lastSize: number;
}

/** The times in a segment by its headers. */
export interface SegmentTimes {
  /**
   * -1 while no record has a timestamp. Unknown (null) for a sealed segment until its time index is
   * loaded.
   */
  readonly largestTimestampMs: Timestamp | null;
  /** Last offset of the batch that has the largest timestamp; -1 where no batch has a time. */
  readonly offsetOfLargest: number;
  /** Largest timestamp of the first batch, for rolling by age. */
  readonly firstTimestampMs: Timestamp;
}

export function emptyIndexes(): SegmentIndexes {
  return { offsets: OffsetIndex.empty(), times: TimeIndex.empty() };
}

/**
 * What is noted of a segment's batches, one after another, from their headers: where they end, the
 * sparse index entries that they have earned, their times.
 */
export class NotedBatches implements SegmentTimes {
  readonly #baseOffset: number;
  #size: number;
  #indexes: SegmentIndexes | null;
  #offsetOfLargest = -1;
  #firstTimestampMs: Timestamp = -1;
  #bytesSinceEntry = 0;
  /** Bytes of the batch that was noted last. */
  #lastSize = 0;
  /** Never null, so that V8 writes over the number instead of making one for each append. */
  #largestMs: Timestamp = -1;
  #isLargestKnown: boolean;
  /** Whether the time index may lack the largest timestamp. */
  #hasNewTime = true;

  /** `baseOffset`: of the segment. Null for indexes that are on disk only. */
  constructor(baseOffset: number, size: number, indexes: SegmentIndexes | null) {
    this.#baseOffset = baseOffset;
    this.#size = size;
    this.#indexes = indexes;
    this.#isLargestKnown = indexes !== null;
  }

  /** The notes of an empty segment with this base offset. */
  static none(baseOffset: number): NotedBatches {
    return new NotedBatches(baseOffset, 0, emptyIndexes());
  }

  /** Position behind the last batch. */
  get size(): number {
    return this.#size;
  }

  /**
   * The indexes in memory; null for a sealed segment whose indexes are only on disk, and for an
   * active one that sleeps (`wake-segment.ts`).
   */
  get indexes(): SegmentIndexes | null {
    return this.#indexes;
  }

  get largestTimestampMs(): Timestamp | null {
    return this.#isLargestKnown ? this.#largestMs : null;
  }

  get offsetOfLargest(): number {
    return this.#offsetOfLargest;
  }

  get firstTimestampMs(): Timestamp {
    return this.#firstTimestampMs;
  }

  #setLargest(timestampMs: Timestamp | null, offset: number): void {
    this.#isLargestKnown = timestampMs !== null;
    if (timestampMs !== null) this.#largestMs = timestampMs;
    this.#hasNewTime = true;
    this.#offsetOfLargest = offset;
  }

  /** Takes in times that are known from another source than the headers. */
  adoptTimes({ largestTimestampMs, offsetOfLargest, firstTimestampMs }: SegmentTimes): void {
    this.#setLargest(largestTimestampMs, offsetOfLargest);
    this.#firstTimestampMs = firstTimestampMs;
  }

  /**
   * Takes in the largest timestamp that another walk of the headers has found: it may have found a
   * smaller one.
   */
  adoptLargest({ largestTimestampMs, offsetOfLargest }: SegmentTimes): void {
    if (largestTimestampMs! < (this.largestTimestampMs ?? -1)) return;
    this.#setLargest(largestTimestampMs, offsetOfLargest);
  }

  /** The largest timestamp of the first batch, read from its header. */
  adoptFirstTimestamp(timestampMs: Timestamp): void {
    this.#firstTimestampMs = timestampMs;
  }

  /**
   * Notes a stamped batch behind the batches so far: the sparse index entry that it may earn, its
   * timestamp, its size. `batch` holds at least the header at `at`.
   */
  note(batch: Buffer, at: number, size: number, indexIntervalBytes: number): void {
    const indexes = this.#indexes!;
    const last = lastOffset(batch, at);
    const timestampMs = maxTimestamp(batch, at);
    if (this.#size === 0) this.#firstTimestampMs = timestampMs;
    if (timestampMs > this.#largestMs) {
      this.#setLargest(timestampMs, last);
    }
    // Beyond int32 there are no entries: a segment grows so far only while its disk stalls and it
    // cannot be rolled.
    const fits = last - this.#baseOffset <= INT32_MAX && this.#size <= INT32_MAX;
    // Entries 61 bytes apart tell readers of a batch without records, so that no slice runs into
    // one.
    const isAtEmpty = size === HEADER_SIZE || this.#lastSize === HEADER_SIZE;
    const isDue = this.#bytesSinceEntry > indexIntervalBytes || (isAtEmpty && this.#size > 0);
    if (isDue && fits) {
      indexes.offsets.append(last - this.#baseOffset, this.#size);
      if (this.#hasNewTime) this.closeTimeIndex();
      this.#bytesSinceEntry = 0;
    }
    this.#bytesSinceEntry += size;
    this.#lastSize = size;
    this.#size += size;
  }

  /**
   * Adds the entry for the largest timestamp so far, as every sealed segment's time index ends with
   * it.
   */
  closeTimeIndex(): void {
    if (this.#indexes === null) return;
    const relativeOffset = this.#offsetOfLargest - this.#baseOffset;
    if (relativeOffset > INT32_MAX) return;
    if (this.#isLargestKnown && this.#largestMs >= 0) {
      this.#indexes.times.maybeAppend(this.#largestMs, relativeOffset);
    }
    this.#hasNewTime = false;
  }

  /** Takes in indexes that were found, or made from the headers; none for null. */
  adoptIndexes(found: SegmentIndexes | null): SegmentIndexes {
    this.#indexes = found ?? emptyIndexes();
    this.#hasNewTime = true;
    return this.#indexes;
  }

  /** Gives the indexes to the caller; they are also on disk. Null where there are none. */
  releaseIndexes(): SegmentIndexes | null {
    const indexes = this.#indexes;
    this.#indexes = null;
    return indexes;
  }

  mark(): SegmentMark {
    return {
      size: this.#size,
      offsetEntries: this.#indexes!.offsets.count,
      timeEntries: this.#indexes!.times.count,
      largestTimestampMs: this.#largestMs,
      offsetOfLargest: this.#offsetOfLargest,
      firstTimestampMs: this.#firstTimestampMs,
      bytesSinceEntry: this.#bytesSinceEntry,
      lastSize: this.#lastSize,
    };
  }

  /** Forgets everything noted since the mark. */
  backTo(mark: SegmentMark): void {
    this.#size = mark.size;
    this.#indexes!.offsets.truncate(mark.offsetEntries);
    this.#indexes!.times.truncate(mark.timeEntries);
    this.#setLargest(mark.largestTimestampMs, mark.offsetOfLargest);
    this.#firstTimestampMs = mark.firstTimestampMs;
    this.#bytesSinceEntry = mark.bytesSinceEntry;
    this.#lastSize = mark.lastSize;
  }

  /** Forgets everything, before all batches are noted again. */
  startOver(): void {
    this.#size = 0;
    this.#setLargest(-1, -1);
    this.#bytesSinceEntry = 0;
    this.#lastSize = 0;
    this.#indexes = emptyIndexes();
  }

  /**
   * Goes on from the batch of the last index entry, which ends at `size`: entry and timestamps come
   * from the index files.
   */
  resumeBehindEntry(size: number, entryBatchBytes: number): void {
    const times = this.#indexes!.times;
    const last = times.count - 1;
    if (last < 0) this.#setLargest(-1, -1);
    else this.#setLargest(times.timestampAt(last), this.#baseOffset + times.relativeOffsetAt(last));
    this.#size = size;
    this.#bytesSinceEntry = entryBatchBytes;
    this.#lastSize = entryBatchBytes;
  }
}
