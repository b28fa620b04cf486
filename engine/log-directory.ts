import { join } from 'node:path';
import type { CatalogChange } from './catalog/catalog.js';
import { hasErrno } from './disk/errno.js';
import {
  PARTITION_METADATA_FILE,
  parsePartitionFolderName,
  partitionFolderName,
  retiredFolderName,
} from './disk/file-names.js';
import type { LogFile } from './disk/log-file.js';
import { storageError } from './disk/storage-error.js';
import { EngineError } from './errors.js';
import { type FolderOwner, judgeFolder } from './folder-owner.js';
import {
  assumedStartKey,
  beginningKey,
  checkpointKey,
  cleanedKey,
  foreignEpochsKey,
  gapsKey,
  logStartKey,
  readAssumedStart,
  readCheckpoint,
  readCleaned,
  readGaps,
  readLogStart,
  readOldCheckpoint,
  tombstoneKey,
} from './log/durability/log-records.js';
import { LOG_START_FILE, readLogStartFile } from './log/durability/log-start-file.js';
import { forgetProducers, readProducers } from './log/durability/producer-records.js';
import { Log } from './log/log.js';
import type { LogSettings } from './log/log-settings.js';
import type { HighWatermarkRule, PartitionName } from './log/partition-log.js';
import { finishBeginning } from './log/recovery/finish-beginning.js';
import { type Recovered, recoverLog } from './log/recovery/recovery.js';
import type { LogContext } from './log/shared/log-context.js';
import { makeDurable } from './log/shared/make-durable.js';
import { ProducerStates } from './log/state/producer-state.js';
import { unlinkInPieces } from './maintenance/unlink-in-pieces.js';
import {
  namesIn,
  type PartitionFolder,
  partitionFolders,
  readTopicId,
  removeIfEmpty,
  renameIfThere,
  renewTopicId,
} from './partition-folder.js';

/**
 * What a broker's metadata says of the partitions of a data directory, by the names of their
 * folders (`<topic>-<partition>`).
 */
export interface KnownPartitions {
  /** Topic id of each partition that is served. */
  readonly live: ReadonlyMap<string, string>;
  /** Topic ids of the deletions under way. */
  readonly leaving: ReadonlyMap<string, readonly string[]>;
}

/**
 * The partitions of one data directory: opened, deleted and set aside here, each at most once at a
 * time.
 */
export class LogDirectory {
  readonly #context: LogContext;
  readonly #open = new Map<string, Promise<Log>>();
  readonly #closing = new Map<string, Promise<void>>();
  /** Of folders that were looked at to find strays, until their logs are opened. */
  readonly #topicIdsSeen = new Map<string, string>();
  /** Folders of which nobody can tell whose they are. */
  readonly #disputed = new Set<string>();

