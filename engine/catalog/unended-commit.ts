import type { MetaFacts } from './data-file.js';
import type { DataFilePages } from './data-file-pages.js';
import { number64 } from './tree-walk.js';

/**
 * A commit of LMDB's that failed at its last step. Its pages are written and synced by then; the
 * write of the meta page fails; and since the page cache may have taken that write, LMDB puts the
 * old transaction number and last page back over it. The meta page then has the new roots under the
 * number of the transaction before the newest. A changed bit in the number of the newest meta page
 * leaves the same bytes.
 *
 * In the first case no caller was told that the commit is durable, in the second case a caller was:
 * the commit counts in both, provided that all of it is there.
 */

/**
 * Where the number of a transaction stands on its meta page, behind the last page: 16 bytes in one
 * sector.
 */
const LAST_PAGE_AT = 144;

/** Bytes that go over a meta page. */
export interface MetaPatch {
  readonly transaction: number;
  readonly position: number;
  readonly bytes: Buffer;
}

/**
 * What the meta page of a commit that did not end would say, but for its last page, which is a
 * bound; null where there is no such commit. Both roots must say so: one alone may have changed.
 */
export async function unendedCommit(
  pages: DataFilePages,
  { newest, other }: { readonly newest: MetaFacts; readonly other: MetaFacts },
): Promise<MetaFacts | null> {
  const transaction = newest.transaction + 1;
  // The first one frees nothing.
  const trees = transaction === 1 ? [other.main] : [other.main, other.free];
  for (const { root } of trees) {
    if (root === null || (await transactionOf(pages, root)) !== transaction) return null;
  }
  const lastPage = Math.max(newest.lastPage, other.lastPage, pages.count - 1);
  return { ...other, transaction, lastPage };
}

/** The bytes that end that commit; `lastPage` is the last page in use, inclusive. */
export function patchOf({ transaction, pageSize }: MetaFacts, lastPage: number): MetaPatch {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt(lastPage), 0);
  bytes.writeBigUInt64LE(BigInt(transaction), 8);
  return { transaction, position: (transaction % 2) * pageSize + LAST_PAGE_AT, bytes };
}

/** The transaction that wrote a page; -1 where the page is another one, or beyond the file. */
export async function transactionOf(pages: DataFilePages, page: number): Promise<number> {
  if (page >= pages.count) return -1;
  const bytes = await pages.read(page);
  return number64(bytes, 0) === page ? number64(bytes, 8) : -1;
}
