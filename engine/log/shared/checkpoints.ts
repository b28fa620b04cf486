import type { Catalog, CatalogChange } from '../../catalog/catalog.js';
import type { Clock, Timer } from '../../clock.js';
import type { DataDirectory } from '../../disk/data-directory.js';
import { storageError } from '../../disk/storage-error.js';
import { Gate } from '../../gate.js';
import { LIMITS } from '../../limits.js';
import type { EngineCounters } from '../../metrics.js';
import type { SyncRounds, SyncTarget } from './sync-rounds.js';

/** The state of a log, as of one moment, that a restart will find. */
export interface CheckpointCapture {
  /** Called right before a write: false when the log was truncated or deleted since. */
  isStillTrue(): boolean;
  /**
   * Writes most of a large number of changes; null where there are few. Called, as `changes` is,
   * after the sync that covers the capture.
   */
  writeAhead(): Promise<void> | null;
  /** The remaining changes, all in one transaction. */
  changes(): readonly CatalogChange[];
  /** Called when the changes are durable. */
  done(): void;
}

export interface CheckpointTarget extends SyncTarget {
  /**
   * Whether the log is on the list of `Checkpoints` already: so an append need not look into a set
   * of thousands.
   */
  readonly awaitsCheckpoint: boolean;
  awaitCheckpoint(awaits: boolean): void;
  /**
   * Writes index entries that are only in memory; the log handles failures. True when it must be
   * called again, after a checkpoint.
   */
  saveIndexes(): Promise<boolean>;
  captureCheckpoint(): CheckpointCapture;
}

export interface CheckpointsOptions {
  readonly directory: DataDirectory;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly syncRounds: SyncRounds;
  readonly counters: EngineCounters;
  /** A changed log is checkpointed no later than this. */
  readonly intervalMs: number;
}

/**
 * Bounds the cost of recovery: at each roll, and at least every 128 MB or 5 s while something
 * changes, a log's state goes to the catalog, always after the sync that covers it. One run at a
 * time serves all logs that changed, a thousand in one sync round and one transaction.
 */
export class Checkpoints {
  readonly #options: CheckpointsOptions;
  #dirty = new Set<CheckpointTarget>();
  #timer: Timer | null = null;
  #running: Promise<void> | null = null;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
  }

  /** Notes that the log changed: it is checkpointed within the interval. */
  markDirty(target: CheckpointTarget): void {
    if (target.awaitsCheckpoint && this.#timer !== null) return;
    this.#add(target);
    this.#timer ??= this.#options.clock.schedule(this.#options.intervalMs, () => {
      this.#timer = null;
      return this.run();
    });
  }

  /** Checkpoints a log now that has rolled or grown much. */
  request(target: CheckpointTarget): void {
    this.#add(target);
    void this.run();
  }

  /** Forgets a log that is gone. */
  forget(target: CheckpointTarget): void {
    target.awaitCheckpoint(false);
    this.#dirty.delete(target);
  }

  #add(target: CheckpointTarget): void {
    target.awaitCheckpoint(true);
    this.#dirty.add(target);
  }

  /**
   * Resolves when everything that was dirty at the call has been checkpointed, or the directory is
   * offline. It never rejects: the directory keeps the failure.
   */
  async run(): Promise<void> {
    while (this.#running) await this.#running;
    if (this.#dirty.size === 0) return;
    this.#running = this.#checkpoint().finally(() => {
      this.#running = null;
    });
    await this.#running;
  }

  /** Stops the timer; dirty logs stay dirty. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  async #checkpoint(): Promise<void> {
    const { directory } = this.#options;
    const targets = [...this.#dirty];
    this.#dirty = new Set();
    for (const target of targets) target.awaitCheckpoint(false);
    try {
      const saving = new Gate(LIMITS.indexSavesAtOnce);
      const hasMore = await Promise.all(
        targets.map((target) => saving.run(() => target.saveIndexes())),
      );
      for (let from = 0; from < targets.length; from += LIMITS.checkpointLogsMax) {
        await this.#write(targets.slice(from, from + LIMITS.checkpointLogsMax));
      }
      for (const [at, target] of targets.entries()) if (hasMore[at]) this.request(target);
    } catch (error) {
      storageError(directory, 'a checkpoint could not be written', error);
      // A full disk is temporary: recovery costs more until then, and nothing is lost.
      if (!directory.failure) for (const target of targets) this.markDirty(target);
    }
  }

  async #write(targets: readonly CheckpointTarget[]): Promise<void> {
    const { catalog, syncRounds, counters } = this.#options;
    const captures = targets.map((target) => target.captureCheckpoint());
    await syncRounds.flush(targets);
    for (const capture of captures) {
      const ahead = capture.isStillTrue() ? capture.writeAhead() : null;
      if (ahead !== null) await ahead;
    }
    const valid = captures.filter((capture) => capture.isStillTrue());
    if (valid.length === 0) return;
    await catalog.write(valid.flatMap((capture) => capture.changes()));
    counters.checkpoints++;
    for (const capture of valid) capture.done();
  }
}
