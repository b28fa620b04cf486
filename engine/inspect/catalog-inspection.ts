import { type FileHandle, open } from 'node:fs/promises';
import type { CatalogKey, CatalogValue } from '../catalog/catalog.js';
import { FORMAT_KEY, FormatCheck } from '../catalog/catalog-format.js';
import { decodeKey } from '../catalog/key-codec.js';
import { TreeDamage } from '../catalog/tree-walk.js';
import { unsealValue } from '../catalog/value-codec.js';
import { salvageDataFile } from '../catalog/verify-data-file.js';
import { hasErrno } from '../disk/errno.js';

/** What a catalog file holds, and what is wrong with it. */
export interface CatalogInspection {
  readonly path: string;
  /** `missing`: there is no file, or nothing was ever written to it. */
  readonly state: 'missing' | 'sound' | 'damaged';
  /** In the order of their keys: all of a sound file, of a damaged one what can be reached and matches its checksum. */
  readonly entries: readonly { readonly key: CatalogKey; readonly value: CatalogValue }[];
  /** False where the last transaction may be missing from them. */
  readonly isCurrent: boolean;
  /** What is wrong, in words; empty for a sound file. */
  readonly problems: readonly string[];
}

/**
 * Reads a catalog file whole, without LMDB and without changing it, whatever is in it. While somebody has it open it may
 * seem damaged, and what it holds may be older than the call. Rejects
 * with the errno when the disk says no.
 */
export async function inspectCatalog(path: string): Promise<CatalogInspection> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
    return { path, state: 'missing', entries: [], isCurrent: true, problems: [] };
  }
  try {
    return await inspectFile(file, path);
  } finally {
    await file.close();
  }
}

async function inspectFile(file: FileHandle, path: string): Promise<CatalogInspection> {
  const check = new FormatCheck();
  const sealed: { key: CatalogKey; value: CatalogValue }[] = [];
  const { isUsed, isCurrent, problems } = await salvageDataFile(file, {
    visit: (key, stored) => {
      if (check.add(key, stored) === 'plain' || key.equals(FORMAT_KEY)) return;
      sealed.push({ key: decodeKey(Buffer.from(key)), value: unsealValue(stored) });
    },
  });
  let entries: CatalogInspection['entries'] = sealed;
  try {
    const format = check.finish();
    if (typeof format !== 'string') entries = format.map(({ key, value }) => ({ key, value }));
  } catch (error) {
    if (!(error instanceof TreeDamage)) throw error;
    problems.push(error.message);
  }
  if (problems.length > 0) return { path, state: 'damaged', entries, isCurrent, problems };
  const isEmpty = !isUsed || entries.length === 0;
  return { path, state: isEmpty ? 'missing' : 'sound', entries, isCurrent, problems };
}
