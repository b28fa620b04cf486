import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Catalog, CatalogChange } from '../../../engine/catalog/catalog.js';
import { encodeKey } from '../../../engine/catalog/key-codec.js';
import { openEnvironment } from '../../../engine/catalog/lmdb-environment.js';
import { openLmdbCatalog } from '../../../engine/catalog/open-lmdb-catalog.js';
import { packValue, sealValue } from '../../../engine/catalog/value-codec.js';
import { EngineError } from '../../../engine/errors.js';
import { inspectCatalog } from '../../../engine/inspect/catalog-inspection.js';
import { type Random, seededRandom } from '../../../engine/random.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/**
 * A file with trees of two levels, values on pages of their own, and free pages; and what it holds.
 */
let sound: Buffer;
let content: string;
let usedBytes: number;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'odradek-damaged-'));
  const path = join(folder, 'catalog.mdb');
  const catalog = await openLmdbCatalog(path);
  for (let round = 0; round < 30; round++) await catalog.write(changesOf(round));
  content = contentOf(catalog);
  await catalog.close();
  sound = readFileSync(path);
  rmSync(folder, { recursive: true });
  const lastPage = Math.max(...[0, 4096].map((at) => Number(sound.readBigUInt64LE(at + 144))));
  usedBytes = (lastPage + 1) * 4096;
});

function changesOf(round: number): CatalogChange[] {
  return Array.from({ length: 12 }, (_, at) => ({
    key: ['log', `topic ${(at * 7 + round * 5) % 40}`, at % 3, 'checkpoint'],
    value:
      (at + round) % 4 === 0
        ? undefined
        : { offset: round, bytes: 'x'.repeat((at * 97 * round) % 6000) },
  }));
}

function contentOf(catalog: Catalog): string {
  return createHash('sha1')
    .update(JSON.stringify([...catalog.range([])]))
    .digest('hex');
}

/**
 * Opens the bytes as a catalog: what it holds, after more writes, or the code with which it was
 * refused.
 */