  constructor(context: LogContext) {
    this.#context = context;
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
      opening = closing.then(() => this.#recover(name, settings, rule));
      this.#open.set(key, opening);
      opening.catch(() => this.#open.delete(key));
    }
    return opening;
  }

  async #recover(
    name: PartitionName,
    settings: LogSettings,
    rule: HighWatermarkRule | null,
  ): Promise<Log> {
    const context = this.#context;
    context.directory.assertOnline();
    const folder = join(context.directory.root, partitionFolderName(name.topic, name.partition));
    try {
      const { recovered, files, folders } = await context.opening.run(() =>
        this.#read(name, folder, settings),
      );
      // For many logs at once, where many are opened.
      await makeDurable(context.syncRounds, files, folders);
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
  ): Promise<{ recovered: Recovered; files: LogFile[]; folders: string[] }> {
    const context = this.#context;
    while (!context.files.hasRoom) await context.files.whenRoom();
    const found = await namesIn(context, folder);
    const isRenamed = found.length > 0 && this.#checkTopicId(name, folder, found);
    const read = context.wasClean ? readCheckpoint : readOldCheckpoint;
    const written = read(context.catalog, name);
    // A log that begins anew has none.
    const names = written === null ? await finishBeginning(context, name, folder, found) : found;
    const known = await readProducers(context.catalog, name, written, context.slices);
    // A checkpoint of which something is missing is none: all of the log is read.
    const checkpoint = known === null ? null : written;
    const assumedStart = readAssumedStart(context.catalog, name);
    const recovered = await recoverLog(context, {
      folder,
      names,
      settings,
      checkpoint,
      producers: known ?? new ProducerStates(),
      logStart: await this.#durableLogStart(name, folder, names),
      assumedStart,
      hasGaps: readGaps(context.catalog, name),
    });
    const news: CatalogChange[] = [];
    if (recovered.leavesGap) news.push({ key: gapsKey(name), value: true });
    // What is stamped next may be below the epochs that were found, before another checkpoint says
    // so.
    if (checkpoint?.areEpochsOwn && !recovered.epochs.areOwn) {
      news.push({ key: foreignEpochsKey(name), value: true });
    }
    if (recovered.assumedStart !== assumedStart) {
      news.push({ key: assumedStartKey(name), value: recovered.assumedStart });
    }
    if (news.length > 0) await context.catalog.write(news);
    const files = [...recovered.unsynced.files];
    const folders = [...recovered.unsynced.folders];
    // Until the first checkpoint nobody knows that it is durable.
    if (isRenamed || (checkpoint === null && names.length > 0)) {
      files.push(renewTopicId(context, folder, name.topicId));
      folders.push(folder, context.directory.root);
    }
    return { recovered, files, folders };
  }

  /**
   * True when the folder is the partition's although its `partition.metadata` does not say so.
   * Throws DAMAGED_LOG when it is not.
   */
  #checkTopicId(name: PartitionName, folder: string, names: readonly string[]): boolean {
    const { logger, catalog } = this.#context;
    const hasFile = names.includes(PARTITION_METADATA_FILE);
    const seen = this.#topicIdsSeen.get(folder) ?? null;
    this.#topicIdsSeen.delete(folder);
    const found = hasFile ? (seen ?? readTopicId(this.#context.disk, folder)) : null;
    if (found === name.topicId) return false;
    const owner = judgeFolder({
      expected: name.topicId,
      found,
      hasExpected: this.#hasRecords(name.topicId, name.partition),
      isFoundKnown: found !== null && this.#hasRecords(found, name.partition),
      isFoundLeaving:
        found !== null && catalog.get(tombstoneKey(found, name.partition)) !== undefined,
      isNameLeaving: this.#disputed.has(folder),
    });
    if (owner === 'renamed') {
      logger.warn(
        { folder, found, topicId: name.topicId },
        "a partition's folder did not name its topic; partition.metadata is written again",
      );
      return true;
    }
    const id = found === null ? 'no topic id' : `the topic id ${found}`;
    throw new EngineError(
      'DAMAGED_LOG',
      `${folder} has ${id} in ${PARTITION_METADATA_FILE}, and its topic is ${name.topicId}: if the folder is that topic's, remove ` +
        `${PARTITION_METADATA_FILE}, else move the folder out of the data directory; then restart`,
    );
  }

  /** Whether the catalog knows of files of the partition. */
  #hasRecords(topicId: string, partition: number): boolean {
    const { catalog } = this.#context;
    const name = { topic: '', topicId, partition };
    const keys = [checkpointKey, logStartKey, assumedStartKey];
    return keys.some((keyOf) => catalog.get(keyOf(name)) !== undefined);
  }

  /**
   * The further of the two starts that are written down. One that a killed process wrote to the
   * file may not be durable before it is here.
   */
  async #durableLogStart(
    name: PartitionName,
    folder: string,
    names: readonly string[],
  ): Promise<number> {
    const { catalog, disk } = this.#context;
    const known = readLogStart(catalog, name);
    if (!names.includes(LOG_START_FILE)) return known;
    const inFile = await readLogStartFile(disk, folder);
    if (inFile <= known) return known;
    await catalog.write([{ key: logStartKey(name), value: inFile }]);
    return inFile;
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
    const closing = opening
      .then((log) => this.#closeLog(log))
      .catch((error: unknown) => {
        this.#context.logger.warn({ topic: name.topic, error }, 'a log was not closed in order');
      })
      .finally(() => this.#closing.delete(key));
    this.#closing.set(key, closing);
    return closing;
  }

  /** Finishes what is under way, syncs, checkpoints, and gives back descriptors. */
  async #closeLog(log: Log): Promise<void> {
    await log.state.closing.prepare();
    await this.#context.checkpoints.run();
    await log.state.closing.finish();
  }

  /** The topic id in a live partition's folder; null when there is none. */
  async topicIdOnDisk({
    topic,
    partition,
  }: Omit<PartitionName, 'topicId'>): Promise<string | null> {
    const { root } = this.#context.directory;
    return readTopicId(this.#context.disk, join(root, partitionFolderName(topic, partition)));
  }

  /** All logs that are open or opening, once those that are closing have done so. */
  async logs(): Promise<Log[]> {
    await Promise.all(this.#closing.values());
    const settled = await Promise.allSettled(this.#open.values());
    return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  /** Every log gets the error: the directory has failed. */
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
    const deleting = (this.#closing.get(key) ?? Promise.resolve()).then(() => this.#delete(name));
    // Whoever opens it meanwhile finds nothing, and not what is being renamed.
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
    const isOurs = log ? true : this.#isToDelete(name, folder);
    await catalog.write([{ key: tombstoneKey(name.topicId, name.partition), value: true }]);
    this.#open.delete(keyOf(name));
    this.#topicIdsSeen.delete(folder);
    if (log) {
      log.state.closing.fail(
        new EngineError('LOG_CLOSED', `${name.topic}-${name.partition} was deleted`),
      );
      await log.state.closing.finish();
      // No round that is under way names its files or its folder any more.
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

  /** Removes what the catalog knows of logs. Resolves when that is durable. */
  async #forget(names: readonly PartitionName[]): Promise<void> {
    const { catalog, slices } = this.#context;
    for (const name of names) await forgetProducers(catalog, name, slices);
    await catalog.write(names.flatMap((name) => this.#forgetting(name)));
  }

  /**
   * A folder that names no topic, or one that nobody knows, is deleted with the topic that the
   * catalog knows under its name.
   */
  #isToDelete({ topicId, partition }: PartitionName, folder: string): boolean {
    const found = readTopicId(this.#context.disk, folder);
    if (found === topicId) return true;
    if (found !== null && this.#hasRecords(found, partition)) return false;
    return this.#hasRecords(topicId, partition);
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
  async setAsideStrays(known: KnownPartitions): Promise<string[]> {
    const { directory, random } = this.#context;
    const ids = new Set([...known.live.values(), ...[...known.leaving.values()].flat()]);
    const aside: string[] = [];
    for (const found of await this.onDisk()) {
      const { folder, topic, partition, topicId } = found;
      const owner = this.#ownerOf(found, known, ids);
      if (owner === 'ours' && topicId !== null) this.#topicIdsSeen.set(folder, topicId);
      if (owner === 'disputed') this.#disputed.add(folder);
      if (owner !== 'stray') continue;
      if (topicId === null && (await removeIfEmpty(this.#context, folder))) continue;
      const unique = random.fill(Buffer.alloc(16));
      const to = join(directory.root, retiredFolderName(topic, partition, 'stray', unique));
      if (await renameIfThere(this.#context, folder, to)) aside.push(to);
    }
    return aside;
  }

  #ownerOf(
    { topic, partition, topicId: found }: PartitionFolder,
    { live, leaving }: KnownPartitions,
    ids: ReadonlySet<string>,
  ): FolderOwner {
    const name = partitionFolderName(topic, partition);
    const expected = live.get(name) ?? null;
    const deletions = leaving.get(name) ?? [];
    return judgeFolder({
      expected,
      found,
      hasExpected: expected !== null && this.#hasRecords(expected, partition),
      isFoundKnown: found !== null && (ids.has(found) || this.#hasRecords(found, partition)),
      isFoundLeaving: found !== null && deletions.includes(found),
      isNameLeaving: deletions.length > 0,
    });
  }

  async #removeFolder(folder: string, name: PartitionName | null): Promise<void> {
    const { disk, jobs, logger } = this.#context;
    try {
      const names = await disk.readdir(folder);
      // The log is closed, so nobody has them open.
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
