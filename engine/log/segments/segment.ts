import { HEADER_SIZE, lastOffset, maxTimestamp } from '../../batch/header.js';
import type { Timestamp } from '../../batch/timestamp.js';
import type { LogFile } from '../../disk/log-file.js';
import { IndexSaves } from './index-saves.js';
import { OffsetIndex } from './offset-index.js';
import { TimeIndex } from './time-index.js';

const INT32_MAX = 2 ** 31 - 1;

/** The two sparse indexes of one segment. */
export interface SegmentIndexes {
  readonly offsets: OffsetIndex;
  readonly times: TimeIndex;
}

/** Where a segment stood at some moment, to go back to when a write fails. */
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

/** What headers say of the times in a segment. */
export interface SegmentTimes {
  /** -1 where no record has one. */
  readonly largestTimestampMs: Timestamp | null;
  /** Last offset of the batch that has it; -1 where no batch has a time. */
  readonly offsetOfLargest: number;
  /** Of the first batch. */
  readonly firstTimestampMs: Timestamp;
}

export function emptyIndexes(): SegmentIndexes {
  return { offsets: OffsetIndex.empty(), times: TimeIndex.empty() };
}

/**
 * One `.log` file with its indexes: record batches from `baseOffset` on. The active segment keeps
 * its indexes in memory, a sealed one gives them back and has them loaded on demand.
 */
export class Segment {
  readonly baseOffset: number;
  readonly file: LogFile;
  /** Bytes assigned to batches; those above `writtenSize` are staged for a write. */
  size: number;
  /** Bytes handed to the file: what readers may see. */
  writtenSize: number;
  /** Last offset of the batch that has the largest timestamp. */
  offsetOfLargest = -1;
  /** Largest timestamp of the first batch, for rolling by age. */
  firstTimestampMs: Timestamp = -1;
  /** Wall time at which the file was begun; of its last change for one that was found on disk. */
  readonly createdMs: number;
  /** Wall time of the last append, for retention of records that have no timestamp. */
  changedMs: number;
  /**
   * In memory; null for a sealed segment whose indexes are on disk only, and for an active one that
   * sleeps (`wake-segment.ts`).
   */
  indexes: SegmentIndexes | null;
  /** What of them is in the index files. */
  readonly saves = new IndexSaves();
  /** A batch that begins at or behind this position is not served: it was found damaged. */
  damagedFrom = Number.POSITIVE_INFINITY;
  /** This segment's own share of the roll jitter. */
  readonly rollJitterMs: number;
  /** Whether it is off the list: its index files are another's, or gone. */
  isRetired = false;
  /**
   * Whether each batch is known to begin where the one before ended: it was never compacted, and
   * took no gap from a leader.
   */
  isGapless: boolean;
  /** How often its end was cut off. */
  cuts = 0;
  #isRefusalSaid = false;
  #bytesSinceEntry = 0;
  /** Bytes of the batch that was noted last. */
  #lastSize = 0;
  /** Never null, so that V8 writes over the number instead of making one for each append. */
  #largestMs: Timestamp = -1;
  #isLargestKnown: boolean;
  /** Whether the time index may lack the largest timestamp. */
  #hasNewTime = true;

  constructor(options: {
    baseOffset: number;
    file: LogFile;
    size: number;
    createdMs: number;
    rollJitterMs: number;
    indexes: SegmentIndexes | null;
    isGapless: boolean;
  }) {
    this.baseOffset = options.baseOffset;
    this.file = options.file;
    this.size = options.size;
    this.writtenSize = options.size;
    this.createdMs = options.createdMs;
    this.changedMs = options.createdMs;
    this.rollJitterMs = options.rollJitterMs;
    this.indexes = options.indexes;
    this.isGapless = options.isGapless;
    this.#isLargestKnown = options.indexes !== null;
  }

  /**
   * -1 while no record has a timestamp. Unknown (null) for a sealed segment until its time index is
   * loaded.
   */
  get largestTimestampMs(): Timestamp | null {
    return this.#isLargestKnown ? this.#largestMs : null;
  }

