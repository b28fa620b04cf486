import type { LogFile } from '../../disk/log-file.js';
import { IndexSaves } from './index-saves.js';
import { NotedBatches, type SegmentIndexes, type SegmentMark } from './noted-batches.js';
import { SegmentAge } from './segment-age.js';

/**
 * One `.log` file with its indexes: record batches from `baseOffset` on. The active segment keeps
 * its indexes in memory, a sealed one gives them back and has them loaded on demand.
 */
export class Segment {
  readonly baseOffset: number;
  readonly file: LogFile;
  readonly age: SegmentAge;
  /** What of the indexes is in the index files. */
  readonly saves = new IndexSaves();
  #noted: NotedBatches;
  #writtenSize: number;
  #damagedFrom = Number.POSITIVE_INFINITY;
  #isRetired = false;
  #isGapless: boolean;
  #cuts = 0;
  #isRefusalSaid = false;

  constructor(options: {
    baseOffset: number;
    file: LogFile;
    size: number;
    /** See `SegmentAge`. */
    createdMs: number;
    rollJitterMs: number;
    indexes: SegmentIndexes | null;
    isGapless: boolean;
  }) {
    this.baseOffset = options.baseOffset;
    this.file = options.file;
    this.age = new SegmentAge(options.createdMs, options.rollJitterMs);
    this.#noted = new NotedBatches(options.baseOffset, options.size, options.indexes);
    this.#writtenSize = options.size;
    this.#isGapless = options.isGapless;
  }

  /** What is noted of its batches; another object after `takeOver`. */
  get noted(): NotedBatches {
    return this.#noted;
  }

  /** Bytes assigned to batches; those above `writtenSize` are staged for a write. */
  get size(): number {
    return this.#noted.size;
  }

  /** Bytes handed to the file: what readers may see. */
  get writtenSize(): number {
    return this.#writtenSize;
  }

  /** A batch that begins at or behind this position is not served: it was found damaged. */
  get damagedFrom(): number {
    return this.#damagedFrom;
  }

  /** Whether it is off the list: its index files are another's, or gone. */
  get isRetired(): boolean {
    return this.#isRetired;
  }

  /**
   * Whether each batch is known to begin where the one before ended: it was never compacted, and
   * took no gap from a leader.
   */
  get isGapless(): boolean {
    return this.#isGapless;
  }

  /** How often its end was cut off, or its indexes were replaced. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Readers may see the bytes up to `end` (exclusive). */
  written(end: number): void {
    this.#writtenSize = end;
  }

  /** A batch leaves offsets out. */
  noteGap(): void {
    this.#isGapless = false;
  }

  /** It is off the list: its index files are another's from now on, or gone. */
  retire(): void {
    this.#isRetired = true;
  }

  /** A batch at or behind `position` is not served any more. Returns whether that is news. */
  damaged(position: number): boolean {
    if (position >= this.#damagedFrom) return false;
    this.#damagedFrom = position;
    return true;
  }

  /** Whether it was not said before that nothing is appended to it. */
  firstRefusal(): boolean {
    const isFirst = !this.#isRefusalSaid;
    this.#isRefusalSaid = true;
    return isFirst;
  }

  /** Forgets everything noted since the mark. The file is cut by the caller. */
  backTo(mark: SegmentMark): void {
    this.#cuts++;
    this.#writtenSize = Math.min(this.#writtenSize, mark.size);
    this.#noted.backTo(mark);
    this.saves.cutTo(mark.offsetEntries, mark.timeEntries);
  }

  /**
   * Takes what was noted of its batches elsewhere: it ends there, and the file is cut by the caller
   * if that is longer. Indexes that are not those of the index files, or of what memory had, are
   * new: they are written whole.
   */
  takeOver(noted: NotedBatches, areIndexesNew = true): void {
    this.#noted = noted;
    this.#writtenSize = Math.min(this.#writtenSize, noted.size);
    if (!areIndexesNew) return;
    this.saves.hold(0, 0);
    this.#cuts++;
  }
}
