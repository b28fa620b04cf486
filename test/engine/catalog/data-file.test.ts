import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { judgeDataFile, START_BYTES } from '../../../engine/catalog/data-file.js';
import { openLmdbCatalog } from '../../../engine/catalog/open-lmdb-catalog.js';

let folder: string;
let sound: Buffer;
let pageSize: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'odradek-data-file-'));
  const path = join(folder, 'catalog.mdb');
  const catalog = await openLmdbCatalog(path);
  for (let count = 0; count < 5; count++)
    await catalog.write([{ key: ['a', count], value: count }]);
  await catalog.close();
  sound = await readFile(path);
  pageSize = sound.readUInt32LE(48);
});

afterAll(() => rm(folder, { recursive: true }));

function judge(change: (bytes: Buffer) => Buffer | undefined): ReturnType<typeof judgeDataFile> {
  const copy = Buffer.from(sound);
  const bytes = change(copy) ?? copy;
  return judgeDataFile(bytes.subarray(0, START_BYTES), bytes.length);
}

test('what LMDB wrote is sound', () => {
  const judged = judge((bytes) => bytes);
  expect(judged).toMatchObject({
    verdict: 'whole',
    newest: { pageSize, transaction: 5, main: { entries: 6, depth: 1, leafPages: 1 } },
    other: { transaction: 4 },
  });
});

test('a file without a byte other than zero was never committed to', () => {
  expect(judge(() => Buffer.alloc(0))).toEqual({ verdict: 'blank' });
  expect(judge(() => Buffer.alloc(2 * pageSize))).toEqual({ verdict: 'blank' });
  expect(judge(() => Buffer.alloc(START_BYTES + 1)).verdict).toBe('damaged');
});

test('every garbled field of either meta page is damage', () => {
  for (const page of [0, 1]) {
    // Page number, flags, magic, version, page size, flags of a tree, roots, transaction: each
    // beyond what it may be.
    for (const at of [1, 18, 24, 28, 48, 52, 100, 94, 142, 152]) {
      const judged = judge((bytes) => {
        const index = page * pageSize + at;
        bytes[index] = bytes[index]! ^ 0x4c;
        return bytes;
      });
      expect(judged, `page ${page}, byte ${at}`).toMatchObject({ verdict: 'damaged' });
    }
  }
});

test('a file cut within its meta pages is damaged', () => {
  for (const size of [25, 100, 160, pageSize, pageSize + 159]) {
    expect(judge((bytes) => bytes.subarray(0, size)).verdict, `${size} bytes`).toBe('damaged');
  }
});

test('the newer of two meta pages is found where the other is garbled', () => {
  for (const page of [0, 1]) {
    const judged = judge((bytes) => {
      bytes.fill(0xa5, page * pageSize, page * pageSize + 200);
      return bytes;
    });
    expect(judged).toMatchObject({
      verdict: 'damaged',
      readable: { transaction: page === 0 ? 5 : 4 },
    });
  }
});
