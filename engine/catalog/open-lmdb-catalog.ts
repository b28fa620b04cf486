import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { type Clock, systemClock } from '../clock.js';
import { EngineError } from '../errors.js';
import type { Catalog } from './catalog.js';
import { judgeDataFile, START_BYTES } from './data-file.js';
import { DataFileRoom } from './data-file-room.js';
import { LmdbCatalog } from './lmdb-catalog.js';
import { openEnvironment } from './lmdb-environment.js';

export interface LmdbCatalogOptions {
  readonly clock?: Clock;
  /** A commit that takes longer fails the catalog for good. Default 30 s. */
  readonly commitDeadlineMs?: number;
  /** True after an unclean stop: a child process opens the file first and reads everything. Default false. */
  readonly suspicious?: boolean;
  /** Called once, when a write failed and every later one will: the owner takes the directory offline. */
  readonly onFailure?: (error: EngineError) => void;
}

const COMMIT_DEADLINE_MS = 30_000;
const require = createRequire(import.meta.url);

const PROBE_OUTPUT_MAX = 2000;
/** `probe.ts` exits with it. */
const PROBE_EXIT_DAMAGED = 3;
const CRASH_SIGNALS: ReadonlySet<string> = new Set([
  'SIGSEGV',
  'SIGBUS',
  'SIGABRT',
  'SIGILL',
  'SIGFPE',
  'SIGTRAP',
]);

/**
 * Opens, or creates, the catalog whose data file is `path` (`<path>-lock` appears beside it). The folder exists and is
 * owned by the caller; one catalog per file and process.
 *
 * Rejects with CATALOG_DAMAGED when the file is none of LMDB's, was cut short or cannot be read through, and with the
 * errno when the disk says no.
 */
export async function openLmdbCatalog(
  path: string,
  options: LmdbCatalogOptions = {},
): Promise<Catalog> {
  // LMDB locks only its lock file, so a second descriptor of the data file, and closing it, does no harm.
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  try {
    await makeReady(file, path, options.suspicious ?? false);
    const table = await openEnvironment(path).catch((cause: unknown) => {
      throw damaged(path, cause instanceof Error ? cause.message : String(cause), cause);
    });
    return new LmdbCatalog({
      path,
      table,
      room: new DataFileRoom(file, (await file.stat()).size),
      clock: options.clock ?? systemClock,
      commitDeadlineMs: options.commitDeadlineMs ?? COMMIT_DEADLINE_MS,
      onFailure: options.onFailure ?? (() => {}),
    });
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function makeReady(file: FileHandle, path: string, suspicious: boolean): Promise<void> {
  const { size } = await file.stat();
  const start = Buffer.alloc(Math.min(size, START_BYTES));
  await file.read(start, 0, start.length, 0);
  const judged = judgeDataFile(start, size);
  if (judged.verdict === 'damaged') throw damaged(path, judged.reason);

  if (judged.verdict === 'blank') {
    await file.truncate(0);
    await syncFolder(dirname(path));
    return;
  }
  if (suspicious || judged.verdict === 'doubtful') {
    const problem = await probe(path);
    if (problem !== null) {
      const reason = judged.verdict === 'doubtful' ? `${judged.reason}; ${problem}` : problem;
      throw damaged(path, reason);
    }
  }
  // What a killed owner had written but not synced is visible now; nobody may act on it before it is durable.
  if (suspicious) await file.datasync();
}

/** When it resolves, the new file's name is durable. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Null when a child process could read the whole catalog, else what is wrong with it. Rejects when the child could not
 * do its work, be it that it was not found or that somebody killed it: that says nothing about the file.
 */
function probe(path: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const program = require.resolve('#catalog-probe');
    const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'ignore', 'pipe'] });
    let output = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-PROBE_OUTPUT_MAX);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(null);
      else if (code === PROBE_EXIT_DAMAGED) resolve(output.trim());
      else if (signal && CRASH_SIGNALS.has(signal)) {
        resolve(`reading it ends a process with ${signal}`);
      } else {
        const outcome = signal ?? `exit code ${code}`;
        reject(new Error(`the catalog ${path} could not be tried: ${outcome} ${output.trim()}`));
      }
    });
  });
}

function damaged(path: string, reason: string, cause?: unknown): EngineError {
  const message = `the catalog ${path} is damaged: ${reason}`;
  return new EngineError('CATALOG_DAMAGED', message, { cause, path });
}
