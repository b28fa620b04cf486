import { join } from 'node:path';
import {
  PARTITION_METADATA_FILE,
  partitionFolderName,
  retiredFolderName,
} from './disk/file-names.js';
import { EngineError } from './errors.js';
import { type FolderOwner, judgeFolder } from './folder-owner.js';
import {
  assumedStartKey,
  checkpointKey,
  logStartKey,
  tombstoneKey,
} from './log/durability/log-records.js';
import type { PartitionName } from './log/partition-log.js';
import type { LogContext } from './log/shared/log-context.js';
import {
  type PartitionFolder,
  partitionFolders,
  readTopicId,
  removeIfEmpty,
  renameIfThere,
} from './partition-folder.js';

/**
 * The partitions of a data directory in a broker's metadata, by the names of their folders
 * (`<topic>-<partition>`).
 */
export interface KnownPartitions {
  /** Topic id of each partition that is served. */
  readonly live: ReadonlyMap<string, string>;
  /** Topic ids of the deletions under way. */
  readonly leaving: ReadonlyMap<string, readonly string[]>;
}

/** The owners of the folders of a data directory. */
export class FolderClaims {
  readonly #context: LogContext;
  /** Topic ids of folders that were looked at to find strays, until their logs are opened. */
  readonly #topicIdsSeen = new Map<string, string>();
  /** Folders whose owner is unknown. */
  readonly #disputed = new Set<string>();

  constructor(context: LogContext) {
    this.#context = context;
  }

  /**
   * Checks that the folder, with these names in it, belongs to the partition. True when it does
   * although its `partition.metadata` does not say so. Throws DAMAGED_LOG when it does not.
   */
  check(name: PartitionName, folder: string, names: readonly string[]): boolean {
    const { logger, catalog, disk } = this.#context;
    const hasFile = names.includes(PARTITION_METADATA_FILE);
    const seen = this.#topicIdsSeen.get(folder) ?? null;
    this.#topicIdsSeen.delete(folder);
    const found = hasFile ? (seen ?? readTopicId(disk, folder)) : null;
    if (found === name.topicId) return false;
    const owner = judgeFolder({
      expected: name.topicId,
      found,
      hasExpected: this.hasRecords(name.topicId, name.partition),
      isFoundKnown: found !== null && this.hasRecords(found, name.partition),
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

  /**
   * Whether the folder is deleted with the partition. A folder that names no topic, or an unknown
   * one, is deleted with the topic that the catalog knows under its name.
   */
  isToDelete({ topicId, partition }: PartitionName, folder: string): boolean {
    const found = readTopicId(this.#context.disk, folder);
    if (found === topicId) return true;
    if (found !== null && this.hasRecords(found, partition)) return false;
    return this.hasRecords(topicId, partition);
  }

  /** Forgets the folder: its name belongs to another one from now on. */
  forget(folder: string): void {
    this.#topicIdsSeen.delete(folder);
  }

  /**
   * Renames folders that no known partition claims, so that they are never served and never lost.
   * Returns their new paths.
   */
  async setAsideStrays(known: KnownPartitions): Promise<string[]> {
    const { disk, directory, random } = this.#context;
    const ids = new Set([...known.live.values(), ...[...known.leaving.values()].flat()]);
    const aside: string[] = [];
    for (const found of await partitionFolders(disk, directory.root)) {
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
      hasExpected: expected !== null && this.hasRecords(expected, partition),
      isFoundKnown: found !== null && (ids.has(found) || this.hasRecords(found, partition)),
      isFoundLeaving: found !== null && deletions.includes(found),
      isNameLeaving: deletions.length > 0,
    });
  }

  /** Whether the catalog knows of files of the partition. */
  hasRecords(topicId: string, partition: number): boolean {
    const { catalog } = this.#context;
    const name = { topic: '', topicId, partition };
    const keys = [checkpointKey, logStartKey, assumedStartKey];
    return keys.some((keyOf) => catalog.get(keyOf(name)) !== undefined);
  }
}
