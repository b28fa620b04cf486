import { join } from 'node:path';
import { hasErrno } from './disk/errno.js';
import {
  PARTITION_METADATA_FILE,
  parsePartitionMetadata,
  partitionMetadataText,
} from './disk/file-names.js';
import type { LogFile } from './disk/log-file.js';
import type { LogContext } from './log/log-context.js';

/** The topic id in a folder, null where there is none. Synchronous: a small file, of which a start reads ten thousand. */
export function readTopicId(context: LogContext, folder: string): string | null {
  try {
    return parsePartitionMetadata(
      context.disk.readFileSync(join(folder, PARTITION_METADATA_FILE)).toString('utf8'),
    );
  } catch (error) {
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR')) return null;
    throw error;
  }
}

/**
 * Writes `partition.metadata` again. A folder whose process was killed may have it in the page cache only, or not at all.
 * The caller syncs file and folders.
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

/** What is in a folder; nothing where there is none. */
export async function namesIn({ disk }: LogContext, folder: string): Promise<readonly string[]> {
  try {
    return await disk.readdir(folder);
  } catch (error) {
    if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR')) return [];
    throw error;
  }
}

/** Durable when it resolves with true; false where there is no such folder. */
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
