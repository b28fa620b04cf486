import { mkdtempSync, rmSync } from 'node:fs';
import { type FileHandle, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32c } from '../../../engine/batch/crc32c.js';
import { FormatCheck } from '../../../engine/catalog/catalog-format.js';
import { LOWEST_KEY, openEnvironment } from '../../../engine/catalog/lmdb-environment.js';
import { openLmdbCatalog } from '../../../engine/catalog/open-lmdb-catalog.js';
import { TreeDamage } from '../../../engine/catalog/tree-walk.js';
import { verifyDataFile } from '../../../engine/catalog/verify-data-file.js';
import { EngineError } from '../../../engine/errors.js';
import type { FuzzRandom } from '../lib/fuzz-random.js';
import { EDGES } from '../lib/mutate.js';
import { BrokenPromise, type Life, type Target } from '../lib/target.js';

/**
 * One in this number of files that pass is opened with LMDB, which takes a hundred times as long.
 */
const OPENED_ONCE_IN = 256;
const PAGE_BYTES = 4096;

let whole: Promise<readonly Buffer[]> | undefined;

/** Data files as the program writes them: one of few pages, and one with branches and overflow. */
async function wholeFiles(): Promise<readonly Buffer[]> {
  const folder = mkdtempSync(join(tmpdir(), 'odradek-fuzz-'));
  const files: Buffer[] = [];
  for (const entries of [3, 70]) {
    const path = join(folder, `${entries}.mdb`);
    const catalog = await openLmdbCatalog(path);
    for (let round = 0; round < 3; round++) {
      await catalog.write(
        Array.from({ length: entries }, (_, at) => ({
          key: ['log', `topic-${at}`, at],
          value: round === 1 && at % 3 === 0 ? undefined : { at, text: 'x'.repeat(at * 20) },
        })),
      );
    }
    await catalog.close();
    files.push(await readFile(path));
  }
  rmSync(folder, { recursive: true });
  return files;
}

/** Which file, then changes: position in four bytes, size in one, bytes. */
function changesOf(random: FuzzRandom, files: readonly Buffer[]): Buffer {
  const which = random.below(files.length);
  const { length } = files[which]!;
  const parts = [Buffer.of(which)];
  for (let left = 1 + random.below(3); left > 0; left--) {
    const bytes = Buffer.alloc(random.pick([1, 1, 2, 4, 8, 16]));
    if (bytes.length === 4 && random.once(2)) bytes.writeInt32LE(random.pick(EDGES));
    else for (let at = 0; at < bytes.length; at++) bytes[at] = random.once(3) ? 0 : random.bits();
    const place = Buffer.alloc(5);
    // Headers of pages and their lists of entries are where a tree is lost.
    const page = PAGE_BYTES * random.below(length / PAGE_BYTES);
    const within = random.below(random.once(2) ? 200 : PAGE_BYTES);
    place.writeUInt32LE(Math.min(page + within, length - bytes.length));
    place[4] = bytes.length;
    parts.push(place, bytes);
  }
  return Buffer.concat(parts);
}

function changed(files: readonly Buffer[], input: Buffer): Buffer {
  const file = Buffer.from(files[input[0]!]!);
  for (let at = 1; at + 5 <= input.length; at += 5 + input[at + 4]!) {
    input.copy(file, input.readUInt32LE(at), at + 5, at + 5 + input[at + 4]!);
  }
  return file;
}

/**
 * As `openLmdbCatalog` looks at a file before LMDB may, and ends its last commit. Null where it
 * refuses.
 */
async function entriesOf(file: Buffer): Promise<Map<string, Buffer> | null> {
  const handle = {
    stat: async () => ({ size: file.length }),
    read: async (into: Buffer, at: number, length: number, position: number) => ({
      bytesRead: file.copy(into, at, position, position + length),
    }),
  } as unknown as FileHandle;
  const check = new FormatCheck();
  const entries = new Map<string, Buffer>();
  try {
    const verified = await verifyDataFile(handle, {
      visit: (key, value) => {
        check.add(key, value);
        entries.set(key.toString('latin1'), value);
      },
    });
    check.finish();
    if (typeof verified !== 'string') verified.bytes.copy(file, verified.position);
    return entries;
  } catch (error) {
    if (error instanceof TreeDamage) return null;
    if (error instanceof EngineError && error.code === 'CATALOG_DAMAGED') return null;
    throw error;
  }
}

/** LMDB ends the process where a page is garbled: what passes must be safe to read and to write. */
async function openWithLmdb(path: string, file: Buffer, entries: Map<string, Buffer>) {
  await writeFile(path, file);
  const table = await openEnvironment(path);
  let count = 0;
  for (const { key, value } of table.getRange({ start: LOWEST_KEY })) {
    count++;
    if (entries.get(key.toString('latin1'))?.equals(value) !== true) {
      throw new BrokenPromise('LMDB reads an entry that the check did not');
    }
  }
  if (count !== entries.size) throw new BrokenPromise(`LMDB reads ${count} of ${entries.size}`);
  await table.put(Buffer.from('new'), Buffer.alloc(5_000));
  await table.close();
}

export const CATALOG_PAGES: Target = {
  name: 'catalog.pages',
  inputsPerLife: 500,
  isStateless: true,
  begin: async () => {
    whole ??= wholeFiles();
    const files = await whole;
    const folder = mkdtempSync(join(tmpdir(), 'odradek-fuzz-'));
    let passed = 0;
    return {
      make: (random) => changesOf(random, files),
      feed: async (input) => {
        const file = changed(files, input);
        const entries = await entriesOf(file);
        if (entries === null || crc32c(input) % OPENED_ONCE_IN !== 0) return;
        await openWithLmdb(join(folder, `${passed++}.mdb`), file, entries);
      },
      end: () => rmSync(folder, { recursive: true }),
    } satisfies Life;
  },
};
