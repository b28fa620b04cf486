import type { ReadIsolation } from '../../engine/index.js';
import type { PartitionWish } from '../partition/fetch-session.js';
import type { Partition } from '../partition/partition.js';
import type { RequestOf } from '../protocol/api-keys.js';

/** A partition that a fetch waits for, and what it wants of it. */
export interface Watched {
  /** Null for one that was not found. */
  readonly watched: Partition | null;
  readonly wish: PartitionWish;
  /** As of the last read, no record lies from the wished offset up to this one (exclusive). */
  readonly emptyUpTo: number;
}

/** Whether reading anew would answer the request. Numbers first: most wake-ups of a large fetch concern one partition. */
export function hasEnough(reads: Iterable<Watched>, request: RequestOf<'Fetch'>): boolean {
  const isolation = isolationOf(request);
  let bytes = 0;
  for (const { watched: partition, wish, emptyUpTo } of reads) {
    if (partition === null) return true;
    try {
      partition.checkLeader(wish.currentLeaderEpoch);
      const { fetchOffset: offset, partitionMaxBytes } = wish;
      if (offset < partition.logStartOffset) return true;
      const end =
        isolation === 'high-watermark' ? partition.highWatermark : partition.lastStableOffset;
      if (offset >= end || emptyUpTo >= end) continue;
      if (request.minBytes <= 1) return true;
      const maxBytes = Math.max(0, partitionMaxBytes);
      const { slice } = partition.read({ offset, maxBytes, minOneBatch: true, isolation }, -1);
      bytes += slice?.size ?? 0;
      slice?.release();
      if (bytes >= request.minBytes) return true;
    } catch {
      // Whatever is wrong, the second reading finds it and answers it.
      return true;
    }
  }
  return false;
}

export function isolationOf({ isolationLevel }: RequestOf<'Fetch'>): ReadIsolation {
  return isolationLevel === 1 ? 'last-stable-offset' : 'high-watermark';
}
