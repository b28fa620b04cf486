import { join } from 'node:path';
import type { CatalogChange } from './catalog/catalog.js';
import { hasErrno } from './disk/errno.js';
import {
  isStageFolderName,
  parsePartitionFolderName,
  partitionFolderName,
  retiredFolderName,
} from './disk/file-names.js';
import type { LogFile } from './disk/log-file.js';
import { removeTree } from './disk/remove-tree.js';
import { storageError } from './disk/storage-error.js';
import { EngineError } from './errors.js';
import { FolderClaims, type KnownPartitions } from './folder-claims.js';
import { imageOf, type LogImage, whileUnchanged } from './log/change/log-image.js';
import {
  assumedStartKey,
  beginningKey,
  checkpointKey,
  cleanedKey,
  foreignEpochsKey,
  gapsKey,
  logStartKey,
  readCleaned,
  tombstoneKey,
} from './log/durability/log-records.js';
import { forgetProducers } from './log/durability/producer-records.js';
import { Log } from './log/log.js';
import type { LogSettings } from './log/log-settings.js';
import type { HighWatermarkRule, PartitionName } from './log/partition-log.js';
import { recoverKnownLog } from './log/recovery/known-log.js';
import type { Recovered } from './log/recovery/recovered.js';
import type { LogContext } from './log/shared/log-context.js';
import { makeDurable } from './log/shared/make-durable.js';
import { unlinkInPieces } from './maintenance/unlink-in-pieces.js';
import type { LogOpening } from './opening-progress.js';
import {
  namesIn,
  type PartitionFolder,
  partitionFolders,
  readTopicId,
  renameIfThere,
  renewTopicId,
} from './partition-folder.js';

/**
 * The partitions of one data directory: opened, deleted and set aside here, each at most once at a
 * time.
 */
export class LogDirectory {
  readonly #context: LogContext;
  readonly #open = new Map<string, Promise<Log>>();
  readonly #closing = new Map<string, Promise<void>>();
  /** Settles when logs may be opened, closed and deleted again. */
  #still: Promise<void> | null = null;
  readonly #claims: FolderClaims;
  readonly #attached: (name: PartitionName) => CatalogChange[];

  /** `attached`: the changes of the catalog that a deletion brings with it, in one transaction. */
  constructor(context: LogContext, attached: (name: PartitionName) => CatalogChange[]) {
    this.#context = context;
    this.#attached = attached;
    this.#claims = new FolderClaims(context);
  }

  /** The log, opened and recovered on first use. */
  async open(
    name: PartitionName,
    settings: LogSettings,
    rule: HighWatermarkRule | null = null,
  ): Promise<Log> {
    const key = keyOf(name);
    let opening = this.#open.get(key);
    if (!opening) {
      const closing = this.#closing.get(key) ?? Promise.resolve();
      opening = closing.then(() => this.#still).then(() => this.#recover(name, settings, rule));
      this.#open.set(key, opening);
      opening.catch(() => this.#open.delete(key));
    }
    return opening;
  }

  #recover(
    name: PartitionName,
    settings: LogSettings,
    rule: HighWatermarkRule | null,
  ): Promise<Log> {
    const { progress } = this.#context;
    return progress.log((opening) => this.#recoverTold(name, settings, rule, opening));
  }

  async #recoverTold(
    name: PartitionName,
    settings: LogSettings,
    rule: HighWatermarkRule | null,
    opening: LogOpening,
  ): Promise<Log> {
    const context = this.#context;
    context.directory.assertOnline();
    const folder = join(context.directory.root, partitionFolderName(name.topic, name.partition));
    try {
      const { recovered, files, folders } = await context.opening.run(() =>
        this.#read(name, folder, settings, opening),
      );
      // One sync round serves many logs, where many are opened.
      await makeDurable(context.syncRounds, files, folders);
      const { counters } = context;
      counters.logsRecovered += recovered.scannedBytes + recovered.cutBytes > 0 ? 1 : 0;
      counters.bytesRecovered += recovered.scannedBytes;
      counters.bytesCut += recovered.cutBytes;
      const cleanedOffset = readCleaned(context.catalog, name);
      return new Log(context, {
        name,
        folder,
        settings,
        found: recovered,
        cleanedOffset,
        rule,
      });
    } catch (error) {
      throw storageError(context.directory, `cannot open ${folder}`, error);
    }
  }

  /** What is on disk, with what must be made durable before it is served. */
  async #read(
    name: PartitionName,
    folder: string,
    settings: LogSettings,
    opening: LogOpening,
  ): Promise<{ recovered: Recovered; files: LogFile[]; folders: string[] }> {
    const context = this.#context;
    while (!context.files.hasRoom) await context.files.whenRoom();
    const found = await namesIn(context, folder);
    const isRenamed = found.length > 0 && this.#claims.check(name, folder, found);
    const known = await recoverKnownLog(context, name, folder, settings, found, opening);
    const { recovered, isUnknown } = known;
    const files = [...recovered.unsynced.files];
    const folders = [...recovered.unsynced.folders];
    // Until the first checkpoint it is unknown whether the log is durable.
    if (isRenamed || isUnknown) {
      files.push(renewTopicId(context, folder, name.topicId));
      folders.push(folder, context.directory.root);
    }
    return { recovered, files, folders };
  }

