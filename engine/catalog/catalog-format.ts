import type { CatalogChange } from './catalog.js';
import { decodeKey, encodeKey } from './key-codec.js';
import { TreeDamage } from './tree-walk.js';
import { isIntact, isSealed, unpackValue, unsealValue } from './value-codec.js';

/**
 * Every file of version 2 that has any entry has this one, so that a file of version 1 can be told
 * from a damaged file.
 */
export const FORMAT_KEY = encodeKey(['format']);
export const CATALOG_FORMAT = 2;

/**
 * Judges the entries of a catalog file as they are read: which version the file has, and whether
 * every value matches its checksum. Version 1 had no checksums: such a file holds plain values
 * only, and no entry that names a format.
 */
export class FormatCheck {
  readonly #plain: CatalogChange[] = [];
  #sealed = 0;
  #format: unknown = null;

  /**
   * Takes in an entry, and says whether its value has a checksum. Throws `TreeDamage` where the
   * value does not match it.
   */
  add(key: Buffer, stored: Buffer): 'sealed' | 'plain' {
    if (!isSealed(stored)) {
      this.#plain.push(plainEntry(key, stored));
      return 'plain';
    }
    if (!isIntact(key, stored)) {
      throw new TreeDamage(`the entry ${describeKey(key)} does not match its checksum`);
    }
    this.#sealed++;
    if (key.equals(FORMAT_KEY)) this.#format = unsealValue(stored);
    return 'sealed';
  }

  /**
   * Called after the last entry: `empty`, `current`, or the entries of a file of version 1. Throws
   * `TreeDamage` for any other file.
   */
  finish(): 'empty' | 'current' | readonly CatalogChange[] {
    const { length } = this.#plain;
    if (this.#sealed === 0) return length === 0 ? 'empty' : this.#plain;
    if (this.#format !== CATALOG_FORMAT)
      throw new TreeDamage('the entry that names its format is missing');
    if (length > 0)
      throw new TreeDamage(`${length === 1 ? '1 value has' : `${length} values have`} no checksum`);
    return 'current';
  }
}

function plainEntry(key: Buffer, value: Buffer): CatalogChange {
  try {
    return { key: decodeKey(key), value: unpackValue(value) };
  } catch {
    throw new TreeDamage(`the entry ${describeKey(key)} cannot be read`);
  }
}

/** As text, at most 100 characters of it. */
export function describeKey(key: Buffer): string {
  let text: string;
  try {
    text = decodeKey(key).join('/');
  } catch {
    text = key.toString('hex');
  }
  return JSON.stringify(text.slice(0, 100));
}
