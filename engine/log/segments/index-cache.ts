import type { Disk } from '../../disk/disk.js';
import { EngineError } from '../../errors.js';
import { LIMITS } from '../../limits.js';
import type { EngineCounters } from '../../metrics.js';
import type { TurnSlices } from '../../turn-slices.js';
import {
  indexesFromFiles,
  readIndexFiles,
  readIndexFilesSync,
  writeIndexes,
} from './index-files.js';
import { NotedBatches, type SegmentIndexes } from './noted-batches.js';
import { OFFSET_INDEX_ENTRY_SIZE } from './offset-index.js';
import type { Segment } from './segment.js';
import { bytesToWalk, resumeInSlices, resumeSegment } from './segment-resume.js';
import { TIME_INDEX_ENTRY_SIZE } from './time-index.js';

/**
 * The indexes of sealed segments: on disk, and in memory under a budget, least recently used out
 * first. Active segments hold their own. An idle partition costs nothing here.
 */
export class IndexCache {
  readonly #disk: Disk;
  readonly #bytesMax: number;
  readonly #counters: EngineCounters;
  readonly #slices: TurnSlices;
  /** In order of last use. */
  readonly #loaded = new Map<Segment, SegmentIndexes>();
  /** Segments whose index files were wrong: the next load does not read them. */
  readonly #doubted = new WeakSet<Segment>();
  /**
   * Segments whose indexes were made from their headers, and their state then: made again, the
   * indexes would be the same.
   */
  readonly #made = new WeakMap<Segment, { readonly cuts: number; readonly end: number }>();
  /** Indexes that are being read. */
  readonly #loading = new Map<Segment, Promise<SegmentIndexes | null>>();
  #bytes = 0;

  constructor(disk: Disk, bytesMax: number, counters: EngineCounters, slices: TurnSlices) {
    this.#disk = disk;
    this.#slices = slices;
    this.#bytesMax = bytesMax;
    this.#counters = counters;
  }

  /**
   * The segment's indexes: read from disk, or rebuilt from the log if need be and if the segment is
   * short. `indexIntervalBytes` is for the rebuild.
   *
   * @throws EngineError INDEX_REBUILDING when it has begun to read a long segment for them: `load`
   *   resolves when that is done
   */
  of(segment: Segment, indexIntervalBytes: number): SegmentIndexes {
    const { indexes } = segment.noted;
    if (indexes !== null) return indexes;
    const cached = this.#loaded.get(segment);
    if (cached) {
      this.#loaded.delete(segment);
      this.#loaded.set(segment, cached);
      return cached;
    }
    const files = this.#doubted.has(segment) ? null : readIndexFilesSync(this.#disk, segment);
    const end = segment.writtenSize;
    const found = files && indexesFromFiles(files, end);
    if (bytesToWalk(segment, found, end) > LIMITS.indexWalkAtOnceBytes) {
      throw this.#rebuilding(segment, indexIntervalBytes);
    }
    const fresh = NotedBatches.none(segment.baseOffset);
    const { fromFiles } = resumeSegment(segment, fresh, found, end, indexIntervalBytes);
    return this.#take(segment, fresh, fromFiles ? files : null);
  }

