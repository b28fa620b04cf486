import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, systemClock } from '../clock.js';
import { EngineError } from '../errors.js';
import { reasonOf } from '../foreign-errors.js';
import { LIMITS } from '../limits.js';
import { type EngineLogger, silentLogger } from '../logger.js';
import { TurnSlices } from '../turn-slices.js';
import type { Catalog } from './catalog.js';
import { FormatCheck } from './catalog-format.js';
import { DataFileRoom } from './data-file-room.js';
import { LmdbCatalog } from './lmdb-catalog.js';
import { openEnvironment } from './lmdb-environment.js';
import { TreeDamage } from './tree-walk.js';
import type { MetaPatch } from './unended-commit.js';
import { verifyDataFile } from './verify-data-file.js';

export interface LmdbCatalogOptions {
  readonly clock?: Clock;
  /** A commit that takes longer fails the catalog for good. Default 30 s. */
  readonly commitDeadlineMs?: number;
  /**
   * True after an unclean stop: the file may hold bytes that are not durable, and is synced first.
   * Default false.
   */
  readonly suspicious?: boolean;
  /**
   * Called once, when a write failed and every later one will: the owner takes the directory
   * offline.
   */
  readonly onFailure?: (error: EngineError) => void;
  /** Gets a line when the last commit had not ended and was ended. Default: no logger. */
  readonly logger?: EngineLogger;
}

/**
 * Opens, or creates, the catalog whose data file is `path` (`<path>-lock` appears beside it). The
 * folder exists and is owned by the caller; one catalog per file and process. Everything in the
 * file is read and checked first, page by page, since LMDB itself would end the process where a
 * page is garbled. A file of format version 1 is rewritten, in one transaction.
 *
 * Rejects with CATALOG_DAMAGED when the file is none of LMDB's, was cut short, or holds anything
 * that does not match its checksum; with STORAGE_FULL when there is no room to rewrite it; and with
 * the errno when the disk says no.
 */
export async function openLmdbCatalog(
  path: string,
  options: LmdbCatalogOptions = {},
): Promise<Catalog> {
  const clock = options.clock ?? systemClock;
  // LMDB locks only its lock file, so a second descriptor of the data file, and closing it, does no
  // harm.
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  let catalog: LmdbCatalog;
  let found: Found;
  try {
    found = await makeReady(file, path, clock, options.logger ?? silentLogger);
    // A killed owner's unsynced writes are visible now; they must be durable before they are used.
    if (options.suspicious === true) await file.datasync();
    const table = await openEnvironment(path).catch((cause: unknown) => {
      throw damagedCatalog(path, reasonOf(cause), cause);
    });
    catalog = new LmdbCatalog({
      path,
      table,
      room: new DataFileRoom(file, (await file.stat()).size),
      clock,
      commitDeadlineMs: options.commitDeadlineMs ?? LIMITS.catalogCommitMs,
      onFailure: options.onFailure ?? (() => {}),
      namesFormat: found === 'current',
    });
  } catch (error) {
    await file.close();
    throw error;
  }
  if (typeof found === 'string') return catalog;
  try {
    await catalog.write(found);
    return catalog;
  } catch (error) {
    await catalog.close();
    throw error;
  }
}

type Found = ReturnType<FormatCheck['finish']>;

/** Makes the file ready for LMDB, and says what it holds. */
async function makeReady(
  file: FileHandle,
  path: string,
  clock: Clock,
  logger: EngineLogger,
): Promise<Found> {
  const work = new TurnSlices(clock).begin();
  const check = new FormatCheck();
  try {
    const verified = await verifyDataFile(file, {
      visit: (key, value) => void check.add(key, value),
      rest: (entries) => work.did(entries),
    });
    if (verified !== 'blank') {
      const format = check.finish();
      if (verified !== 'whole') await endCommit(file, path, verified, logger);
      return format;
    }
  } catch (error) {
    if (error instanceof TreeDamage) throw damagedCatalog(path, error.message, error);
    throw error;
  }
  await file.truncate(0);
  await syncFolder(dirname(path));
  return 'empty';
}

/** When it resolves, the commit is durable. */
async function endCommit(
  file: FileHandle,
  path: string,
  { transaction, position, bytes }: MetaPatch,
  logger: EngineLogger,
): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
  }
  await file.datasync();
  logger.warn(
    { file: path, transaction },
    'the last commit of a catalog had failed at its end: it is whole, and counts now',
  );
}

/** When it resolves, the new file's name is durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The error for the catalog file at `path`, and the way out. */
export function damagedCatalog(path: string, reason: string, cause?: unknown): EngineError {
  const message =
    `the catalog ${path} is damaged: ${reason}; nothing was changed. See what is left of it with ` +
    `'odradek catalog check ${dirname(path)}', and make it anew with 'odradek catalog rebuild ${dirname(path)}'`;
  return new EngineError('CATALOG_DAMAGED', message, { cause, path });
}
