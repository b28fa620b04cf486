import type { Disk } from '../disk/disk.js';
import { hasErrno } from '../disk/errno.js';
import type { EngineCounters } from '../metrics.js';
import { walkHeaders } from './header-walk.js';
import { indexPath, saveIndexes } from './index-files.js';
import { OffsetIndex } from './offset-index.js';
import { Segment, type SegmentIndexes } from './segment.js';
import { TimeIndex } from './time-index.js';

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
    const indexes = this.#load(segment) ?? this.rebuild(segment, indexIntervalBytes);
    this.#keep(segment, indexes);
    return indexes;
  }

  /** Takes over the indexes of a segment that was just sealed. */
  adopt(segment: Segment): void {
    const indexes = segment.indexes;
    if (indexes === null) return;
    segment.indexes = null;
    this.#keep(segment, indexes);
  }

  /** Builds both indexes anew from the batch headers and keeps them: those on disk did not fit the log. */
  rebuild(segment: Segment, indexIntervalBytes: number): SegmentIndexes {
    this.#counters.indexRebuilds++;
    const fresh = rebuildSegment(segment, indexIntervalBytes);
    if (segment.indexes === null) fresh.closeTimeIndex();
    segment.largestTimestampMs = fresh.largestTimestampMs;
    segment.offsetOfLargest = fresh.offsetOfLargest;
    const indexes = fresh.indexes!;
    if (segment.indexes === null) {
      this.#keep(segment, indexes);
      // Best effort: without it the next start rebuilds again.
      saveIndexes(this.#disk, fresh, false).catch(() => {});
    } else {
      segment.replaceIndexes(indexes);
    }
    return indexes;
  }

  forget(segment: Segment): void {
    const indexes = this.#loaded.get(segment);
    if (!indexes) return;
    this.#bytes -= memoryBytes(indexes);
    this.#loaded.delete(segment);
  }

  #load(segment: Segment): SegmentIndexes | null {
    const offsets = this.#read(segment, 'index', OffsetIndex.decode);
    const times = this.#read(segment, 'timeindex', TimeIndex.decode);
    if (offsets === null || times === null) return null;
    const last = offsets.count - 1;
    if (last >= 0 && offsets.positionAt(last) >= segment.size) return null;
    if (segment.largestTimestampMs === null) {
      const lastTime = times.count - 1;
      segment.largestTimestampMs = lastTime < 0 ? -1 : times.timestampAt(lastTime);
      segment.offsetOfLargest =
        lastTime < 0 ? -1 : segment.baseOffset + times.relativeOffsetAt(lastTime);
    }
    return { offsets, times };
  }

  #read<Index>(
    segment: Segment,
    kind: 'index' | 'timeindex',
    decode: (bytes: Buffer) => Index | null,
  ): Index | null {
    try {
      return decode(this.#disk.readFileSync(indexPath(segment, kind)));
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return null;
      throw error;
    }
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
  const fresh = new Segment({
    baseOffset: segment.baseOffset,
    file: segment.file,
    size: 0,
    createdMs: segment.createdMs,
    rollJitterMs: segment.rollJitterMs,
    indexes: { offsets: OffsetIndex.empty(), times: TimeIndex.empty() },
  });
  walkHeaders(segment.file, 0, segment.writtenSize, (header) => {
    fresh.note(header.bytes, header.at, header.size, indexIntervalBytes);
    return false;
  });
  return fresh;
}
