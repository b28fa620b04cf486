import { dirname, join, resolve, sep } from 'node:path';
import { CATALOG_FILE, type Catalog } from '../catalog/catalog.js';
import { copyCatalog } from '../catalog/copy-catalog.js';
import type { Clock } from '../clock.js';
import { IDENTITY_FILE } from '../disk/directory-identity.js';
import type { Disk } from '../disk/disk.js';
import { ensureDirectory } from '../disk/ensure-directory.js';
import { hasAnyErrno, hasErrno } from '../disk/errno.js';
import { stageFolderName } from '../disk/file-names.js';
import { removeTree } from '../disk/remove-tree.js';
import { throwIfAborted } from '../embedded/abort.js';
import { EngineError } from '../errors.js';
import { reasonOf } from '../foreign-errors.js';
import type { LogImage } from '../log/change/log-image.js';
import type { EngineLogger } from '../logger.js';
import { partitionFolders } from '../partition-folder.js';
import { ProgressTeller } from '../progress.js';
import type { Random } from '../random.js';
import type { TurnSlices } from '../turn-slices.js';
import type { Backup, BackupOptions, BackupProgress } from './backup-options.js';
import { type PlannedFile, planClosedLog, planOpenLog } from './plan-files.js';
import {
  copyHeld,
  holdFiles,
  makeTakenDurable,
  type TakenFile,
  type Target,
} from './take-files.js';

/** The directory that is backed up. */
export interface BackupSource {
  readonly root: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly slices: TurnSlices;
  readonly logger: EngineLogger;
  readonly catalog: Catalog;
  /** Makes the catalog of the backup. */
  openCatalog(path: string): Promise<Catalog>;
  /** Runs `take`, and begins it in the turn of which the images are, while no file is replaced. */
  still<Result>(take: (open: readonly LogImage[]) => Promise<Result>): Promise<Result>;
}

/** Files of a data directory that are its own, beside those of logs and catalog. */
const SMALL_FILES = [IDENTITY_FILE, 'metadata.mdb'];

/**
 * Makes a data directory at `path` that holds what this one held at one moment, as
 * `Engine.backup` promises. It is built under another name beside it, which a crash may leave
 * behind, and gets its own name last.
 */
export async function backUp(
  source: BackupSource,
  path: string,
  options: BackupOptions,
): Promise<Backup> {
  const { disk, random } = source;
  const to = resolve(path);
  throwIfAborted(options.signal);
  const unique = random.fill(Buffer.alloc(4)).toString('hex');
  const root = `${to}.${unique}.partial`;
  const stage = join(source.root, stageFolderName(unique));
  try {
    await assertFree(source, to);
    await ensureDirectory(disk, root);
    await disk.mkdir(stage);
    const taken = await take(source, { disk, root, stage }, options);
    throwIfAborted(options.signal);
    await removeTree(disk, stage);
    if ((await disk.stat(to)) !== null) await disk.rmdir(to);
    await disk.rename(root, to);
    await disk.syncDirectory(dirname(to));
    return { path: to, ...taken };
  } catch (error) {
    await removeTree(disk, root).catch(() => {});
    await removeTree(disk, stage).catch(() => {});
    throw failure(to, error);
  }
}

async function take(
  source: BackupSource,
  target: Target,
  options: BackupOptions,
): Promise<Omit<Backup, 'path'>> {
  const { catalog } = source;
  const { signal } = options;
  const teller = new ProgressTeller(options.onProgress ?? null, source.clock, source.logger);
  let done = 0;
  let total = 0;
  const amount = (): BackupProgress => ({ phase: 'backup', done, total, unit: 'bytes' });
  const did = (bytes: number): void => {
    throwIfAborted(signal);
    done += bytes;
    teller.step(amount);
  };
  teller.begin();
  let logs = 0;
  // The images and the catalog are of one turn: what was acknowledged before an append of any log
  // is there if that append is.
  const { taken, entries } = await source.still(async (open) => {
    const entries = catalog.snapshot?.() ?? { entries: catalog.range([]), end() {} };
    try {
      const files = await planAll(source, target, open, signal);
      logs = files.folders;
      total = files.planned.reduce((sum, { size }) => sum + size, 0);
      return { taken: await holdFiles(target, files.planned, did), entries };
    } catch (error) {
      entries.end();
      throw error;
    }
  });
  try {
    await copyHeld(target, taken, did);
    const made = await source.openCatalog(join(target.root, CATALOG_FILE));
    await copyCatalog(entries.entries, made, source.slices);
  } finally {
    entries.end();
  }
  await makeTakenDurable(target, taken);
  teller.end(amount);
  return { logs, ...sizes(taken) };
}

/** Makes the folders of the backup, and says which files go into them. */
async function planAll(
  { disk, root }: BackupSource,
  target: Target,
  open: readonly LogImage[],
  signal: AbortSignal | undefined,
): Promise<{ planned: PlannedFile[]; folders: number }> {
  const images = new Map(open.map((image) => [image.folder, image]));
  const planned: PlannedFile[] = [];
  const folders = await partitionFolders(disk, root);
  for (const { folder } of folders) {
    throwIfAborted(signal);
    const image = images.get(folder);
    const log = await (image ? planOpenLog(disk, image) : planClosedLog(disk, folder));
    await disk.mkdir(join(target.root, log.folder));
    planned.push(...log.files);
  }
  for (const name of SMALL_FILES) {
    const from = join(root, name);
    const size = (await disk.stat(from))?.size;
    if (size !== undefined)
      planned.push({ from, to: name, size, mayLink: false, isSegment: false });
  }
  return { planned, folders: folders.length };
}

function sizes(taken: readonly TakenFile[]): { bytes: number; bytesLinked: number } {
  let bytes = 0;
  let bytesLinked = 0;
  for (const { file, isLinked } of taken) {
    if (!file.isSegment) continue;
    bytes += file.size;
    if (isLinked) bytesLinked += file.size;
  }
  return { bytes, bytesLinked };
}

/** An empty folder may have the name; nothing else, and no place within the data directory. */
async function assertFree({ disk, root }: BackupSource, to: string): Promise<void> {
  if (`${to}${sep}`.startsWith(`${root}${sep}`)) {
    throw new EngineError('INVALID_SETTING', `a backup goes to a folder outside of ${root}`, {
      path: to,
    });
  }
  const found = await disk.stat(to);
  if (found === null || (found.isDirectory && (await disk.readdir(to)).length === 0)) return;
  throw new EngineError('BACKUP_EXISTS', `${to} is there already: name another folder`, {
    path: to,
  });
}

function failure(to: string, error: unknown): unknown {
  if (hasErrno(error, 'ENOSPC') || hasErrno(error, 'EDQUOT')) {
    const message = `no space is left for the backup ${to}; nothing of it was kept`;
    return new EngineError('STORAGE_FULL', message, { cause: error, path: to });
  }
  if (!hasAnyErrno(error)) return error;
  const message = `the backup ${to} was not made: ${reasonOf(error)}`;
  return new EngineError('BACKUP_FAILED', message, { cause: error, path: to });
}
