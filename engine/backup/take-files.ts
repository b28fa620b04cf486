import { dirname, join } from 'node:path';
import { copyRange } from '../disk/copy-range.js';
import type { Disk } from '../disk/disk.js';
import { hasErrno } from '../disk/errno.js';
import { copyPath } from '../disk/own-file.js';
import type { PlannedFile } from './plan-files.js';

/** The answers of file systems that give no second name, or not this one. */
const NO_LINK = ['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EACCES'];

/** Where files are taken to. */
export interface Target {
  readonly disk: Disk;
  /** The folder that becomes the backup. */
  readonly root: string;
  /** A folder on the file system of the originals, for names that they have meanwhile. */
  readonly stage: string;
}

/** A file of which the backup has its own name, or will have its own bytes. */
export interface TakenFile {
  readonly file: PlannedFile;
  /** A second name of the original, which is copied and removed; null where nothing is left. */
  readonly held: string | null;
  readonly isLinked: boolean;
}

/**
 * Takes hold of files while nothing may replace them: gives each a second name, which is quick, and
 * where there are none, copies it. Appends that come to a file meanwhile are behind what is copied.
 */
export async function holdFiles(
  target: Target,
  files: readonly PlannedFile[],
  did: (bytes: number) => void,
): Promise<TakenFile[]> {
  const taken: TakenFile[] = [];
  for (const file of files) {
    const held = await hold(target, file, taken.length);
    if (held.held === null) did(file.size);
    taken.push(held);
  }
  return taken;
}

async function hold(target: Target, file: PlannedFile, number: number): Promise<TakenFile> {
  const { disk } = target;
  const to = join(target.root, file.to);
  if (file.mayLink && (await linked(disk, file.from, to))) {
    return { file, held: null, isLinked: true };
  }
  for (const held of [copyPath(to), join(target.stage, String(number))]) {
    if (await linked(disk, file.from, held)) return { file, held, isLinked: false };
  }
  await copy(disk, file.from, to, file.size);
  return { file, held: null, isLinked: false };
}

/** Copies the files that were only held. */
export async function copyHeld(
  target: Target,
  taken: readonly TakenFile[],
  did: (bytes: number) => void,
): Promise<void> {
  for (const { file, held } of taken) {
    if (held === null) continue;
    await copy(target.disk, held, join(target.root, file.to), file.size);
    await target.disk.unlink(held);
    did(file.size);
  }
}

/** When it resolves, all bytes and names of the backup are durable. */
export async function makeTakenDurable(target: Target, taken: readonly TakenFile[]): Promise<void> {
  const { disk, root } = target;
  if (disk.syncFileSystem !== undefined) {
    await disk.syncFileSystem(root);
    disk.releaseFileSystem?.(root);
    return;
  }
  const folders = new Set([root]);
  for (const { file, isLinked } of taken) {
    const path = join(root, file.to);
    folders.add(dirname(path));
    // A copy was synced when it was made.
    if (isLinked) await syncFile(disk, path);
  }
  for (const folder of folders) await disk.syncDirectory(folder);
}

async function syncFile(disk: Disk, path: string): Promise<void> {
  const file = await disk.open(path, 'write');
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Whether the file has the name now. */
async function linked(disk: Disk, from: string, to: string): Promise<boolean> {
  try {
    await disk.link(from, to);
    return true;
  } catch (error) {
    if (NO_LINK.some((code) => hasErrno(error, code))) return false;
    throw error;
  }
}

async function copy(disk: Disk, from: string, to: string, size: number): Promise<void> {
  const file = await disk.open(from, 'read');
  try {
    await copyRange(disk, file, 0, size, to);
  } finally {
    await file.close();
  }
}
