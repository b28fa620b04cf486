import type { PageSet } from './page-set.js';
import { TreeDamage } from './tree-walk.js';

/**
 * One record of LMDB's list of free pages, as lmdb-js writes it: int64 words, the first of which
 * counts those that follow and are in use. A word is a page, 0 for none, or below 0 the length of a
 * block whose first page is the next word.
 *
 * Adds the pages to `used`, as far as the file has them (`pageCount`), and returns how many it does
 * not have. Throws `TreeDamage` when the record names pages beyond `lastPage` or pages that are
 * taken: LMDB would write over them.
 */
export function takeFreePages(
  record: Buffer,
  limits: { readonly lastPage: number; readonly pageCount: number },
  used: PageSet,
): number {
  const words = record.length / 8;
  if (!Number.isInteger(words) || words === 0)
    throw new TreeDamage('a list of free pages ends early');
  const count = wordAt(record, 0);
  if (count < 0 || count >= words) throw new TreeDamage(`a list of free pages counts ${count}`);
  let missing = 0;
  for (let at = 1; at <= count; at++) {
    let page = wordAt(record, at);
    let length = 1;
    if (page < 0) {
      length = -page;
      if (++at > count) break;
      page = wordAt(record, at);
    }
    if (page === 0) continue;
    if (page < 2 || page + length - 1 > limits.lastPage) {
      throw new TreeDamage(
        `page ${page} is listed as free, and the last one is ${limits.lastPage}`,
      );
    }
    for (let free = page; free < page + length; free++) {
      if (free >= limits.pageCount) missing++;
      else if (!used.add(free)) throw new TreeDamage(`page ${free} is used and listed as free`);
    }
  }
  return missing;
}

/** Infinite beyond what a number holds exactly. */
function wordAt(record: Buffer, word: number): number {
  const value = Number(record.readBigInt64LE(word * 8));
  if (Number.isSafeInteger(value)) return value;
  return value < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
