import { number64, type TreeFacts } from './tree-walk.js';

/**
 * The two meta pages of an LMDB data file (format 2, little-endian), read before LMDB maps it: a
 * truncated file ends a process with SIGBUS, a garbled page with SIGSEGV.
 *
 * ```text
 * page 0, page 1  meta pages: a 24-byte page header, then the meta record
 *   at  size      page header: page number int64 at 0, flags uint16 at 18 (0x08: meta)
 *   24     4      magic 0xBEEFC0DE
 *   28     4      format version, low 16 bits
 *   48    48      tree of free pages; its first field is the page size uint32
 *   96    48      main tree
 *  144     8      last page number used, inclusive
 *  152     8      transaction number: the higher one of the two pages counts
 * tree  4  flags uint16, 6 depth uint16, then int64 each: 8 branch pages, 16 leaf pages, 24 overflow pages,
 *      32  entries, 40 root page (-1: empty)
 * ```
 */

const META_PAGE_FLAG = 0x08;
const MAGIC = 0xbeefc0de;
const FORMAT_VERSION = 2;
const META_END = 160;
const FREE_TREE_AT = 48;
const MAIN_TREE_AT = 96;
const NO_ROOT = 0xffff_ffff_ffff_ffffn;
const PAGE_SIZE_MIN = 4096;
const PAGE_SIZE_MAX = 65536;

/**
 * Bytes from the start that {@link judgeDataFile} wants to see: both meta pages at the largest page
 * size, and a whole file that was set up but never committed to.
 */
export const START_BYTES = 384 * 1024;

/** What one meta page says. */
export interface MetaFacts {
  readonly pageSize: number;
  readonly transaction: number;
  /** Inclusive. */
  readonly lastPage: number;
  /** Flags of the environment and of the main tree, which never change. */
  readonly flags: number;
  readonly free: TreeFacts;
  readonly main: TreeFacts;
}

/**
 * - `blank`: nothing was ever committed; LMDB fills it as a new file
 * - `whole`: both meta pages are whole, and they agree; `newest` counts, `other` is the transaction
 *   before
 * - `damaged`: LMDB must not open it; `readable` is the newest of the meta pages that are whole, if
 *   there is one
 */
export type DataFileVerdict =
  | { readonly verdict: 'blank' }
  | { readonly verdict: 'whole'; readonly newest: MetaFacts; readonly other: MetaFacts }
  | { readonly verdict: 'damaged'; readonly reason: string; readonly readable: MetaFacts | null };

/**
 * Judges a file of `fileBytes` bytes by its first {@link START_BYTES} (fewer if the file is
 * shorter).
 */
export function judgeDataFile(start: Buffer, fileBytes: number): DataFileVerdict {
  // Power was cut before the first transaction: the blocks were never written.
  const isWhole = start.length === fileBytes;
  if (isWhole && start.every((byte) => byte === 0)) return { verdict: 'blank' };

  const pageSize = pageSizeOf(start);
  const read = [readMeta(start, 0, pageSize), readMeta(start, 1, pageSize)] as const;
  const transactions = read.map((meta) => (typeof meta === 'string' ? -1 : meta.transaction));
  const current = transactions.indexOf(Math.max(...transactions));
  const metas = read.map((meta, page) => {
    if (typeof meta === 'string') return meta;
    // The other meta page may be of a commit that did not end, with the old last page put back
    // (`unended-commit.ts`).
    const end = page === current ? 0 : Math.floor(fileBytes / pageSize) - 1;
    return beginsBeyond(meta, Math.max(meta.lastPage, end))
      ? 'a tree begins outside the file'
      : meta;
  });
  const [newest, other] = metas
    .filter((meta) => typeof meta !== 'string')
    .sort((a, b) => b.transaction - a.transaction);
  const readable = newest ?? null;
  const damaged = (reason: string): DataFileVerdict => ({ verdict: 'damaged', reason, readable });
  for (const [page, meta] of metas.entries()) {
    if (typeof meta === 'string') return damaged(`meta page ${page}: ${meta}`);
  }
  if (newest === undefined || other === undefined) return damaged('no meta page');
  if (newest.flags !== other.flags) return damaged('the two meta pages differ in flags');
  if (newest.transaction - other.transaction > 1) return damaged('a transaction is missing');
  return { verdict: 'whole', newest, other };
}

/** Whether a tree of the transaction begins behind that page. */
export function beginsBeyond({ free, main }: MetaFacts, lastPage: number): boolean {
  return Math.max(free.root ?? 0, main.root ?? 0) > lastPage;
}

/** The page size. Where page 0 is garbled, page 1 tells it; page 1 can begin at few positions. */
function pageSizeOf(start: Buffer): number {
  for (let size = PAGE_SIZE_MIN; size <= PAGE_SIZE_MAX; size *= 2) {
    for (const at of [0, size]) {
      if (start.length < at + META_END || start.readUInt32LE(at + 24) !== MAGIC) continue;
      if (start.readUInt32LE(at + FREE_TREE_AT) === size) return size;
    }
  }
  return PAGE_SIZE_MIN;
}

/** A meta page, or what is wrong with it. */
function readMeta(start: Buffer, page: number, pageSize: number): MetaFacts | string {
  const at = page * pageSize;
  if (start.length < at + META_END) return `the file is only ${start.length} bytes long`;
  if (start.readUInt32LE(at + 24) !== MAGIC) return 'it does not have the magic number of LMDB';
  const version = start.readUInt32LE(at + 28) & 0xffff;
  if (version !== FORMAT_VERSION) return `format version ${version} instead of ${FORMAT_VERSION}`;
  if (number64(start, at) !== page) return 'wrong page number';
  if (start.readUInt16LE(at + 18) !== META_PAGE_FLAG) return 'not marked as a meta page';
  const size = start.readUInt32LE(at + FREE_TREE_AT);
  if (size !== pageSize) return `impossible page size ${size}`;

  const lastPage = number64(start, at + 144);
  const transaction = number64(start, at + 152);
  if (!Number.isFinite(lastPage) || !Number.isFinite(transaction)) return 'impossible numbers';
  // Each transaction takes the page that the one before did not.
  if (transaction > 0 && transaction % 2 !== page) return 'a transaction of the other meta page';
  const free = readTree(start, at + FREE_TREE_AT);
  const main = readTree(start, at + MAIN_TREE_AT);
  for (const { root } of [free, main]) {
    if (root !== null && root < 2) return 'a tree begins on a meta page';
  }
  const flags =
    start.readUInt16LE(at + FREE_TREE_AT + 4) * 65536 + start.readUInt16LE(at + MAIN_TREE_AT + 4);
  return { pageSize, transaction, lastPage, flags, free, main };
}

function readTree(start: Buffer, at: number): TreeFacts {
  return {
    depth: start.readUInt16LE(at + 6),
    branchPages: number64(start, at + 8),
    leafPages: number64(start, at + 16),
    overflowPages: number64(start, at + 24),
    entries: number64(start, at + 32),
    root: start.readBigUInt64LE(at + 40) === NO_ROOT ? null : number64(start, at + 40),
  };
}
