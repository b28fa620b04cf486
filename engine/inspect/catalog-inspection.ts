import { type FileHandle, open } from 'node:fs/promises';
import type { CatalogChange, CatalogKey, CatalogValue } from '../catalog/catalog.js';
import { FORMAT_KEY, FormatCheck } from '../catalog/catalog-format.js';
import { decodeKey } from '../catalog/key-codec.js';
import { TreeDamage } from '../catalog/tree-walk.js';
import { unsealValue } from '../catalog/value-codec.js';
import { salvageDataFile } from '../catalog/verify-data-file.js';
import { hasErrno } from '../disk/errno.js';

/** The content of a catalog file, and the damage in it. */
export interface CatalogInspection {
  readonly path: string;
  /** `missing`: there is no file, or nothing was ever written to it. */
  readonly state: 'missing' | 'sound' | 'damaged';
  /**
   * In the order of their keys: all entries of a sound file; of a damaged file those that can be
   * reached and match their checksums.
   */
  readonly entries: readonly { readonly key: CatalogKey; readonly value: CatalogValue }[];
  /**
   * Where entries are missing: before the entry with this index, or behind the last. Rising, with
   * repetitions.
   */
  readonly lostAt: readonly number[];
  /**
   * False where entries of the last transaction may be missing, or entries whose place is unknown.
   */
  readonly isCurrent: boolean;
  /** What is wrong, in words; empty for a sound file. */
  readonly problems: readonly string[];
}

/**
 * Reads a catalog file whole, without LMDB and without changing it, whatever is in it. While
 * another process has the file open, it may seem damaged, and its entries may be older than the
 * call. Rejects with the errno when the disk says no.
 */
export async function inspectCatalog(path: string): Promise<CatalogInspection> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
    return { path, state: 'missing', entries: [], lostAt: [], isCurrent: true, problems: [] };
  }
  try {
    return await inspectFile(file, path);
  } finally {
    await file.close();
  }
}

async function inspectFile(file: FileHandle, path: string): Promise<CatalogInspection> {
  const check = new FormatCheck();
  const found: Found[] = [];
  const { isUsed, isCurrent, problems } = await salvageDataFile(file, {
    visit: (key, stored) => {
      const isPlain = check.add(key, stored) === 'plain';
      if (isPlain) found.push('plain');
      else if (!key.equals(FORMAT_KEY)) {
        found.push({ key: decodeKey(Buffer.from(key)), value: unsealValue(stored) });
      }
    },
    lost: () => found.push('lost'),
  });
  let plain: readonly CatalogChange[] = [];
  try {
    const format = check.finish();
    if (typeof format !== 'string') plain = format;
  } catch (error) {
    if (!(error instanceof TreeDamage)) throw error;
    problems.push(error.message);
  }
  const { entries, lostAt } = inOrder(found, plain);
  if (problems.length > 0) return { path, state: 'damaged', entries, lostAt, isCurrent, problems };
  const isEmpty = !isUsed || entries.length === 0;
  return { path, state: isEmpty ? 'missing' : 'sound', entries, lostAt, isCurrent, problems };
}

type Entry = CatalogInspection['entries'][number];

/** `plain`: a value without a checksum, as all values of a file of version 1 are. */
type Found = Entry | 'plain' | 'lost';

/**
 * `plain`: the entries without a checksum. They do not count where other entries have one: then
 * they are damaged.
 */
function inOrder(
  found: readonly Found[],
  plain: readonly CatalogChange[],
): Pick<CatalogInspection, 'entries' | 'lostAt'> {
  const entries: Entry[] = [];
  const lostAt: number[] = [];
  let plainAt = 0;
  for (const each of found) {
    const entry = each === 'plain' ? plain[plainAt++] : each;
    if (entry === undefined || entry === 'lost') lostAt.push(entries.length);
    else entries.push({ key: entry.key, value: entry.value });
  }
  return { entries, lostAt };
}
