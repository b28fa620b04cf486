import type { FileHandle } from 'node:fs/promises';
import { beginsBeyond, judgeDataFile, type MetaFacts, START_BYTES } from './data-file.js';
import { DataFilePages } from './data-file-pages.js';
import { takeFreePages } from './free-list.js';
import { PageSet } from './page-set.js';
import { number64, TreeDamage, type TreeWalk, walkTree } from './tree-walk.js';
import { type MetaPatch, patchOf, transactionOf, unendedCommit } from './unended-commit.js';

/** The inputs of a reading of a whole data file. */
export interface FileReading {
  /** Called for each entry, in the order of keys, as `TreeWalk` says. */
  readonly visit: (key: Buffer, value: Buffer) => void;
  readonly rest?: (entries: number) => Promise<void> | null;
}

/**
 * - `blank`: nothing was ever committed; LMDB may fill it as a new file
 * - `whole`: LMDB may open it
 * - a patch: LMDB may open it once the patch is applied, which ends its last commit
 *   (`unended-commit.ts`)
 */
export type VerifiedFile = 'blank' | 'whole' | MetaPatch;

/**
 * Reads all of an LMDB data file that is in use, without LMDB, and hands over every entry of its
 * last transaction. Rejects with `TreeDamage` where anything is not as LMDB leaves it: LMDB may
 * open the file only if this resolves. The file must not be open for writing meanwhile.
 */
export async function verifyDataFile(
  file: FileHandle,
  reading: FileReading,
): Promise<VerifiedFile> {
  const { size } = await file.stat();
  const judged = judgeDataFile(await startOf(file, size), size);
  if (judged.verdict === 'blank') return 'blank';
  if (judged.verdict === 'damaged') throw new TreeDamage(judged.reason);
  const { newest, other } = judged;
  const pages = new DataFilePages(file, newest.pageSize, size);
  const unended = await unendedCommit(pages, judged);
  // Only the meta page of a transaction and the root that it wrote have its number.
  for (const meta of [newest, unended ?? other]) await checkRoot(pages, meta);
  const used = new PageSet(pages.count);
  const current = unended ?? newest;
  await walkTree(mainWalk(pages, current, used, reading), current.main);
  await walkFreePages(pages, current, used);
  return unended === null ? 'whole' : patchOf(unended, Math.max(newest.lastPage, used.highest));
}

/** The findings of a reading that goes on behind damage. */
export interface Salvage {
  /** False when nothing was ever committed to the file. */
  readonly isUsed: boolean;
  /** False where the last transaction may be missing from what was read. */
  readonly isCurrent: boolean;
  /** What is wrong, in words; empty where all is well. */
  readonly problems: string[];
}

/** How a damaged file is read. */
export interface SalvageReading extends FileReading {
  /** Called where entries are left out, between those that are visited. */
  readonly lost: () => void;
}

/**
 * Hands over what can still be read of a damaged file: entries on pages that the newest whole meta
 * page leads to.
 */
export async function salvageDataFile(
  file: FileHandle,
  { lost, ...reading }: SalvageReading,
): Promise<Salvage> {
  const { size } = await file.stat();
  const judged = judgeDataFile(await startOf(file, size), size);
  if (judged.verdict === 'blank') return { isUsed: false, isCurrent: true, problems: [] };
  const problems: string[] = [];
  const note = (damage: unknown): void => {
    if (!(damage instanceof TreeDamage)) throw damage;
    problems.push(damage.message);
  };
  if (judged.verdict === 'damaged') problems.push(judged.reason);
  const readable = judged.verdict === 'whole' ? judged.newest : judged.readable;
  if (readable === null) return { isUsed: true, isCurrent: false, problems };
  const pages = new DataFilePages(file, readable.pageSize, size);
  const used = new PageSet(pages.count);
  const unended = judged.verdict === 'whole' ? await unendedCommit(pages, judged) : null;
  const meta = unended ?? readable;
  if (judged.verdict === 'whole') {
    const metas = [judged.newest, unended ?? judged.other];
    for (const each of metas) await checkRoot(pages, each).catch(note);
  }
  let isCurrent = problems.length === 0;
  const skip = (damage: TreeDamage, isPlaced: boolean): void => {
    note(damage);
    if (isPlaced) lost();
    else isCurrent = false;
  };
  await walkTree({ ...mainWalk(pages, meta, used, reading), skip }, meta.main);
  await walkFreePages(pages, meta, used).catch(note);
  return { isUsed: true, isCurrent, problems };
}

async function startOf(file: FileHandle, size: number): Promise<Buffer> {
  const start = Buffer.alloc(Math.min(size, START_BYTES));
  for (let filled = 0; filled < start.length; ) {
    const { bytesRead } = await file.read(start, filled, start.length - filled, filled);
    if (bytesRead === 0) return start.subarray(0, filled);
    filled += bytesRead;
  }
  return start;
}

function mainWalk(
  pages: DataFilePages,
  { transaction, lastPage }: MetaFacts,
  used: PageSet,
  reading: FileReading,
): TreeWalk {
  return { pages, transaction, lastPage, used, compare: Buffer.compare, ...reading };
}

async function checkRoot(pages: DataFilePages, meta: MetaFacts): Promise<void> {
  const { main, transaction, lastPage } = meta;
  if (beginsBeyond(meta, lastPage)) throw new TreeDamage('a tree begins outside the file');
  if (main.root === null) return;
  if (main.root >= pages.count) throw new TreeDamage(`the file ends before page ${main.root}`);
  if ((await transactionOf(pages, main.root)) === transaction) return;
  throw new TreeDamage(`page ${main.root} is not the root of transaction ${transaction}`);
}

async function walkFreePages(
  pages: DataFilePages,
  { free, transaction, lastPage }: MetaFacts,
  used: PageSet,
): Promise<void> {
  const records: Buffer[] = [];
  await walkTree(
    {
      pages,
      transaction,
      lastPage,
      used,
      compare: (a, b) => number64(a, 0) - number64(b, 0),
      visit: (key, value) => {
        if (key.length !== 8) throw new TreeDamage('a list of free pages of no transaction');
        records.push(value);
      },
    },
    free,
  );
  const limits = { lastPage, pageCount: pages.count };
  let missing = 0;
  for (const record of records) missing += takeFreePages(record, limits, used);
  // Pages that were taken and freed in one transaction are never written.
  if (lastPage + 1 > pages.count && missing !== lastPage + 1 - pages.count) {
    throw new TreeDamage(`${pages.count} pages long where ${lastPage + 1} are in use`);
  }
}
