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
  expect(judge((bytes) => bytes)).toEqual({ verdict: 'sound' });
});

test('a file without a byte other than zero was never committed to', () => {
  expect(judge(() => Buffer.alloc(0))).toEqual({ verdict: 'blank' });
  expect(judge(() => Buffer.alloc(2 * pageSize))).toEqual({ verdict: 'blank' });
  expect(judge(() => Buffer.alloc(START_BYTES + 1)).verdict).toBe('damaged');
});

test('every garbled field of either meta page is damage', () => {
  for (const page of [0, 1]) {
    // Page number, flags, magic, version, page size, roots: each beyond what it may be.
    for (const at of [1, 18, 24, 28, 48, 94, 142]) {
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

test('a file that lacks a page in use, or ends within one, is doubtful', () => {
  expect(judge((bytes) => bytes.subarray(0, 2 * pageSize))).toMatchObject({
    verdict: 'doubtful',
    reason: expect.stringContaining('in use'),
  });
  expect(judge((bytes) => bytes.subarray(0, -1))).toMatchObject({ verdict: 'doubtful' });
});
