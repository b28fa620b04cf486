import type { Disk } from '../disk/disk.js';
import { LIMITS } from '../limits.js';
import type { EngineCounters } from '../metrics.js';
import {
  indexesFromFiles,
  readIndexFiles,
  readIndexFilesSync,
  saveIndexes,
} from './index-files.js';
import { OFFSET_INDEX_ENTRY_SIZE } from './offset-index.js';
import { emptyIndexes, Segment, type SegmentIndexes } from './segment.js';
import { resumeSegment } from './segment-resume.js';
import { TIME_INDEX_ENTRY_SIZE } from './time-index.js';

/**
 * The indexes of sealed segments: on disk, and in memory under a budget, least recently used out first. Active segments
 * hold their own. An idle partition costs nothing here.
 */
export class IndexCache {
  readonly #disk: Disk;
  readonly #bytesMax: number;
  readonly #counters: EngineCounters;
  /** In order of last use. */
  readonly #loaded = new Map<Segment, SegmentIndexes>();
  /** Those that are being read. */
  readonly #loading = new Map<Segment, Promise<SegmentIndexes | null>>();
  #bytes = 0;

  constructor(disk: Disk, bytesMax: number, counters: EngineCounters) {
    this.#disk = disk;
    this.#bytesMax = bytesMax;
    this.#counters = counters;
  }

  /** The segment's indexes, read from disk or rebuilt from the log if need be. `indexIntervalBytes` is for the rebuild. */
  of(segment: Segment, indexIntervalBytes: number): SegmentIndexes {
    if (segment.indexes !== null) return segment.indexes;
    const cached = this.#loaded.get(segment);
    if (cached) {
      this.#loaded.delete(segment);
      this.#loaded.set(segment, cached);
      return cached;
    }
    return this.#load(segment, readIndexFilesSync(this.#disk, segment), indexIntervalBytes);
  }

  /** The segment's indexes if they are in memory, else null. */
  peek(segment: Segment): SegmentIndexes | null {
    return segment.indexes ?? this.#loaded.get(segment) ?? null;
  }

  /**
   * As `of`, but what is read from disk is read on the thread pool; only a rebuild from the log is not. Null when `isLive` says meanwhile that the files
   * may be gone. Rejects with the errno of the disk.
   */
  load(
    segment: Segment,
    indexIntervalBytes: number,
    isLive: () => boolean,
  ): Promise<SegmentIndexes | null> {
    const running = this.#loading.get(segment);
    if (running) return running;
    const loading = this.#loadAsync(segment, indexIntervalBytes, isLive).finally(
      () => void this.#loading.delete(segment),
    );
    this.#loading.set(segment, loading);
    return loading;
  }

  async #loadAsync(
    segment: Segment,
    indexIntervalBytes: number,
    isLive: () => boolean,
  ): Promise<SegmentIndexes | null> {
    const files = await readIndexFiles(this.#disk, segment);
    if (!isLive()) return null;
    const { index, timeindex } = files;
    const found = indexesFromFiles(files, segment.writtenSize);
    if (index === null || timeindex === null || found === null) {
      return this.peek(segment) ?? this.#load(segment, null, indexIntervalBytes);
    }
    // The batch of the last entry is looked at, and what follows it.
    const { offsets } = found;
    const from = offsets.count === 0 ? 0 : offsets.positionAt(offsets.count - 1);
    const end = segment.writtenSize;
    if (!segment.file.isResident(from, end - from, end)) {
      await segment.file.warm(from, end - from, end, isLive);
      if (!isLive()) return null;
    }
    return this.peek(segment) ?? this.#load(segment, { index, timeindex }, indexIntervalBytes);
  }

  /** Takes over the indexes of a segment that was just sealed. */
  adopt(segment: Segment): void {
    const indexes = segment.indexes;
    if (indexes === null) return;
    segment.indexes = null;
    this.#keep(segment, indexes);
  }

  /** Builds both indexes anew from the batch headers and keeps them: those at hand did not fit the log. */
  rebuild(segment: Segment, indexIntervalBytes: number): SegmentIndexes {
    if (segment.indexes === null) return this.#load(segment, null, indexIntervalBytes);
    this.#counters.indexRebuilds++;
    const fresh = rebuildSegment(segment, indexIntervalBytes);
    segment.replaceIndexes(fresh.indexes!);
    return segment.indexes;
  }

  forget(segment: Segment): void {
    const indexes = this.#loaded.get(segment);
    if (!indexes) return;
    this.#bytes -= memoryBytes(indexes);
    this.#loaded.delete(segment);
  }

  #load(
    segment: Segment,
    files: { index: Buffer; timeindex: Buffer } | null,
    indexIntervalBytes: number,
  ): SegmentIndexes {
    const fresh = copyOf(segment);
    const end = segment.writtenSize;
    const found = files && indexesFromFiles(files, end);
    const { fromFiles } = resumeSegment(fresh, found, end, indexIntervalBytes);
    fresh.writtenSize = fresh.size;
    if (!fromFiles) this.#counters.indexRebuilds++;
    fresh.closeTimeIndex();
    // A damaged batch hides those behind it: what was known of them stays.
    if (fresh.largestTimestampMs! >= (segment.largestTimestampMs ?? -1)) {
      segment.largestTimestampMs = fresh.largestTimestampMs;
      segment.offsetOfLargest = fresh.offsetOfLargest;
    }
    const indexes = fresh.indexes!;
    // What still reads a segment that is off the list leaves nothing behind.
    if (segment.isRetired) return indexes;
    this.#keep(segment, indexes);
    const isSaved =
      files?.index.length === indexes.offsets.count * OFFSET_INDEX_ENTRY_SIZE &&
      files.timeindex.length === indexes.times.count * TIME_INDEX_ENTRY_SIZE;
    // Few are found again as fast as they are read.
    if (!isSaved && indexes.offsets.count >= LIMITS.indexEntriesLeftUnsaved) {
      // Best effort: without it the next start does the same work again.
      const saving = segment.indexSave.then(() =>
        segment.isRetired ? undefined : saveIndexes(this.#disk, fresh),
      );
      segment.indexSave = saving.catch(() => {});
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
  return indexes.offsets.memoryBytes + indexes.times.memoryBytes;
}

/** A copy of the segment's bookkeeping, made from its batch headers alone; up to the first unsound header. */
export function rebuildSegment(segment: Segment, indexIntervalBytes: number): Segment {
  const fresh = copyOf(segment);
  resumeSegment(fresh, null, segment.writtenSize, indexIntervalBytes);
  return fresh;
}

/** The same segment with nothing noted. */
function copyOf(segment: Segment): Segment {
  return new Segment({
    baseOffset: segment.baseOffset,
    file: segment.file,
    size: 0,
    createdMs: segment.createdMs,
    rollJitterMs: segment.rollJitterMs,
    indexes: emptyIndexes(),
    isGapless: segment.isGapless,
  });
}
