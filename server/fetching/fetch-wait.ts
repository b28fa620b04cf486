import type { ReadIsolation } from '../../engine/index.js';
import { Partition } from '../partition/partition.js';
import type { RequestOf } from '../protocol/api.js';
import type { Fetch } from '../protocol/messages/fetch.js';
import type { FetchSession, PartitionWish, SessionPartition } from './fetch-session.js';

/** A partition that a fetch waits for, and the wish of the fetch. */
export interface Watched {
  /** Null for a partition that was not found. */
  readonly watched: Partition | null;
  readonly wish: PartitionWish;
  /**
   * At the last read no record lay between the wished offset (inclusive) and this one (exclusive).
   */
  readonly emptyUpTo: number;
}

/** What a fetch waits on: its partitions, its session or one of its partitions, its client. */
export type FetchKey = Partition | FetchSession | SessionPartition | string;

/**
 * The wishes of one waiting fetch, so that a move costs one look at the partition that has moved,
 * however many partitions the fetch names. A look compares numbers first: most find that a
 * partition is at its end.
 */
export class FetchWait {
  readonly #request: RequestOf<typeof Fetch>;
  readonly #session: FetchSession | null;
  readonly #isolation: ReadIsolation;
  readonly #reads = new Map<Partition, Watched>();
  /**
   * Bytes that a read of each partition would answer, where it was looked at; kept only where the
   * fetch wants more than one byte.
   */
  readonly #bytes = new Map<Watched, number>();
  #totalBytes = 0;

  constructor(request: RequestOf<typeof Fetch>, session: FetchSession | null) {
    this.#request = request;
    this.#session = session;
    this.#isolation = isolationOf(request);
  }

  /**
   * Whether another read would answer the request, now that `moved` has moved; null for any
   * partition.
   */
  isDone(moved: FetchKey | null): boolean {
    if (moved instanceof Partition) {
      const read = this.#reads.get(moved);
      return read !== undefined && this.#look(read);
    }
    if (moved !== null && typeof moved === 'object' && 'wish' in moved) return this.#look(moved);
    for (const read of this.#session?.toLookAt ?? this.#reads.values()) {
      if (this.#look(read)) return true;
    }
    return false;
  }

  /** Takes in one more partition. Returns whether another read would answer the request already. */
  add(read: Watched): boolean {
    if (read.watched !== null) this.#reads.set(read.watched, read);
    return this.#look(read);
  }

  #look(read: Watched): boolean {
    const { watched: partition, wish, emptyUpTo } = read;
    if (partition === null) return true;
    try {
      partition.checkLeader(wish.currentLeaderEpoch);
      const { fetchOffset: offset, partitionMaxBytes } = wish;
      if (offset < partition.logStartOffset) return true;
      const isolation = this.#isolation;
      const end =
        isolation === 'high-watermark' ? partition.highWatermark : partition.lastStableOffset;
      if (offset >= end || emptyUpTo >= end) return false;
      if (this.#request.minBytes <= 1) return true;
      const maxBytes = Math.max(0, partitionMaxBytes);
      const { slice } = partition.read({ offset, maxBytes, minOneBatch: true, isolation }, -1);
      const bytes = slice?.size ?? 0;
      slice?.release();
      this.#totalBytes += bytes - (this.#bytes.get(read) ?? 0);
      this.#bytes.set(read, bytes);
      return this.#totalBytes >= this.#request.minBytes;
    } catch {
      // The second read finds the error and answers it.
      return true;
    }
  }
}

export function isolationOf({ isolationLevel }: RequestOf<typeof Fetch>): ReadIsolation {
  return isolationLevel === 1 ? 'last-stable-offset' : 'high-watermark';
}
