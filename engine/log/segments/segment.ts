import type { LogFile } from '../../disk/log-file.js';
import { IndexSaves } from './index-saves.js';
import { NotedBatches, type SegmentIndexes, type SegmentMark } from './noted-batches.js';
import { SegmentAge } from './segment-age.js';

/**
 * One `.log` file with its indexes: record batches from `baseOffset` on. The active segment keeps
 * its indexes in memory; those of a sealed one are released and loaded on demand.
 */
export class Segment {
  readonly baseOffset: number;
  readonly file: LogFile;
  readonly age: SegmentAge;
  /** The entries that are in the index files. */
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
    /** When the file was begun, as in `SegmentAge`. */
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

  /** The notes of its batches; another object after `takeOver`. */
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

  /**
   * Whether the segment is off the list: its index files belong to another segment, or are gone.
   */
  get isRetired(): boolean {
    return this.#isRetired;
  }

  /**
   * Whether each batch is known to begin where the one before ended: the segment was never
   * compacted, and took no gap from a leader.
   */
  get isGapless(): boolean {
    return this.#isGapless;
  }

  /** Counts how often its end was cut off, or its indexes were replaced. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Readers may see the bytes up to `end` (exclusive). */
  written(end: number): void {
    this.#writtenSize = end;
  }

  /** Notes that a batch leaves offsets out. */
  noteGap(): void {
    this.#isGapless = false;
  }

  /**
   * Takes note that it is off the list: its index files belong to another segment from now on, or
   * are gone.
   */
  retire(): void {
    this.#isRetired = true;
  }

  /** A batch at or behind `position` is not served any more. Returns whether that is news. */
  damaged(position: number): boolean {
    if (position >= this.#damagedFrom) return false;
    this.#damagedFrom = position;
    return true;
  }

  /** Whether this is the first report that nothing is appended to it. */
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
   * Takes over notes of its batches that were made elsewhere: the segment ends where they end, and
   * the caller cuts a longer file. Indexes that are neither those of the index files nor those in
   * memory are new: they are written whole.
   */
  takeOver(noted: NotedBatches, areIndexesNew = true): void {
    this.#noted = noted;
    this.#writtenSize = Math.min(this.#writtenSize, noted.size);
    if (!areIndexesNew) return;
    this.saves.hold(0, 0);
    this.#cuts++;
  }
}