  #rebuilding(segment: Segment, indexIntervalBytes: number): EngineError {
    // Callers that wait for the load get its error.
    this.load(segment, indexIntervalBytes, () => !segment.isRetired).catch(() => {});
    const message = `the index of ${segment.file.path} is being rebuilt: ask again`;
    return new EngineError('INDEX_REBUILDING', message, { path: segment.file.path });
  }

  /** The segment's indexes if they are in memory, else null. */
  peek(segment: Segment): SegmentIndexes | null {
    return segment.noted.indexes ?? this.#loaded.get(segment) ?? null;
  }

  /**
   * As `of`, but on the thread pool and in slices, however long it takes. Null when `isLive` says
   * meanwhile that the files may be gone. Rejects with the errno of the disk.
   */
  load(
    segment: Segment,
    indexIntervalBytes: number,
    isLive: () => boolean,
  ): Promise<SegmentIndexes | null> {
    const running = this.#loading.get(segment);
    if (running) return running;
    const loading = this.#loadAsync(segment, indexIntervalBytes, isLive)
      .catch((error: unknown) => {
        // The segment's file is gone.
        if (!isLive()) return null;
        throw error;
      })
      .finally(() => void this.#loading.delete(segment));
    this.#loading.set(segment, loading);
    return loading;
  }

  async #loadAsync(
    segment: Segment,
    indexIntervalBytes: number,
    isLive: () => boolean,
  ): Promise<SegmentIndexes | null> {
    for (;;) {
      const { cuts } = segment;
      const end = segment.writtenSize;
      const files = this.#doubted.has(segment) ? null : await readIndexFiles(this.#disk, segment);
      if (!isLive()) return null;
      const found = files && indexesFromFiles(files, end);
      // The batch of the last entry is looked at, and the batches behind it.
      const entries = found?.offsets.count ?? 0;
      const from = entries === 0 ? 0 : found!.offsets.positionAt(entries - 1);
      if (found !== null && !segment.file.isResident(from, end - from, end)) {
        await segment.file.warm(from, end - from, end, isLive);
        if (!isLive()) return null;
      }
      const known = this.peek(segment);
      if (known !== null) return known;
      const fresh = NotedBatches.none(segment.baseOffset);
      const isLong = bytesToWalk(segment, found, end) > LIMITS.indexWalkAtOnceBytes;
      const { fromFiles } = isLong
        ? await resumeInSlices(segment, fresh, found, end, indexIntervalBytes, this.#slices)
        : resumeSegment(segment, fresh, found, end, indexIntervalBytes);
      if (!isLive()) return null;
      // The segment may have been woken, cut or appended to.
      const others = this.peek(segment);
      if (others !== null) return others;
      if (segment.cuts !== cuts || segment.writtenSize !== end) continue;
      return this.#take(segment, fresh, fromFiles ? files : null);
    }
  }

  /**
   * Whether its index files were of no use when they were last read, so that its headers were
   * walked.
   */
  wasMade(segment: Segment): boolean {
    return this.#made.has(segment);
  }

  /** Takes over the indexes of a segment that was just sealed. */
  adopt(segment: Segment): void {
    const indexes = segment.noted.releaseIndexes();
    if (indexes !== null) this.#keep(segment, indexes);
  }

  /**
   * Builds both indexes again from the batch headers and keeps them: the present ones did not fit
   * the log. Indexes that were made from headers are kept as they are: the damage is where they
   * end.
   *
   * @throws EngineError INDEX_REBUILDING as `of`, for a sealed segment
   */
  rebuild(segment: Segment, indexIntervalBytes: number): SegmentIndexes {
    if (segment.noted.indexes !== null) {
      this.#counters.indexRebuilds++;
      const fresh = NotedBatches.none(segment.baseOffset);
      resumeSegment(segment, fresh, null, segment.writtenSize, indexIntervalBytes);
      const indexes = segment.noted.adoptIndexes(fresh.indexes);
      segment.takeOver(segment.noted);
      return indexes;
    }
    const made = this.#made.get(segment);
    if (made?.cuts !== segment.cuts || made.end !== segment.writtenSize) {
      this.forget(segment);
      this.#doubted.add(segment);
    }
    return this.of(segment, indexIntervalBytes);
  }

  forget(segment: Segment): void {
    const indexes = this.#loaded.get(segment);
    if (!indexes) return;
    this.#bytes -= memoryBytes(indexes);
    this.#loaded.delete(segment);
  }

  /** Takes in the notes of a segment, from its files or (null) from its headers. */
  #take(
    segment: Segment,
    fresh: NotedBatches,
    files: { index: Buffer | null; timeindex: Buffer | null } | null,
  ): SegmentIndexes {
    if (files === null) {
      this.#counters.indexRebuilds++;
      this.#made.set(segment, { cuts: segment.cuts, end: segment.writtenSize });
    } else this.#made.delete(segment);
    this.#doubted.delete(segment);
    fresh.closeTimeIndex();
    // A damaged batch hides the batches behind it: what is known of their times stays.
    segment.noted.adoptLargest(fresh);
    const indexes = fresh.indexes!;
    // A read of a segment that is off the list leaves nothing in the cache.
    if (segment.isRetired) return indexes;
    this.#keep(segment, indexes);
    const isSaved =
      files?.index?.length === indexes.offsets.count * OFFSET_INDEX_ENTRY_SIZE &&
      files.timeindex?.length === indexes.times.count * TIME_INDEX_ENTRY_SIZE;
    // A few entries are found again as fast as they are read.
    if (!isSaved && indexes.offsets.count >= LIMITS.indexEntriesLeftUnsaved) {
      // This is best effort: without it the next start does the same work again.
      writeIndexes(this.#disk, segment, indexes).catch(() => {});
    }
    return indexes;
  }

  #keep(segment: Segment, indexes: SegmentIndexes): void {
    this.forget(segment);
    this.#loaded.set(segment, indexes);
    this.#bytes += memoryBytes(indexes);
    for (const oldest of this.#loaded.keys()) {
      if (this.#bytes <= this.#bytesMax || oldest === segment) break;
      this.forget(oldest);
    }
  }
}

function memoryBytes(indexes: SegmentIndexes): number {
  return LIMITS.indexCacheEntryBytes + indexes.offsets.memoryBytes + indexes.times.memoryBytes;
}
