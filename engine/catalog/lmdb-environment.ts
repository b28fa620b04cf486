import { createRequire } from 'node:module';
import type { Database } from 'lmdb';
import { LIMITS } from '../limits.js';

/** The one table of an environment: keys and values are bytes, encoded by this project. */
export type LmdbTable = Database<Buffer, Buffer>;

/**
 * Opens, or creates, the LMDB data file at `path`; its lock file lies beside it as `<path>-lock`.
 *
 * `overlappingSync: false` makes lmdb-js commit as LMDB itself does: pages, fdatasync, meta page
 * through O_DSYNC, and only then does the promise resolve. With its default the promise resolves
 * before the sync, and after a failed sync `flushed` never settles and an unhandled rejection
 * escapes; it was no faster (0.51 ms against 0.44 ms a commit).
 */
export async function openEnvironment(path: string): Promise<LmdbTable> {
  const { open } = loadLmdb();
  const options = {
    path,
    noSubdir: true,
    encoding: 'binary' as const,
    keyEncoding: 'binary' as const,
    overlappingSync: false,
    // It has an effect only where syncs overlap, and would be vital there; lmdb-js's types lack it.
    safeRestore: true,
    // With `true` lmdb-js keeps a second promise of each commit, whose rejection cannot be caught.
    eventTurnBatching: false,
    noMemInit: true,
    maxDbs: 1,
    // Address space only; lmdb-js maps more by itself when the data outgrows it.
    mapSize: LIMITS.catalogMapBytesFirst,
  };
  return open<Buffer, Buffer>(options);
}

const require = createRequire(import.meta.url);

/**
 * lmdb-js, loaded at the first call because it takes 20 ms, which users of the in-memory catalog
 * need not pay. This is its CommonJS form, because `import` takes 35 ms. The two forms do not know
 * each other's symbols, so every caller has to load it here.
 */
export function loadLmdb(): typeof import('lmdb') {
  return require('lmdb') as typeof import('lmdb');
}

/**
 * First possible key of a whole-table range; lmdb-js would begin after its own symbols otherwise.
 */
export const LOWEST_KEY = Buffer.of(0);
