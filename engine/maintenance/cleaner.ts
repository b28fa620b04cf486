import { setImmediate } from 'node:timers/promises';
import type { Clock, Timer } from '../clock.js';
import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { assertKnownOptions } from '../nearest-name.js';

/** How compaction runs in one data directory, all logs together. */
export interface CompactionOptions {
  /** Whether logs are compacted by themselves. Default true. */
  readonly enabled: boolean;
  /** Logs that are compacted at the same time. Default 1. */
  readonly threads: number;
  /** Memory for keys, all threads together: 24 bytes a key. Default 128 MiB. */
  readonly mapBytes: number;
  /** How full that memory may be, above 0 and at most 1. Default 0.9. */
  readonly loadFactor: number;
  /** Bytes read and written a second, all threads together. Default Infinity. */
  readonly bytesPerSecond: number;
  /**
   * The time from the end of one round, which found no log to compact, to the next. Default 15 s.
   */
  readonly backoffMs: number;
}

/** Apache Kafka's defaults. */
export const DEFAULT_COMPACTION: CompactionOptions = {
  enabled: true,
  threads: 1,
  mapBytes: 128 * 1024 * 1024,
  loadFactor: 0.9,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  backoffMs: 15_000,
};

/** The options with every default filled in. Throws INVALID_SETTING, naming the key. */
export function resolveCompaction(options: Partial<CompactionOptions> = {}): CompactionOptions {
  assertKnownOptions('compaction', options, Object.keys(DEFAULT_COMPACTION));
  const resolved = { ...DEFAULT_COMPACTION, ...options };
  const { threads, mapBytes, loadFactor, bytesPerSecond, backoffMs } = resolved;
  const problems: readonly [isFine: boolean, wanted: string][] = [
    [Number.isInteger(threads) && threads >= 0, 'threads is a whole number of at least 0'],
    [
      Number.isSafeInteger(mapBytes) &&
        mapBytes >= LIMITS.compactionMapBytesMin * Math.max(1, threads),
      'mapBytes is a whole number of at least 1 MiB a thread',
    ],
    [loadFactor > 0 && loadFactor <= 1, 'loadFactor is above 0 and at most 1'],
    [bytesPerSecond > 0, 'bytesPerSecond is a number above 0, or Infinity'],
    [backoffMs >= 0, 'backoffMs is a number of at least 0'],
  ];
  for (const [isFine, wanted] of problems) {
    if (!isFine) throw new EngineError('INVALID_SETTING', `compaction.${wanted}`);
  }
  return resolved;
}

/** A log as the cleaner sees it. */
export interface CompactedLog {
  /** How urgently the log needs compaction: the larger, the more; null when it does not. */
  compactionNeed(): Promise<number | null>;
  /**
   * Runs one pass. Does not reject: it has logged every failure. Says whether the log got any
   * further.
   */
  compactOnce(): Promise<boolean>;
}

/**
 * Compacts the logs of a data directory, the dirtiest first, `threads` of them at the same time.
 * Every log is asked for its need once a round, and again when it got further. A round begins
 * `backoffMs` after the round before found no more work. It costs nothing while no log is watched.
 */
export class Cleaner {
  readonly options: CompactionOptions;
  readonly #clock: Clock;
  readonly #logs = new Set<CompactedLog>();
  #timer: Timer | null = null;
  #round: Promise<void> = Promise.resolve();
  #isRunning = false;
  #isStopped = false;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(clock: Clock, options: CompactionOptions) {
    this.#clock = clock;
    this.options = options;
    this.#free = Math.max(1, options.threads);
  }

  /** The log is compacted from now on. Again for one that is watched already: nothing happens. */
  watch(log: CompactedLog): void {
    this.#logs.add(log);
    this.#schedule();
  }

  forget(log: CompactedLog): void {
    this.#logs.delete(log);
    if (this.#logs.size > 0) return;
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** Runs `work` when a thread's share of the memory is free; first come, first served. */
  async admit<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free--;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The place is handed to the next waiter, so that a new caller cannot take it first.
      if (next) next();
      else this.#free++;
    }
  }

  /**
   * Begins no more passes. Resolves when the running passes have ended; the caller tells the logs
   * to end them.
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = null;
    await this.#round;
  }

  #schedule(): void {
    const { enabled, threads, backoffMs } = this.options;
    if (!enabled || threads === 0 || this.#isStopped || this.#isRunning) return;
    if (this.#logs.size === 0) return;
    this.#timer ??= this.#clock.schedule(backoffMs, () => {
      this.#timer = null;
      this.#isRunning = true;
      this.#round = this.#run().finally(() => {
        this.#isRunning = false;
        this.#schedule();
      });
      return this.#round;
    });
  }

  async #run(): Promise<void> {
    const queue: Candidate[] = [];
    let asked = 0;
    for (const log of this.#logs) {
      await enqueue(queue, log);
      asked++;
      if (asked % LIMITS.compactionNeedsPerTurn === 0) await setImmediate();
    }
    queue.sort(byNeed);
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next && !this.#isStopped; next = queue.shift()) {
        const { log } = next;
        // The log was asked a while ago.
        if (!this.#logs.has(log) || (await log.compactionNeed()) === null) continue;
        // A log that got no further waits for the next round.
        if (!(await log.compactOnce())) continue;
        await enqueue(queue, log);
        queue.sort(byNeed);
      }
    };
    await Promise.all(Array.from({ length: this.options.threads }, work));
  }
}

interface Candidate {
  readonly log: CompactedLog;
  readonly need: number;
}

async function enqueue(queue: Candidate[], log: CompactedLog): Promise<void> {
  const need = await log.compactionNeed();
  if (need !== null) queue.push({ log, need });
}

/** The neediest first; those that need it alike, as they came. */
function byNeed(a: Candidate, b: Candidate): number {
  return a.need === b.need ? 0 : b.need - a.need;
}
