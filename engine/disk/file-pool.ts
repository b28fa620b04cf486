import { assert } from '../assert.js';
import { LIMITS } from '../limits.js';
import type { DescriptorBudget } from './descriptor-budget.js';
import type { Disk } from './disk.js';
import { LogFile } from './log-file.js';
import { PageTraffic } from './page-traffic.js';

export interface FilePoolOptions {
  /**
   * How many descriptors the pool keeps. Soft: files that are pinned or hold unsynced bytes stay
   * open beyond it, and a descriptor whose close is running no longer counts.
   */
  readonly openMax: number;
  /**
   * The monotonic clock, by which what is known of the page cache grows old. Default: it never
   * does.
   */
  readonly nowMs?: () => number;
  /**
   * Called when many of the files have unsynced bytes: after a sync they can be closed, and other
   * files written. Called now and then until that sync.
   */
  readonly onCrowded?: () => void;
  /** A close by the LRU failed. Nothing is lost by it: such a file is clean. */
  readonly onCloseFailed?: (path: string, error: unknown) => void;
}

/**
 * The descriptors of one data directory, shared by all its files: when there are too many, the
 * least recently used one is closed that nothing names and that has nothing to sync. A writer to a
 * file without unsynced bytes first asks whether there is room, since such a file stays open until
 * a sync.
 */
export class FilePool {
  readonly #disk: Disk;
  readonly #openMax: number;
  readonly #onCloseFailed: (path: string, error: unknown) => void;
  readonly #traffic: PageTraffic;
  readonly #onCrowded: () => void;
  readonly #open = new Set<LogFile>();
  /** Those of them that may be closed, least recently used first. */
  readonly #idle = new Set<LogFile>();
  readonly #evictions = new Set<Promise<void>>();
  #dirtyCount = 0;
  #isCrowded = false;
  #waiting: (() => void)[] = [];
  #isWaking = false;
  #isUnbounded = false;
  readonly #budget: DescriptorBudget<LogFile> = {
    opened: (file) => {
      this.#open.add(file);
      this.#evictSurplus();
    },
    closed: (file) => {
      this.#open.delete(file);
      this.#idle.delete(file);
    },
    idle: (file) => {
      if (file.isFinished) {
        this.#evict(file);
        return;
      }
      this.#idle.delete(file);
      this.#idle.add(file);
      this.#evictSurplus();
    },
    busy: (file) => void this.#idle.delete(file),
    dirtied: () => {
      this.#dirtyCount++;
      if (!this.#isCrowded) this.#sayIfCrowded();
    },
    cleaned: () => {
      this.#dirtyCount--;
      if (this.#dirtyCount < this.#openMax * LIMITS.descriptorsDirtyShare) this.#isCrowded = false;
      this.#wakeSoon();
    },
  };

  constructor(disk: Disk, options: FilePoolOptions) {
    assert(options.openMax > 0, 'a pool keeps at least one descriptor');
    this.#disk = disk;
    this.#openMax = options.openMax;
    this.#onCloseFailed = options.onCloseFailed ?? (() => {});
    this.#traffic = new PageTraffic(options.nowMs ?? (() => 0), LIMITS.warmUpsRunningMax);
    this.#onCrowded = options.onCrowded ?? (() => {});
  }

  /** Descriptors held at this moment. */
  get openCount(): number {
    return this.#open.size;
  }

  /** Files with unsynced bytes at this moment. */
  get dirtyCount(): number {
    return this.#dirtyCount;
  }

  /** Whether a file without unsynced bytes may be written to: fewer than `openMax` have some. */
  get hasRoom(): boolean {
    return this.#dirtyCount < this.#openMax || this.#isUnbounded;
  }

  /**
   * Resolves when there may be room; another writer may have been faster, so ask again. Never
   * rejects.
   */
  whenRoom(): Promise<void> {
    if (this.hasRoom) return Promise.resolve();
    this.#onCrowded();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** From now on there is always room: no sync will come, and writes are to fail. */
  endWaiting(): void {
    this.#isUnbounded = true;
    this.#wakeSoon();
  }

  /** A file that has no descriptor yet; nothing is touched on disk. One owner per path. */
  file(path: string): LogFile {
    return new LogFile(this.#disk, this.#budget, this.#traffic, path);
  }

  /**
   * Closes every file, each as soon as nothing pins it, dirty or not. Rejects with the first
   * failure, after all were tried.
   */
  async close(): Promise<void> {
    const results = await Promise.allSettled([...this.#open].map((file) => file.close()));
    await Promise.all(this.#evictions);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  #sayIfCrowded(): void {
    if (this.#dirtyCount < this.#openMax * LIMITS.descriptorsDirtyShare) return;
    this.#isCrowded = true;
    this.#onCrowded();
  }

  /** A sync cleans many files at once: the waiting writers are looked at once for all of them. */
  #wakeSoon(): void {
    if (this.#waiting.length === 0 || this.#isWaking) return;
    this.#isWaking = true;
    queueMicrotask(() => {
      this.#isWaking = false;
      const room = this.#isUnbounded ? Number.MAX_SAFE_INTEGER : this.#openMax - this.#dirtyCount;
      for (const wake of this.#waiting.splice(0, Math.max(0, room))) wake();
      if (this.#waiting.length > 0) this.#onCrowded();
    });
  }

  #evictSurplus(): void {
    while (this.#open.size > this.#openMax) {
      const [file] = this.#idle;
      if (!file) return;
      this.#evict(file);
    }
  }

  #evict(file: LogFile): void {
    const eviction = file.evict().catch((error: unknown) => this.#onCloseFailed(file.path, error));
    this.#evictions.add(eviction);
    void eviction.then(() => this.#evictions.delete(eviction));
  }
}