  /**
   * Closes one log once everything in it is durable; opening it again recovers it. One that is not
   * open is no failure.
   */
  close(name: PartitionName): Promise<void> {
    const key = keyOf(name);
    const opening = this.#open.get(key);
    if (!opening) return this.#closing.get(key) ?? Promise.resolve();
    this.#open.delete(key);
    const still = this.#still;
    const closing = opening
      .then((log) => still?.then(() => log) ?? log)
      .then((log) => this.#closeLog(log))
      .catch((error: unknown) => {
        this.#context.logger.warn({ topic: name.topic, error }, 'a log was not closed in order');
      })
      .finally(() => this.#closing.delete(key));
    this.#closing.set(key, closing);
    return closing;
  }

  /** Finishes work under way, syncs, checkpoints, and gives back descriptors. */
  async #closeLog(log: Log): Promise<void> {
    await log.state.closing.prepare();
    await this.#context.checkpoints.run();
    await log.state.closing.finish();
  }

  /**
   * Runs `take` while no log is opened, closed, deleted, shortened or compacted; appends go on.
   * `take` is given the open logs as of the moment of the call, and begins in the same turn. One at
   * a time.
   */
  async still<Result>(take: (open: readonly LogImage[]) => Promise<Result>): Promise<Result> {
    while (this.#still !== null) await this.#still;
    const begun = [...this.#open.values()];
    const ending = [...this.#closing.values()];
    let release = (): void => {};
    this.#still = new Promise((resolve) => {
      release = resolve;
    });
    try {
      await Promise.all(ending);
      const opened = await Promise.allSettled(begun);
      const logs = opened.flatMap((log) => (log.status === 'fulfilled' ? [log.value.state] : []));
      const open = logs.filter(({ life }) => !life.hasEnded);
      return await whileUnchanged(open, () => take(open.map(imageOf)));
    } finally {
      this.#still = null;
      release();
    }
  }

  /** The topic id in a live partition's folder; null when there is none. */
  async topicIdOnDisk({
    topic,
    partition,
  }: Omit<PartitionName, 'topicId'>): Promise<string | null> {
    const { root } = this.#context.directory;
    return readTopicId(this.#context.disk, join(root, partitionFolderName(topic, partition)));
  }

  /** Whether the catalog knows of files of the partition. */
  hasRecords(topicId: string, partition: number): boolean {
    return this.#claims.hasRecords(topicId, partition);
  }

  /** All logs that are open or opening, once those that are closing have done so. */
  async logs(): Promise<Log[]> {
    await Promise.all(this.#closing.values());
    const settled = await Promise.allSettled(this.#open.values());
    return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  /** Gives every log the error: the directory has failed. */
  failAll(error: EngineError): void {
    for (const opening of this.#open.values()) {
      opening.then(
        (log) => log.state.closing.fail(error),
        () => {},
      );
    }
  }

  /** Live folders on disk, whatever is open. */
  onDisk(): Promise<PartitionFolder[]> {
    const { disk, directory } = this.#context;
    return partitionFolders(disk, directory.root);
  }

  /**
   * Deletes a partition. When it resolves, it will not come back: the tombstone is durable, the
   * folder renamed. Its files go after `file.delete.delay.ms`. Deleting what does not exist does
   * nothing.
   */
  delete(name: PartitionName): Promise<void> {
    const key = keyOf(name);
    const deleting = (this.#closing.get(key) ?? Promise.resolve())
      .then(() => this.#still)
      .then(() => this.#delete(name));
    // A caller that opens it meanwhile finds no folder, and not the one that is being renamed.
    const settled = deleting
      .catch(() => {})
      .finally(() => {
        if (this.#closing.get(key) === settled) this.#closing.delete(key);
      });
    this.#closing.set(key, settled);
    return deleting;
  }

  async #delete(name: PartitionName): Promise<void> {
    const { catalog, directory } = this.#context;
    const opening = this.#open.get(keyOf(name));
    const folder = join(directory.root, partitionFolderName(name.topic, name.partition));
    const log = await opening?.catch(() => null);
    const isOurs = log ? true : this.#claims.isToDelete(name, folder);
    await catalog.write([
      { key: tombstoneKey(name.topicId, name.partition), value: true },
      ...this.#attached(name),
    ]);
    this.#open.delete(keyOf(name));
    this.#claims.forget(folder);
    if (log) {
      log.state.closing.fail(
        new EngineError('LOG_CLOSED', `${name.topic}-${name.partition} was deleted`),
      );
      await log.state.closing.finish();
      // After this flush no round under way names its files or its folder.
      await this.#context.syncRounds.flush([]);
    }
    if (isOurs) {
      const unique = this.#context.random.fill(Buffer.alloc(16));
      const retired = join(
        directory.root,
        retiredFolderName(name.topic, name.partition, 'delete', unique),
      );
      if (await renameIfThere(this.#context, folder, retired)) {
        const delayMs = log?.settings.fileDeleteDelayMs ?? 0;
        this.#context.clock.schedule(delayMs, () => this.#removeFolder(retired, name));
        return;
      }
    }
    await this.#forget([name]);
  }

  /** Removes the catalog's entries of logs. Resolves when that is durable. */
  async #forget(names: readonly PartitionName[]): Promise<void> {
    const { catalog, slices } = this.#context;
    for (const name of names) await forgetProducers(catalog, name, slices);
    await catalog.write(names.flatMap((name) => this.#forgetting(name)));
  }

  #forgetting(name: PartitionName): { key: readonly (string | number)[]; value: undefined }[] {
    return [
      checkpointKey(name),
      logStartKey(name),
      assumedStartKey(name),
      cleanedKey(name),
      gapsKey(name),
      foreignEpochsKey(name),
      beginningKey(name),
      tombstoneKey(name.topicId, name.partition),
    ].map((key) => ({ key, value: undefined }));
  }

  /**
   * Finishes deletions that a crash interrupted: folders that wait to be removed, and live ones
   * with a tombstone.
   */
  async finishDeletions(): Promise<void> {
    const { disk, directory, catalog } = this.#context;
    const dead = new Set<string>();
    for (const { key } of catalog.range(['deleted'])) dead.add(`${key[1]}-${key[2]}`);
    for (const name of await disk.readdir(directory.root)) {
      const parsed = parsePartitionFolderName(name);
      if (parsed?.state === 'delete') void this.#removeFolder(join(directory.root, name), null);
      // Of a backup that a crash has ended.
      if (isStageFolderName(name)) await removeTree(disk, join(directory.root, name));
    }
    if (dead.size === 0) return;
    for (const { topic, partition, topicId } of await this.onDisk()) {
      if (topicId !== null && dead.has(`${topicId}-${partition}`))
        await this.delete({ topic, topicId, partition });
    }
    const gone = [...catalog.range(['deleted'])].map(({ key }) => ({
      topic: '',
      topicId: String(key[1]),
      partition: Number(key[2]),
    }));
    await this.#forget(gone);
  }

  /**
   * Renames folders that no known partition claims, so that they are never served and never lost.
   * Returns their new paths.
   */
  setAsideStrays(known: KnownPartitions): Promise<string[]> {
    return this.#claims.setAsideStrays(known);
  }

  async #removeFolder(folder: string, name: PartitionName | null): Promise<void> {
    const { disk, jobs, logger } = this.#context;
    try {
      const names = await disk.readdir(folder);
      // The log is closed, so its files are not open.
      await unlinkInPieces(
        jobs,
        names.map((file) => join(folder, file)),
      );
      await disk.rmdir(folder);
      if (name) await this.#forget([name]);
    } catch (error) {
      if (hasErrno(error, 'ABORTED')) return;
      logger.warn(
        { folder, error },
        'a deleted partition could not be removed; the next start tries again',
      );
    }
  }
}

function keyOf(name: PartitionName): string {
  return `${name.topicId}-${name.partition}`;
}