  #setLargest(timestampMs: Timestamp | null, offset: number): void {
    this.#isLargestKnown = timestampMs !== null;
    if (timestampMs !== null) this.#largestMs = timestampMs;
    this.#hasNewTime = true;
    this.offsetOfLargest = offset;
  }

  /** Takes what is known of its times from elsewhere than its headers. */
  adoptTimes({ largestTimestampMs, offsetOfLargest, firstTimestampMs }: SegmentTimes): void {
    this.#setLargest(largestTimestampMs, offsetOfLargest);
    this.firstTimestampMs = firstTimestampMs;
  }

  /**
   * Takes the largest timestamp that others, who walked the headers, have found: they may have
   * found less.
   */
  adoptLargest({ largestTimestampMs, offsetOfLargest }: SegmentTimes): void {
    if (largestTimestampMs! < (this.largestTimestampMs ?? -1)) return;
    this.#setLargest(largestTimestampMs, offsetOfLargest);
  }

  /** The largest timestamp of the first batch, read from its header. */
  adoptFirstTimestamp(timestampMs: Timestamp): void {
    this.firstTimestampMs = timestampMs;
  }

  /**
   * Notes a stamped batch at the end of the segment: the sparse index entry it may earn, its
   * timestamp, its size. `batch` holds at least the header at `at`.
   */
  note(batch: Buffer, at: number, size: number, indexIntervalBytes: number): void {
    const indexes = this.indexes!;
    const last = lastOffset(batch, at);
    const timestampMs = maxTimestamp(batch, at);
    if (this.size === 0) this.firstTimestampMs = timestampMs;
    if (timestampMs > this.#largestMs) {
      this.#setLargest(timestampMs, last);
    }
    // Beyond int32 there are no entries: a segment grows so far only while its disk stalls and it
    // cannot be rolled.
    const fits = last - this.baseOffset <= INT32_MAX && this.size <= INT32_MAX;
    // Entries 61 bytes apart tell readers of a batch without records, so that no slice runs into
    // one.
    const isAtEmpty = size === HEADER_SIZE || this.#lastSize === HEADER_SIZE;
    const isDue = this.#bytesSinceEntry > indexIntervalBytes || (isAtEmpty && this.size > 0);
    if (isDue && fits) {
      indexes.offsets.append(last - this.baseOffset, this.size);
      if (this.#hasNewTime) this.closeTimeIndex();
      this.#bytesSinceEntry = 0;
    }
    this.#bytesSinceEntry += size;
    this.#lastSize = size;
    this.size += size;
  }

  /**
   * Adds the entry for the largest timestamp so far, as every sealed segment's time index ends with
   * it.
   */
  closeTimeIndex(): void {
    if (this.indexes === null) return;
    const relativeOffset = this.offsetOfLargest - this.baseOffset;
    if (relativeOffset > INT32_MAX) return;
    if (this.#isLargestKnown && this.#largestMs >= 0) {
      this.indexes.times.maybeAppend(this.#largestMs, relativeOffset);
    }
    this.#hasNewTime = false;
  }

  /**
   * Takes indexes that were found, none for null, before batches are noted behind their entries.
   */
  adoptIndexes(found: SegmentIndexes | null): SegmentIndexes {
    this.indexes = found ?? emptyIndexes();
    return this.indexes;
  }

  /** Gives the indexes away: they are the caller's, and on disk. Null where it has none. */
  releaseIndexes(): SegmentIndexes | null {
    const { indexes } = this;
    this.indexes = null;
    return indexes;
  }

  /** Its indexes are on disk only until its first append. `size` is that of the file. */
  sleep(size: number): void {
    this.indexes = null;
    this.size = size;
    this.writtenSize = size;
  }

  /** Index entries that would have to be found again by headers if memory was lost. */
  get unsavedOffsetEntries(): number {
    return this.indexes === null ? 0 : this.indexes.offsets.count - this.saves.offsetEntries;
  }

  /** Readers may see the bytes up to `end` (exclusive). */
  written(end: number): void {
    this.writtenSize = end;
  }

  /** Wall time of an append. */
  changed(nowMs: number): void {
    this.changedMs = nowMs;
  }

  /** A batch leaves offsets out. */
  noteGap(): void {
    this.isGapless = false;
  }

  /** It is off the list: its index files are another's from now on, or gone. */
  retire(): void {
    this.isRetired = true;
  }

  /** A batch at or behind `position` is not served any more. Returns whether that is news. */
  damaged(position: number): boolean {
    if (position >= this.damagedFrom) return false;
    this.damagedFrom = position;
    return true;
  }

  /** Whether it was not said before that nothing is appended to it. */
  firstRefusal(): boolean {
    const isFirst = !this.#isRefusalSaid;
    this.#isRefusalSaid = true;
    return isFirst;
  }

  mark(): SegmentMark {
    return {
      size: this.size,
      offsetEntries: this.indexes!.offsets.count,
      timeEntries: this.indexes!.times.count,
      largestTimestampMs: this.#largestMs,
      offsetOfLargest: this.offsetOfLargest,
      firstTimestampMs: this.firstTimestampMs,
      bytesSinceEntry: this.#bytesSinceEntry,
      lastSize: this.#lastSize,
    };
  }

  /** Forgets everything noted since the mark. The file is cut by the caller. */
  backTo(mark: SegmentMark): void {
    this.cuts++;
    this.size = mark.size;
    this.writtenSize = Math.min(this.writtenSize, mark.size);
    this.indexes!.offsets.truncate(mark.offsetEntries);
    this.indexes!.times.truncate(mark.timeEntries);
    this.saves.cutTo(mark.offsetEntries, mark.timeEntries);
    this.#setLargest(mark.largestTimestampMs, mark.offsetOfLargest);
    this.firstTimestampMs = mark.firstTimestampMs;
    this.#bytesSinceEntry = mark.bytesSinceEntry;
    this.#lastSize = mark.lastSize;
  }

  /** Takes indexes that were rebuilt; those on disk are written anew. */
  replaceIndexes(indexes: SegmentIndexes): void {
    this.indexes = indexes;
    this.saves.hold(0, 0);
    this.#hasNewTime = true;
    this.cuts++;
  }

  /** The same segment, with no batch noted. */
  withNothingNoted(): Segment {
    return new Segment({
      baseOffset: this.baseOffset,
      file: this.file,
      size: 0,
      createdMs: this.createdMs,
      rollJitterMs: this.rollJitterMs,
      indexes: emptyIndexes(),
      isGapless: this.isGapless,
    });
  }

  /**
   * Ends where `other` does: the same segment, noted anew up to there. The file is cut by the
   * caller.
   */
  cutTo(other: Segment): void {
    this.writtenSize = other.size;
    this.takeOver(other);
  }

  /** Becomes what `other` says: the same segment, noted anew. */
  takeOver(other: Segment): void {
    this.size = other.size;
    this.#setLargest(other.largestTimestampMs, other.offsetOfLargest);
    this.#bytesSinceEntry = other.#bytesSinceEntry;
    this.#lastSize = other.#lastSize;
    this.firstTimestampMs = other.firstTimestampMs;
    this.replaceIndexes(other.indexes!);
  }

  /** Forgets everything, before the whole file is noted anew. */
  startOver(): void {
    this.size = 0;
    this.#setLargest(-1, -1);
    this.#bytesSinceEntry = 0;
    this.#lastSize = 0;
    this.replaceIndexes(emptyIndexes());
  }

  /**
   * Goes on from the batch of the last index entry, which ends at `size`: entry and timestamps come
   * from the index files.
   */
  resumeBehindEntry(size: number, entryBatchBytes: number): void {
    const times = this.indexes!.times;
    const last = times.count - 1;
    if (last < 0) this.#setLargest(-1, -1);
    else this.#setLargest(times.timestampAt(last), this.baseOffset + times.relativeOffsetAt(last));
    this.size = size;
    this.#bytesSinceEntry = entryBatchBytes;
    this.#lastSize = entryBatchBytes;
  }
}
