import { basename, dirname, join } from 'node:path';
import { EngineError } from '../errors.js';
import { newUuid, type Random } from '../random.js';
import { isLockFileName } from './directory-lock.js';
import type { Disk } from './disk.js';
import { ensureDirectory, syncAncestors } from './ensure-directory.js';
import { readSmallFile, temporaryPath, writeSmallFile } from './small-file.js';

/**
 * The format of data directories that this version writes, and the newest that it reads; it reads
 * all earlier formats, too.
 */
export const FORMAT_VERSION = 2;

/** The small file in a data directory's root that says whose it is and how it was closed. */
export const IDENTITY_FILE = 'meta.properties';

/** An opened data directory's identity. */
export interface DirectoryIdentity {
  /** 22 characters of base64url; never changes. */
  readonly directoryId: string;
  /**
   * How often the directory was opened after a stop that was not clean, this time included. It is
   * the leader epoch of all its partitions: raised durably before anything is served.
   */
  readonly uncleanOpens: number;
  /** Whether the owner before closed the directory; true for a new directory. */
  readonly wasClean: boolean;
  /**
   * Writes durably that everything is synced and closed. This is the last write to the directory.
   */
  markClean(): Promise<void>;
}

/** Batches hold their leader epoch in 32 bits; there is room for opens to come. */
const EPOCH_BOUND = 2 ** 30;

interface Facts {
  readonly directoryId: string;
  readonly uncleanOpens: number;
  readonly cleanStop: boolean;
}

/**
 * Opens the directory's identity, creating the folder and the file where there are none. The caller
 * holds the directory's lock. When it resolves, the file says durably that the directory is in use,
 * so that a crash from now on counts as an unclean stop.
 *
 * Errors: NOT_A_DATA_DIRECTORY for a folder with foreign files, FORMAT_TOO_NEW, DAMAGED_FILE; what
 * the disk throws.
 */
export async function openIdentity(
  disk: Disk,
  root: string,
  random: Random,
): Promise<DirectoryIdentity> {
  await ensureDirectory(disk, root);
  const path = join(root, IDENTITY_FILE);
  const found = await readFacts(disk, path);
  const wasClean = found?.cleanStop ?? true;
  if (!found) {
    await refuseForeignFiles(disk, root);
    await syncAncestors(disk, root);
  }
  const directoryId = found?.directoryId ?? newUuid(random);
  const uncleanOpens = (found?.uncleanOpens ?? 0) + (wasClean ? 0 : 1);
  await writeFacts(disk, path, { directoryId, uncleanOpens, cleanStop: false });
  return {
    directoryId,
    uncleanOpens,
    wasClean,
    markClean: () => writeFacts(disk, path, { directoryId, uncleanOpens, cleanStop: true }),
  };
}

/**
 * Changes nothing. Rejects NOT_A_DATA_DIRECTORY, FORMAT_TOO_NEW, DAMAGED_FILE; what the disk
 * throws.
 */
export async function readIdentity(disk: Disk, root: string): Promise<void> {
  const found = await readFacts(disk, join(root, IDENTITY_FILE));
  if (found !== null) return;
  throw new EngineError(
    'NOT_A_DATA_DIRECTORY',
    `${root} has no ${IDENTITY_FILE}: name an odradek data directory`,
    { path: root },
  );
}

/**
 * The state of the identity's file; changes nothing. Rejects FORMAT_TOO_NEW; what the disk throws.
 */
export async function inspectIdentity(
  disk: Disk,
  root: string,
): Promise<'sound' | 'damaged' | 'missing'> {
  try {
    return (await readFacts(disk, join(root, IDENTITY_FILE))) === null ? 'missing' : 'sound';
  } catch (error) {
    if (error instanceof EngineError && error.code === 'DAMAGED_FILE') return 'damaged';
    throw error;
  }
}

/**
 * Writes the identity of a directory whose file is damaged or lost, as after a stop that was not
 * clean. Lines that can still be read stay; the leader epoch of the next open is above `epochMax`,
 * the largest that the directory is known to have given.
 */
export async function restoreIdentity(
  disk: Disk,
  root: string,
  { random, epochMax }: { readonly random: Random; readonly epochMax: number },
): Promise<void> {
  const path = join(root, IDENTITY_FILE);
  const text =
    (await disk.stat(path)) === null ? '' : (await disk.readFile(path)).toString('latin1');
  const written = wholeNumber(/^unclean\.opens=(\d+)$/m.exec(text)?.[1]) ?? 0;
  await writeFacts(disk, path, {
    directoryId: /^directory\.id=([\w-]{22})$/m.exec(text)?.[1] ?? newUuid(random),
    uncleanOpens: Math.max(epochMax, written <= EPOCH_BOUND ? written : 0),
    cleanStop: false,
  });
}

function writeFacts(disk: Disk, path: string, facts: Facts): Promise<void> {
  return writeSmallFile(disk, path, [
    ['format.version', String(FORMAT_VERSION)],
    ['directory.id', facts.directoryId],
    ['clean.stop', String(facts.cleanStop)],
    ['unclean.opens', String(facts.uncleanOpens)],
  ]);
}

async function readFacts(disk: Disk, path: string): Promise<Facts | null> {
  const file = await readSmallFile(disk, path);
  if (file.kind === 'missing') return null;
  if (file.kind === 'damaged') throw damaged(path);
  const { values } = file;
  const version = wholeNumber(values.get('format.version'));
  if (version !== null && version > FORMAT_VERSION) {
    throw new EngineError(
      'FORMAT_TOO_NEW',
      `${path} has format version ${version}, this version of odradek reads up to ${FORMAT_VERSION}: ` +
        'open the directory with the version that wrote it, or a later one',
      { path },
    );
  }
  const directoryId = values.get('directory.id');
  const cleanStop = values.get('clean.stop');
  const uncleanOpens = wholeNumber(values.get('unclean.opens'));
  if (version === null || version < 1 || !directoryId || uncleanOpens === null) throw damaged(path);
  if (cleanStop !== 'true' && cleanStop !== 'false') throw damaged(path);
  return { directoryId, uncleanOpens, cleanStop: cleanStop === 'true' };
}

function wholeNumber(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function damaged(path: string): EngineError {
  return new EngineError(
    'DAMAGED_FILE',
    `${path} is damaged: its checksum or its lines are wrong; restore it from a copy of the directory, or make it anew with ` +
      `'odradek catalog rebuild ${dirname(path)}'`,
    { path },
  );
}

/**
 * A new directory is made only in an empty folder: a mistyped path must not mix a log with foreign
 * files.
 */
async function refuseForeignFiles(disk: Disk, root: string): Promise<void> {
  const unfinished = basename(temporaryPath(IDENTITY_FILE));
  const foreign = (await disk.readdir(root)).filter(
    (name) => name !== 'lost+found' && name !== unfinished && !isLockFileName(name),
  );
  if (foreign.length === 0) return;
  throw new EngineError(
    'NOT_A_DATA_DIRECTORY',
    `${root} is not empty and has no ${IDENTITY_FILE} (it holds ${foreign.sort()[0]}): ` +
      'name an empty folder or an odradek data directory',
    { path: root },
  );
}
