import { basename, join, resolve } from 'node:path';
import type { Backup, BackupOptions } from './backup/backup-options.js';
import { Backups } from './backup/backups.js';
import { CATALOG_FILE, type Catalog } from './catalog/catalog.js';
import { openLmdbCatalog } from './catalog/open-lmdb-catalog.js';
import { type Clock, systemClock } from './clock.js';
import { DataDirectory } from './disk/data-directory.js';
import { type DirectoryIdentity, openIdentity } from './disk/directory-identity.js';
import { type DirectoryLock, systemLocker } from './disk/directory-lock.js';
import type { Disk, DiskSpace } from './disk/disk.js';
import { ensureDirectory } from './disk/ensure-directory.js';
import { nodeDisk } from './disk/node-disk.js';
import type { EventLog } from './embedded/event-log.js';
import type { EventLogOptions } from './embedded/event-log-options.js';
import { EventLogs, type NamedLog } from './embedded/event-logs.js';
import type { LogInfo } from './embedded/log-infos.js';
import { namesRemoval } from './embedded/name-records.js';
import { openTable } from './embedded/open-table.js';
import type { Table } from './embedded/table.js';
import type { TableOptions } from './embedded/table-options.js';
import type { ValueEncoding } from './embedded/value-encoding.js';
import { engineContext } from './engine-context.js';
import { assertOpening, type EngineOptions } from './engine-options.js';
import { EngineError } from './errors.js';
import type { KnownPartitions } from './folder-claims.js';
import type { LogSettings } from './log/log-settings.js';
import type { HighWatermarkRule, PartitionLog, PartitionName } from './log/partition-log.js';
import type { LogContext } from './log/shared/log-context.js';
import { LogDirectory } from './log-directory.js';
import { silentLogger } from './logger.js';
import { resolveCompaction } from './maintenance/cleaner.js';
import { MEMORY_PATH } from './memory-world.js';
import type { EngineCounters } from './metrics.js';
import { type Random, systemRandom } from './random.js';
import { Serving } from './serving.js';

/**
 * One data directory with its partition logs. The broker works with this; programs with
 * `engine.log()` on top of it. One engine per directory: a second one gets DIRECTORY_LOCKED.
 */
export class Engine {
  /** Absolute path of the data directory. */
  readonly path: string;
  readonly #context: LogContext;
  readonly #identity: DirectoryIdentity;
  readonly #lock: DirectoryLock;
  readonly #partitions: LogDirectory;
  readonly #eventLogs: EventLogs;
  readonly #backups: Backups;
  readonly #openCatalog: (path: string) => Promise<Catalog>;
  readonly #serving: Serving;
  #closing: Promise<void> | null = null;

