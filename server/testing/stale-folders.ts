import { readdirSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DirectoryLocker } from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';

/** What the search for stale folders asks of its machine. */
export interface StaleFolderWorld {
  readonly locker: DirectoryLocker;
  readonly nowMs: number;
  /** Whether a process of this id lives, as far as this process can see. */
  isAlive(pid: number): boolean;
}

/** What the names of temporary folders begin with: then come the process id and six characters. */
export const FOLDER_PREFIX = 'odradek-';
const FOLDER_NAME = /^odradek-(\d{1,10})-[A-Za-z0-9]{6}$/;

/**
 * Removes the temporary folders of processes that were killed, at most `staleFoldersAtOnce` of
 * them. A folder is stale when its process does not live, nobody holds its lock (a process in
 * another container is not seen, its lock is), and it is not so young that its owner may be about
 * to lock it. Resolves with their paths; what cannot be removed is left.
 */
export async function removeStaleFolders(
  parent: string,
  { locker, nowMs, isAlive }: StaleFolderWorld,
): Promise<string[]> {
  const removed: string[] = [];
  for (const name of namesIn(parent)) {
    if (removed.length === SERVER_LIMITS.staleFoldersAtOnce) break;
    const [, pid] = FOLDER_NAME.exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const folder = join(parent, name);
    try {
      const { mtimeMs } = await stat(folder);
      if (nowMs - mtimeMs < SERVER_LIMITS.staleFolderAgeMs) continue;
      const lock = await locker.lock(folder);
      try {
        await rm(folder, { recursive: true, force: true });
        removed.push(folder);
      } finally {
        await lock.release();
      }
    } catch {
      // It is in use, of another user, or gone meanwhile.
    }
  }
  return removed;
}

/** Whether a process lives; one of another user does, too. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function namesIn(parent: string): string[] {
  try {
    return readdirSync(parent);
  } catch {
    return [];
  }
}
