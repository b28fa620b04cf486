import { dirname } from 'node:path';
import type { Disk } from './disk.js';
import { hasErrno } from './errno.js';

/**
 * Creates the folder and every missing one above it; when it resolves, the names of those it
 * created are durable.
 */
export async function ensureDirectory(disk: Disk, path: string): Promise<void> {
  const found = await disk.stat(path);
  if (found?.isDirectory) return;
  const parent = dirname(path);
  if (parent !== path) await ensureDirectory(disk, parent);
  try {
    await disk.mkdir(path);
  } catch (error) {
    const isFolder = hasErrno(error, 'EEXIST') && (await disk.stat(path))?.isDirectory;
    if (!isFolder) throw error;
  }
  await disk.syncDirectory(parent);
}

/**
 * Makes the names of `path` and of every folder above it durable. It is for a folder that exists
 * but was never known to be durable: the process that created it may have been killed before its
 * name was synced. Folders above that this process may not open were not created by the engine, and
 * are skipped.
 */
export async function syncAncestors(disk: Disk, path: string): Promise<void> {
  for (let at = path, above = dirname(at); above !== at; at = above, above = dirname(at)) {
    try {
      await disk.syncDirectory(above);
    } catch (error) {
      if (!PASSED_OVER.some((code) => hasErrno(error, code))) throw error;
    }
  }
}

const PASSED_OVER = ['EACCES', 'EPERM', 'EROFS', 'EINVAL'];