  private constructor(
    context: LogContext,
    identity: DirectoryIdentity,
    lock: DirectoryLock,
    openCatalog: (path: string) => Promise<Catalog>,
  ) {
    this.path = context.directory.root;
    this.#context = context;
    this.#identity = identity;
    this.#lock = lock;
    this.#partitions = new LogDirectory(context, (name) => namesRemoval(context.catalog, name));
    this.#eventLogs = new EventLogs(context, this.#partitions);
    this.#openCatalog = openCatalog;
    this.#serving = new Serving((refusal) => this.#eventLogs.keep(refusal));
    this.#backups = new Backups({
      ...context,
      root: this.path,
      openCatalog,
      still: (take) => this.#partitions.still(take),
    });
    context.directory.onOffline((failure) => {
      context.logger.error(
        { directory: this.path, reason: failure.message },
        'data directory is offline',
      );
      this.#partitions.failAll(failure);
      context.files.endWaiting();
    });
  }

  /** Opens a data directory, as `openEngine` promises. */
  static async open(path: string, options: EngineOptions): Promise<Engine> {
    assertOpening(path, options);
    const root = resolve(path);
    const disk = options.disk ?? nodeDisk;
    const clock = options.clock ?? systemClock;
    const random = options.random ?? systemRandom;
    const logger = options.logger ?? silentLogger;
    const compaction = resolveCompaction(options.compaction);
    await ensureDirectory(disk, root);
    const lock = await (options.locker ?? systemLocker).lock(root);
    const directory = new DataDirectory(root, disk);
    let catalog: Catalog | null = null;
    try {
      const identity = await openIdentity(disk, root, random);
      const openCatalog = options.openCatalog ?? openLmdbCatalog;
      catalog = await openCatalog(join(root, CATALOG_FILE), {
        suspicious: !identity.wasClean,
        logger,
        onFailure: (error) => void directory.fail('the catalog cannot be written', error),
      });
      const parts = { disk, directory, clock, random, logger, catalog, identity };
      const context = engineContext(parts, options, compaction);
      const engine = new Engine(context, identity, lock, (path) =>
        openCatalog(path, { suspicious: false, logger, onFailure() {} }),
      );
      await engine.#partitions.finishDeletions();
      return engine;
    } catch (error) {
      await catalog?.close();
      directory.close();
      await lock.release();
      throw error;
    }
  }

  /** 22 characters of base64url; never changes. */
  get directoryId(): string {
    return this.#identity.directoryId;
  }
  /**
   * Epoch of every partition's leader here: how often the directory was opened after an unclean
   * stop.
   */
  get leaderEpoch(): number {
    return this.#identity.uncleanOpens;
  }
  /** Whether the last stop was clean. */
  get wasClean(): boolean {
    return this.#identity.wasClean;
  }
  /** Why the directory is offline; null while it works. */
  get failure(): EngineError | null {
    return this.#context.directory.failure;
  }
  /** Live: the same object shows later values. */
  get counters(): Readonly<EngineCounters> {
    return this.#context.counters;
  }
  /**
   * The directory's facts. The engine owns it and closes it; the broker keeps its metadata here
   * too.
   */
  get catalog(): Catalog {
    return this.#context.catalog;
  }
  /** The clock that the engine was opened with. */
  get clock(): Clock {
    return this.#context.clock;
  }
  /** The randomness that the engine was opened with. */
  get random(): Random {
    return this.#context.random;
  }

  /** The file system that holds the data directory, as of now. Rejects with the system's error. */
  space(): Promise<DiskSpace> {
    return this.#context.disk.space(this.path);
  }

  /**
   * A broker serves its logs until the returned function is called: none is deleted by name, and no
   * other broker serves them. Throws DIRECTORY_LOCKED.
   */
  serve(): () => void {
    this.#assertOpen();
    return this.#serving.begin();
  }

  /** The disk that the engine was opened with. */
  get disk(): Disk {
    return this.#context.disk;
  }

  /** Opens another catalog beside the engine's own, of the same kind. The caller closes it. */
  openCatalog(path: string): Promise<Catalog> {
    return this.#openCatalog(path);
  }

  /**
   * Takes the directory offline for good, because a file in it that is not the engine's own could
   * not be written: `what` was tried, and failed with `error`. Its logs answer STORAGE_OFFLINE, and
   * its stop will not count as clean.
   */
  takeOffline(what: string, error: unknown): void {
    this.#context.directory.fail(what, error);
  }

  /**
   * Calls the listener once, when the disk fails (at once if it has). Returns a function that
   * removes it.
   */
  onOffline(listener: (failure: EngineError) => void): () => void {
    return this.#context.directory.onOffline(listener);
  }

  /**
   * The log with this name: records in, records out; by the `valueEncoding`, values are bytes, text
   * or what JSON makes of them. Created when there is none, recovered if need
   * be; opening an open one again gives the same object. Its id is durable when it resolves; files
   * are made by the first append. A folder that a broker left is opened too.
   *
   * Rejects INVALID_NAME (Kafka's rules for topics; or a new name that differs from another in case
   * only), INVALID_SETTING (naming the key; also for an option that an open log does not have),
   * DAMAGED_LOG when good data lies behind bad, STORAGE_OFFLINE, LOG_CLOSED after `close`.
   */
  log(name: string, options?: EventLogOptions): Promise<EventLog>;
  log(name: string, options: EventLogOptions<'utf8'>): Promise<EventLog<string>>;
  log<Value>(name: string, options: EventLogOptions<'json'>): Promise<EventLog<Value, Value>>;
  async log(
    name: string,
    options: EventLogOptions<ValueEncoding> = {},
  ): Promise<EventLog<unknown, unknown>> {
    this.#assertOpen();
    return this.#eventLogs.open(name, options);
  }

  /**
   * The last value of each key of the compacted log with this name, in memory, filled when it
   * resolves and kept current from then on; the log is made where there is none. Each call gives a
   * table of its own. Options as in `log`.
   *
   * Rejects as `log`; INVALID_SETTING where the log has records and was never a table, unless
   * `compacted: true` says that it may be compacted; INVALID_VALUE, with its `offset`, for a record
   * that is not in the `valueEncoding`, unless `onUnreadable` is 'skip'.
   */
  table(name: string, options?: TableOptions): Promise<Table>;
  table(name: string, options: TableOptions<'utf8'>): Promise<Table<string>>;
  table<Value>(name: string, options: TableOptions<'json'>): Promise<Table<Value, Value>>;
  async table(
    name: string,
    options: TableOptions<ValueEncoding> = {},
  ): Promise<Table<unknown, unknown>> {
    this.#assertOpen();
    return openTable(name, options, this.#eventLogs, this.#context);
  }

  /**
   * The logs of this directory that programs made by name, open or not, in the order of their
   * names. No file is read: of a log that is not open, what the catalog knows.
   */
  async logs(): Promise<LogInfo[]> {
    this.#assertOpen();
    return this.#eventLogs.infos();
  }

  /**
   * The log of a partition, recovered if need be; opening it again gives the same one, with its
   * first settings and rule. No file is created before the first append. `rule` moves the high
   * watermark, beginning at the one that was written down; without a rule it follows the flush
   * promise. Rejects DAMAGED_LOG when good data lies behind bad, STORAGE_OFFLINE.
   */
  openPartition(
    name: PartitionName,
    settings: LogSettings,
    rule?: HighWatermarkRule,
  ): Promise<PartitionLog> {
    this.#assertOpen();
    return this.#partitions.open(name, settings, rule);
  }

  /**
   * Does work that opens `count` partitions, and settles as it does: `onProgress` knows from the
   * start how many there are.
   */
  openMany<Result>(count: number, work: () => Promise<Result>): Promise<Result> {
    this.#assertOpen();
    return this.#context.progress.many(count, work);
  }

  /**
   * Closes the log of a partition; its files stay, and opening it again recovers it. Resolves when
   * everything in it is durable and nothing of it is under way: appends that wait end as they would
   * have, later ones are LOG_CLOSED. A partition that is not open is no failure. A failure is a
   * line in the log.
   */
  closePartition(name: PartitionName): Promise<void> {
    this.#assertOpen();
    return this.#partitions.close(name);
  }

  /**
   * Durable when it resolves: the partition will not come back. Its log answers LOG_CLOSED; the
   * files go later.
   */
  deletePartition(name: PartitionName): Promise<void> {
    this.#assertOpen();
    return this.#partitions.delete(name);
  }

  /**
   * Sets folders aside (`-stray`) that belong to no known partition, durably. Resolves with their
   * new paths. A folder of a known partition stays, whatever its `partition.metadata` says, unless
   * that names another known topic (`judgeFolder`).
   */
  setAsideStrays(known: KnownPartitions): Promise<string[]> {
    this.#assertOpen();
    return this.#partitions.setAsideStrays(known);
  }

  /**
   * Records in, records out, over a partition that the caller has opened, or what stands before it;
   * `owner` closes it. Throws INVALID_SETTING, LOG_CLOSED.
   */
  eventLogOver(...over: Parameters<EventLogs['over']>): EventLog<unknown, unknown> {
    this.#assertOpen();
    return this.#eventLogs.over(...over);
  }

  /** The logs of programs in this directory, each partition 0 of a topic of its name. */
  namedLogs(): Promise<NamedLog[]> {
    this.#assertOpen();
    return this.#eventLogs.named();
  }

  /**
   * A copy of the whole directory as of one moment, while appends go on: an append that was called
   * after another was acknowledged is not in it without that one, of whichever logs they are. When
   * it resolves, the copy at `path` is durable, and a data directory like any other, which opens as
   * after a kill. Sealed segments are second names of the originals where the file system has them
   * (hard links); a file with a second name is never changed in place, so that neither directory
   * harms the other. While files get their names no log is opened, closed, deleted, cut or
   * compacted. `path` is outside of this directory, and free or an empty folder.
   *
   * Rejects BACKUP_EXISTS, STORAGE_FULL, BACKUP_FAILED, ABORT_ERR, STORAGE_OFFLINE, LOG_CLOSED (the
   * engine was closed meanwhile), with nothing of the copy left.
   */
  async backup(path: string, options: BackupOptions = {}): Promise<Backup> {
    this.#assertOpen();
    this.#context.directory.assertOnline();
    if (basename(this.path) === MEMORY_PATH) {
      throw new EngineError('INVALID_SETTING', 'a directory in memory has no files to back up');
    }
    this.#serving.assertNone('it is backed up when the broker is closed');
    return this.#backups.make(path, options);
  }

  /** Partitions that have files, open or not. */
  partitionsOnDisk(): ReturnType<LogDirectory['onDisk']> {
    this.#assertOpen();
    return this.#partitions.onDisk();
  }

  /**
   * Finishes appends under way, makes everything durable, and marks the stop as clean. A directory
   * that is offline is closed without the mark. Calling it again returns the same promise.
   */
  close(): Promise<void> {
    this.#closing ??= this.#closeAlive();
    return this.#closing;
  }

  /**
   * The clock's timers do not keep the process alive, and a close may wait for a job that pauses by
   * such a timer.
   */
  async #closeAlive(): Promise<void> {
    const alive = setInterval(() => {}, 1000);
    try {
      await this.#close();
    } finally {
      clearInterval(alive);
    }
  }

  async #close(): Promise<void> {
    const { checkpoints, catalog, cleaner, files, jobs, directory } = this.#context;
    await this.#backups.stop();
    await this.#eventLogs.prepareClose();
    checkpoints.stop();
    const logs = await this.#partitions.logs();
    for (const { state } of logs) state.closing.stopCompaction();
    await cleaner.stop();
    try {
      await Promise.all(logs.map(({ state }) => state.closing.prepare()));
      await checkpoints.run();
      await Promise.all(logs.map(({ state }) => state.closing.finish()));
      await files.close();
      await jobs.close();
      await catalog.close();
      if (!directory.failure) await this.#identity.markClean();
    } finally {
      directory.close();
      await this.#lock.release();
    }
  }

  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #assertOpen(): void {
    if (this.#closing) throw new EngineError('LOG_CLOSED', `the engine of ${this.path} is closed`);
  }
}
