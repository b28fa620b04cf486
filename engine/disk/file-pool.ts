import { assert } from '../assert.js';
import { LIMITS } from '../limits.js';
import type { Disk } from './disk.js';
import { type DescriptorBudget, LogFile } from './log-file.js';
import { PageTraffic } from './page-traffic.js';

export interface FilePoolOptions {
  /**
   * How many descriptors the pool keeps. Soft: files that are pinned or hold unsynced bytes stay open
   * beyond it, and a descriptor whose close is running no longer counts.
   */
  readonly openMax: number;
  /** The monotonic clock, by which what is known of the page cache grows old. Default: it never does. */
  readonly nowMs?: () => number;
  /** A close by the LRU failed. Nothing is lost by it: such a file is clean. */
  readonly onCloseFailed?: (path: string, error: unknown) => void;
}

/**
 * The descriptors of one data directory, shared by all its files: the least recently used one that nothing
 * names and that has nothing to sync is closed when there are too many.
 */
export class FilePool {
  readonly #disk: Disk;
  readonly #openMax: number;
  readonly #onCloseFailed: (path: string, error: unknown) => void;
  readonly #traffic: PageTraffic;
  readonly #open = new Set<LogFile>();
  /** Those of them that may be closed, least recently used first. */
  readonly #idle = new Set<LogFile>();
  readonly #evictions = new Set<Promise<void>>();
  readonly #budget: DescriptorBudget = {
    opened: (file) => {
      this.#open.add(file);
      this.#evictSurplus();
    },
    closed: (file) => {
      this.#open.delete(file);
      this.#idle.delete(file);
    },
    idle: (file) => {
      this.#idle.delete(file);
      this.#idle.add(file);
      this.#evictSurplus();
    },
    busy: (file) => void this.#idle.delete(file),
  };

  constructor(disk: Disk, options: FilePoolOptions) {
    assert(options.openMax > 0, 'a pool keeps at least one descriptor');
    this.#disk = disk;
    this.#openMax = options.openMax;
    this.#onCloseFailed = options.onCloseFailed ?? (() => {});
    this.#traffic = new PageTraffic(options.nowMs ?? (() => 0), LIMITS.warmUpsRunningMax);
  }

  /** Descriptors held at this moment. */
  get openCount(): number {
    return this.#open.size;
  }

  /** A file that has no descriptor yet; nothing is touched on disk. One owner per path. */
  file(path: string): LogFile {
    return new LogFile(this.#disk, this.#budget, this.#traffic, path);
  }

  /** Closes every file, each as soon as nothing pins it, dirty or not. Rejects with the first failure, after all were tried. */
  async close(): Promise<void> {
    const results = await Promise.allSettled([...this.#open].map((file) => file.close()));
    await Promise.all(this.#evictions);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  #evictSurplus(): void {
    while (this.#open.size > this.#openMax) {
      const [file] = this.#idle;
      if (!file) return;
      const eviction = file
        .evict()
        .catch((error: unknown) => this.#onCloseFailed(file.path, error));
      this.#evictions.add(eviction);
      eviction.then(() => void this.#evictions.delete(eviction));
    }
  }
}
