import { join } from 'node:path';
import type { Disk } from './disk.js';

/** Removes a folder with everything in it; nothing where there is none. */
export async function removeTree(disk: Disk, path: string): Promise<void> {
  const found = await disk.stat(path);
  if (found === null) return;
  if (!found.isDirectory) return disk.unlink(path);
  for (const name of await disk.readdir(path)) await removeTree(disk, join(path, name));
  await disk.rmdir(path);
}
