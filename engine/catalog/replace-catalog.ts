import { link, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasErrno } from '../disk/errno.js';
import { LIMITS } from '../limits.js';
import type { CatalogChange } from './catalog.js';
import { openLmdbCatalog, syncFolder } from './open-lmdb-catalog.js';

/**
 * Puts a new catalog file with these entries in the place of the file at `path`, which must not be
 * open. The old file is kept beside it, as `<path>.damaged-<n>`. Durable when it resolves, with the
 * path of the old file, or null where there was none; a crash leaves the old file or the new one
 * under the name.
 */
export async function replaceCatalog(
  path: string,
  entries: readonly CatalogChange[],
): Promise<string | null> {
  const made = `${path}.new`;
  await removeFiles(made);
  const catalog = await openLmdbCatalog(made);
  const { catalogRebuildChangesMax: step } = LIMITS;
  try {
    for (let at = 0; at < entries.length; at += step) {
      await catalog.write(entries.slice(at, at + step));
    }
  } finally {
    await catalog.close();
  }
  const kept = await keepAside(path);
  await rename(made, path);
  await removeFiles(made);
  await syncFolder(dirname(path));
  return kept;
}

/** A second name for the file, so that at no moment there is none under its own. */
async function keepAside(path: string): Promise<string | null> {
  for (let number = 1; ; number++) {
    const kept = `${path}.damaged-${number}`;
    try {
      await link(path, kept);
      return kept;
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return null;
      if (!hasErrno(error, 'EEXIST')) throw error;
    }
  }
}

async function removeFiles(path: string): Promise<void> {
  for (const each of [path, `${path}-lock`]) await rm(each, { force: true });
}
