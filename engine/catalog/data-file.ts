/**
 * What can be told about an LMDB data file (format 2, little-endian) before LMDB maps it: a truncated file ends a
 * process with SIGBUS, a garbled meta page with SIGSEGV.
 *
 * ```text
 * page 0, page 1  meta pages: a 24-byte page header, then the meta record
 *   at  size      page header: page number int64 at 0, flags uint16 at 18 (0x08: meta)
 *   24     4      magic 0xBEEFC0DE
 *   28     4      format version, low 16 bits
 *   48     4      page size (free-list tree: 48 bytes from here, root at 88)
 *   96    48      main tree, root at 136
 *  144     8      last page number used, inclusive
 *  152     8      transaction number: the higher one of the two pages counts
 * ```
 */

const META_PAGE_FLAG = 0x08;
const MAGIC = 0xbeefc0de;
const FORMAT_VERSION = 2;
const META_END = 160;
const NO_ROOT = 0xffff_ffff_ffff_ffffn;
const PAGE_SIZE_MIN = 4096;
const PAGE_SIZE_MAX = 65536;

/**
 * Bytes from the start that {@link judgeDataFile} wants to see: both meta pages at the largest page size, and a whole
 * file that was set up but never committed to.
 */
export const START_BYTES = 384 * 1024;

/**
 * - `blank`: nothing was ever committed; LMDB creates it anew
 * - `sound`: both meta pages are whole and the file covers what they say
 * - `doubtful`: whole meta pages, but the file ends early or within a page. Pages that were taken and freed in one
 *   transaction are never written, so only reading everything can tell
 * - `damaged`: LMDB must not open it
 */
export type DataFileVerdict =
  | { readonly verdict: 'blank' | 'sound' }
  | { readonly verdict: 'doubtful' | 'damaged'; readonly reason: string };

/** Judges a file of `fileBytes` bytes by its first {@link START_BYTES} (fewer if the file is shorter). */
export function judgeDataFile(start: Buffer, fileBytes: number): DataFileVerdict {
  // Power was cut before the first transaction: the blocks were never written.
  const isWhole = start.length === fileBytes;
  if (isWhole && start.every((byte) => byte === 0)) return { verdict: 'blank' };

  if (start.length < META_END) return damaged(`only ${fileBytes} bytes long`);
  const pageSize = start.readUInt32LE(48);
  const first = metaProblem(start, 0, 0, pageSize);
  if (first) return damaged(`meta page 0: ${first}`);
  if (start.length < pageSize + META_END) return damaged(`only ${fileBytes} bytes long`);
  const second = metaProblem(start, pageSize, 1, pageSize);
  if (second) return damaged(`meta page 1: ${second}`);

  const newest = start.readBigUInt64LE(152) > start.readBigUInt64LE(pageSize + 152) ? 0 : pageSize;
  const wanted = (start.readBigUInt64LE(newest + 144) + 1n) * BigInt(pageSize);
  if (BigInt(fileBytes) < wanted) {
    return { verdict: 'doubtful', reason: `${fileBytes} bytes long where ${wanted} are in use` };
  }
  if (fileBytes % pageSize !== 0) return { verdict: 'doubtful', reason: 'it ends within a page' };
  return { verdict: 'sound' };
}

function metaProblem(start: Buffer, at: number, page: number, pageSize: number): string | null {
  if (start.readUInt32LE(at + 24) !== MAGIC) return 'it does not have the magic number of LMDB';
  const version = start.readUInt32LE(at + 28) & 0xffff;
  if (version !== FORMAT_VERSION) return `format version ${version} instead of ${FORMAT_VERSION}`;
  if (start.readBigUInt64LE(at) !== BigInt(page)) return 'wrong page number';
  if ((start.readUInt16LE(at + 18) & META_PAGE_FLAG) === 0) return 'not marked as a meta page';

  const isPowerOfTwo = (pageSize & (pageSize - 1)) === 0;
  if (pageSize < PAGE_SIZE_MIN || pageSize > PAGE_SIZE_MAX || !isPowerOfTwo) {
    return `impossible page size ${pageSize}`;
  }
  if (start.readUInt32LE(at + 48) !== pageSize) return 'the two meta pages differ in page size';

  const lastPage = start.readBigUInt64LE(at + 144);
  for (const rootAt of [88, 136]) {
    const root = start.readBigUInt64LE(at + rootAt);
    if (root !== NO_ROOT && (root < 2n || root > lastPage)) return 'a tree begins outside the file';
  }
  return null;
}

function damaged(reason: string): DataFileVerdict {
  return { verdict: 'damaged', reason };
}