async function opened(bytes: Buffer): Promise<string> {
  const path = join(temporaryFolder(), 'catalog.mdb');
  writeFileSync(path, bytes);
  let catalog: Catalog;
  try {
    catalog = await openLmdbCatalog(path);
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
  const found = contentOf(catalog);
  // Pages are taken from the list of free ones.
  for (let round = 30; round < 33; round++) await catalog.write(changesOf(round));
  const after = contentOf(catalog);
  await catalog.close();
  const again = await openLmdbCatalog(path);
  expect(contentOf(again)).toBe(after);
  await again.close();
  return found;
}

const DAMAGES: Record<string, (bytes: Buffer, random: Random) => void> = {
  'a flipped bit': (bytes, random) => {
    const at = Math.floor(random.next() * usedBytes);
    bytes[at] = bytes[at]! ^ (1 << Math.floor(random.next() * 8));
  },
  // Most bytes of a page are values; what LMDB trusts stands in front.
  'a flipped bit in the head of a page': (bytes, random) => {
    const at =
      Math.floor((random.next() * usedBytes) / 4096) * 4096 + Math.floor(random.next() * 170);
    bytes[at] = bytes[at]! ^ (1 << Math.floor(random.next() * 8));
  },
  '16 bad bytes': (bytes, random) => {
    const at = Math.floor((random.next() * usedBytes) / 16) * 16;
    random.fill(bytes.subarray(at, at + 16));
  },
  'a page in the place of another': (bytes, random) => {
    const [from, to] = [0, 1].map(() => Math.floor((random.next() * usedBytes) / 4096) * 4096);
    bytes.copy(bytes, to, from, from! + 4096);
  },
  'a page of zeros': (bytes, random) => {
    const at = Math.floor((random.next() * usedBytes) / 4096) * 4096;
    bytes.fill(0, at, at + 4096);
  },
};
const ROUNDS = Number(process.env.DAMAGED_CATALOGS ?? 12);

test.each(Object.keys(DAMAGES))('%s is CATALOG_DAMAGED, or changes nothing', async (kind) => {
  const codes = new Set<string>();
  for (let seed = 1; seed <= ROUNDS; seed++) {
    const bytes = Buffer.from(sound);
    DAMAGES[kind]!(bytes, seededRandom(seed));
    const outcome = await opened(bytes);
    if (outcome !== content) expect([kind, seed, outcome]).toEqual([kind, seed, 'CATALOG_DAMAGED']);
    codes.add(outcome);
  }
  expect(codes).toContain('CATALOG_DAMAGED');
});

test('every bit of the newer meta page and of the roots counts', async () => {
  const newest = sound.readBigUInt64LE(152) > sound.readBigUInt64LE(4096 + 152) ? 0 : 4096;
  const [free, main] = [88, 136].map((at) => Number(sound.readBigUInt64LE(newest + at)) * 4096);
  // Of both roots: page number, flags and bounds.
  const fields = [free!, main!].flatMap((at) => [at, at + 18, at + 20, at + 22]);
  const other = 4096 - newest;
  const otherMain = Number(sound.readBigUInt64LE(other + 136)) * 4096;
  // The transaction on the roots, that of the transaction before too: 29 becomes 31.
  const transactions = [main!, otherMain].map((at) => at + 8);
  const places = [...transactions, ...fields];
  for (const at of places) {
    const bytes = Buffer.from(sound);
    bytes[at] = bytes[at]! ^ 2;
    expect(await opened(bytes), `byte ${at}`).toBe('CATALOG_DAMAGED');
  }
  // Pages beyond the last one would be given away again.
  const bytes = Buffer.from(sound);
  bytes.writeUInt32LE(8, newest + 144);
  expect(await opened(bytes)).toBe('CATALOG_DAMAGED');
});

describe('a newest meta page with the number of the transaction before the other one', () => {
  /**
   * As LMDB leaves it where the write of a meta page failed; a changed bit leaves the last page as
   * it was.
   */
  function unended(lastPage: 'kept' | 'before'): { bytes: Buffer; meta: number } {
    const bytes = Buffer.from(sound);
    const [meta, other] =
      bytes.readBigUInt64LE(152) > bytes.readBigUInt64LE(4096 + 152) ? [0, 4096] : [4096, 0];
    bytes.writeBigUInt64LE(bytes.readBigUInt64LE(meta + 152) - 2n, meta + 152);
    if (lastPage === 'before') bytes.copy(bytes, meta + 144, other + 144, other + 152);
    return { bytes, meta };
  }

  test.each(['kept', 'before'] as const)('counts, its last page %s', async (lastPage) => {
    const { bytes } = unended(lastPage);
    expect(await opened(bytes)).toBe(content);
  });

  test('counts for an inspection, and nothing is written', async () => {
    const path = join(temporaryFolder(), 'catalog.mdb');
    const { bytes } = unended('before');
    writeFileSync(path, bytes);
    const { state, isCurrent, entries } = await inspectCatalog(path);
    expect([state, isCurrent]).toEqual(['sound', true]);
    const hash = createHash('sha1').update(JSON.stringify(entries)).digest('hex');
    expect(hash).toBe(content);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  test('is told in one line', async () => {
    const path = join(temporaryFolder(), 'catalog.mdb');
    writeFileSync(path, unended('before').bytes);
    const lines: unknown[] = [];
    const warn = (fields: object, message: string): void => void lines.push([fields, message]);
    for (const _again of [1, 2]) {
      const logger = { info: () => {}, warn, error: () => {} };
      await (await openLmdbCatalog(path, { logger })).close();
    }
    expect(lines).toEqual([
      [
        { file: path, transaction: 30 },
        'the last commit of a catalog had failed at its end: it is whole, and counts now',
      ],
    ]);
  });

  test('is CATALOG_DAMAGED, and stays as it is, where not all of it is there', async () => {
    const { bytes, meta } = unended('before');
    const main = Number(bytes.readBigUInt64LE(meta + 136));
    bytes[main * 4096 + 4000]! ^= 1;
    const path = join(temporaryFolder(), 'catalog.mdb');
    writeFileSync(path, bytes);
    await expect(openLmdbCatalog(path)).rejects.toMatchObject({ code: 'CATALOG_DAMAGED' });
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });
});

async function tableWith(entries: readonly (readonly [Buffer, Buffer])[]): Promise<Buffer> {
  const path = join(temporaryFolder(), 'catalog.mdb');
  const table = await openEnvironment(path);
  await table.batch(() => {
    for (const [key, value] of entries) void table.put(key, value);
  });
  await table.close();
  return readFileSync(path);
}

const key = encodeKey(['topic', 'orders']);
const format = encodeKey(['format']);

test('a value under the key of another is CATALOG_DAMAGED', async () => {
  const bytes = await tableWith([
    [key, sealValue(encodeKey(['topic', 'orderz']), 'id')],
    [format, sealValue(format, 2)],
  ]);
  expect(await opened(bytes)).toBe('CATALOG_DAMAGED');
});

test('a value without a checksum among those that have one is CATALOG_DAMAGED', async () => {
  const bytes = await tableWith([
    [key, packValue('id')],
    [format, sealValue(format, 2)],
  ]);
  expect(await opened(bytes)).toBe('CATALOG_DAMAGED');
});

test('values with checksums of which none names a format are CATALOG_DAMAGED', async () => {
  expect(await opened(await tableWith([[key, sealValue(key, 'id')]]))).toBe('CATALOG_DAMAGED');
});

test('a file of a later format is CATALOG_DAMAGED', async () => {
  expect(await opened(await tableWith([[format, sealValue(format, 3)]]))).toBe('CATALOG_DAMAGED');
});

test('the error names the way out', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'catalog.mdb'), 'x'.repeat(5000));
  await expect(openLmdbCatalog(join(folder, 'catalog.mdb'))).rejects.toThrow(
    `odradek catalog rebuild ${folder}`,
  );
});

test('a file of version 1 is rewritten with checksums, and holds what it held', async () => {
  const bytes = await tableWith([
    [key, packValue('id')],
    [encodeKey(['log', 'id', 0, 'start']), packValue(5)],
  ]);
  const path = join(temporaryFolder(), 'catalog.mdb');
  writeFileSync(path, bytes);
  for (let open = 0; open < 2; open++) {
    const catalog = await openLmdbCatalog(path);
    expect([...catalog.range([])]).toEqual([
      { key: ['log', 'id', 0, 'start'], value: 5 },
      { key: ['topic', 'orders'], value: 'id' },
    ]);
    await catalog.close();
  }
  const table = await openEnvironment(path);
  const stored = table.getBinary(key);
  await table.close();
  expect(stored).toEqual(sealValue(key, 'id'));
});
