import { join } from 'node:path';
import type { Disk } from './disk/disk.js';
import { hasErrno } from './disk/errno.js';
import {
  PARTITION_METADATA_FILE,
  parsePartitionFolderName,
  parsePartitionMetadata,
  parseSegmentFileName,
  partitionMetadataText,
} from './disk/file-names.js';
import type { LogFile } from './disk/log-file.js';
import type { LogContext } from './log/shared/log-context.js';

/** A live partition folder, as found on disk. */
export interface PartitionFolder {
  readonly folder: string;
  readonly topic: string;
  readonly partition: number;
  /** Null when `partition.metadata` is missing or unreadable: a crash before its first sync. */
  readonly topicId: string | null;
}

/** The live partition folders of a data directory. */
export async function partitionFolders(disk: Disk, root: string): Promise<PartitionFolder[]> {
  const folders: PartitionFolder[] = [];
  for (const name of await disk.readdir(root)) {
    const parsed = parsePartitionFolderName(name);
    if (parsed?.state !== 'live') continue;
    const folder = join(root, name);
    const topicId = readTopicId(disk, folder);
    if (topicId === null && !(await disk.stat(folder))?.isDirectory) continue;
    folders.push({ folder, topic: parsed.topic, partition: parsed.partition, topicId });
  }
  return folders;
}

/** Whether a live partition folder of the directory has a segment, be it an empty one. */
export async function hasSegments(disk: Disk, root: string): Promise<boolean> {
  for (const name of await disk.readdir(root)) {
    if (parsePartitionFolderName(name)?.state !== 'live') continue;
    const folder = join(root, name);
    if (!(await disk.stat(folder))?.isDirectory) continue;
    const files = await disk.readdir(folder);
    if (files.some((file) => parseSegmentFileName(file)?.kind === 'log')) return true;
  }
  return false;
}

/** Names of folders that were set aside because they belong to no known partition. */
export async function strayFolders(disk: Disk, root: string): Promise<string[]> {
  const names = await disk.readdir(root);
  return names.filter((name) => parsePartitionFolderName(name)?.state === 'stray');
}

/**
 * The topic id in a folder, null where there is none. Synchronous: a small file, of which a start
 * reads ten thousand.
 */
export function readTopicId(disk: Disk, folder: string): string | null {
  try {
    return parsePartitionMetadata(
      disk.readFileSync(join(folder, PARTITION_METADATA_FILE)).toString('utf8'),
    );
  } catch (error) {
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR')) return null;
    throw error;
  }
}

/**
 * Writes `partition.metadata` again. A folder whose process was killed may have it in the page
 * cache only, or not at all. The caller syncs file and folders.
 */
export function renewTopicId({ files }: LogContext, folder: string, topicId: string): LogFile {
  const file = files.file(join(folder, PARTITION_METADATA_FILE));
  const text = Buffer.from(partitionMetadataText(topicId));
  try {
    file.createSync();
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error;
  }
  file.writevSync([text], 0);
  file.truncateSync(text.length);
  file.finish();
  return file;
}

/** The names in a folder; none where there is no folder. */
export async function namesIn({ disk }: LogContext, folder: string): Promise<readonly string[]> {
  try {
    return await disk.readdir(folder);
  } catch (error) {
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR')) return [];
    throw error;
  }
}

/** Renames a folder. Durable when it resolves with true; false where there is no such folder. */
export async function renameIfThere(
  { disk, directory }: LogContext,
  from: string,
  to: string,
): Promise<boolean> {
  try {
    await disk.rename(from, to);
    await disk.syncDirectory(directory.root);
    return true;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false;
    throw directory.fail(`cannot rename ${from}`, error);
  }
}

/**
 * Removes an empty folder, whose process was killed while it made the folder. True when the folder
 * is gone; false, with nothing done, when a file in it holds bytes or says where a log goes on.
 */
export async function removeIfEmpty({ disk }: LogContext, folder: string): Promise<boolean> {
  const names = await disk.readdir(folder);
  for (const name of names) {
    // An unfinished file does not count.
    if (name === PARTITION_METADATA_FILE) continue;
    const isBegin = (parseSegmentFileName(name)?.baseOffset ?? 0) === 0;
    if (!isBegin || (await disk.stat(join(folder, name)))?.size !== 0) return false;
  }
  for (const name of names) await disk.unlink(join(folder, name));
  await disk.rmdir(folder);
  return true;
}
