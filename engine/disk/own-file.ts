import { dirname } from 'node:path';
import { copyRange } from './copy-range.js';
import type { Disk } from './disk.js';
import type { LogFile } from './log-file.js';

/**
 * The rule for files with a second name, which a backup or a user has given them: such a file is
 * never changed in place, since it is somebody else's copy too. It is copied, the copy takes its
 * name here, and then that one is changed.
 */

/** The name of an unfinished copy; after a crash it means nothing, and is removed. */
export function copyPath(path: string): string {
  return `${path}.copy`;
}

/** Cuts a file to `size` bytes, at most what it has, where nobody appends to it. */
export async function cutLogFile(disk: Disk, file: LogFile, size: number): Promise<void> {
  if ((await file.links()) <= 1) await file.truncate(size);
  else await replaceByCopy(disk, file, size);
}

/** Sees to it that the file has no other name: it is going to be appended to. */
export async function ownLogFile(disk: Disk, file: LogFile): Promise<void> {
  if ((await file.links()) > 1) await replaceByCopy(disk, file, await file.size());
}

/** The name is that of a copy of the first `size` bytes when it resolves, durably. */
async function replaceByCopy(disk: Disk, file: LogFile, size: number): Promise<void> {
  await copyRange(disk, file, 0, size, copyPath(file.path));
  await disk.rename(copyPath(file.path), file.path);
  file.replaced();
  await disk.syncDirectory(dirname(file.path));
}

/** As `ownLogFile`, of a file that is not open; nothing where there is none. */
export async function ownPath(disk: Disk, path: string): Promise<void> {
  const found = await disk.stat(path);
  if (found === null || found.links <= 1) return;
  const file = await disk.open(path, 'read');
  try {
    await copyRange(disk, file, 0, found.size, copyPath(path));
  } finally {
    await file.close();
  }
  await disk.rename(copyPath(path), path);
  await disk.syncDirectory(dirname(path));
}
