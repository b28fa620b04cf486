import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemLocker } from '../../engine/index.js';
import { FOLDER_PREFIX, isAlive, removeStaleFolders } from './stale-folders.js';

const folders = new Set<string>();
/** Windows removes no file that a virus scanner has open, for a moment. */
const REMOVAL = { recursive: true, force: true, maxRetries: 10, retryDelay: 20 } as const;
/** The search for folders of killed processes: once in a process. */
let sweep: Promise<unknown> | null = null;

/**
 * Makes a folder that is gone when it is removed, or when the process exits at the latest. That of
 * a process that is killed goes when another one makes its first folder.
 */
export function makeTemporaryFolder(): string {
  const parent = realpathSync(tmpdir());
  const folder = mkdtempSync(join(parent, `${FOLDER_PREFIX}${process.pid}-`));
  if (folders.size === 0) process.on('exit', removeAll);
  folders.add(folder);
  sweep ??= removeStaleFolders(parent, {
    locker: systemLocker,
    nowMs: systemClock.wallMs(),
    isAlive,
  });
  return folder;
}

/** Removes a folder that `makeTemporaryFolder` made, with everything in it. */
export async function removeTemporaryFolder(folder: string): Promise<void> {
  await Promise.all([rm(folder, REMOVAL), sweep]);
  folders.delete(folder);
  if (folders.size === 0) process.off('exit', removeAll);
}

function removeAll(): void {
  for (const folder of folders) rmSync(folder, REMOVAL);
}
