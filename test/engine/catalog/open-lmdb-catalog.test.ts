import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  mkdtemp,
  open,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { judgeDataFile, START_BYTES } from '../../../engine/catalog/data-file.js';
import { openLmdbCatalog } from '../../../engine/catalog/open-lmdb-catalog.js';
import { testCatalogContract } from './catalog-contract.js';

let folder: string;
let fileCount = 0;
const newPath = (): string => join(folder, `catalog-${fileCount++}.mdb`);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'odradek-catalog-'));
});
afterAll(() => rm(folder, { recursive: true }));

testCatalogContract(() => openLmdbCatalog(newPath()));

/** A program that has `catalog` and `print`, run from the compiled engine. */
function program(path: string, body: string): string[] {
  const module = new URL('../../../dist/engine/catalog/open-lmdb-catalog.js', import.meta.url);
  const code = `
    import { openLmdbCatalog } from ${JSON.stringify(module.href)};
    const print = (line) => process.stdout.write(line + '\\n');
    process.on('unhandledRejection', (error) => print('escaped: ' + error.message));
    const catalog = await openLmdbCatalog(${JSON.stringify(path)}, {
      onFailure: (error) => print('failure: ' + error.code),
    });
    ${body}`;
  return ['--input-type=module', '-e', code];
}

async function writeMany(path: string, count: number): Promise<void> {
  const catalog = await openLmdbCatalog(path);
  const changes = Array.from({ length: count }, (_, at) => ({
    key: ['k', at],
    value: 'x'.repeat(500),
  }));
  await catalog.write(changes);
  await catalog.close();
}

test('what was written is there after a reopen, suspicious or not', async () => {
  const path = newPath();
  await writeMany(path, 200);
  for (const suspicious of [false, true]) {
    const catalog = await openLmdbCatalog(path, { suspicious });
    expect([...catalog.range(['k'])]).toHaveLength(200);
    await catalog.close();
  }
});

test('a transaction of thousands of changes is one', async () => {
  const path = newPath();
  await writeMany(path, 5000);
  const catalog = await openLmdbCatalog(path);
  const removals = Array.from({ length: 5000 }, (_, at) => ({ key: ['k', at], value: undefined }));
  await catalog.write([...removals, { key: ['left'], value: 1 }]);
  expect([...catalog.range([])]).toEqual([{ key: ['left'], value: 1 }]);
  await catalog.close();
});

test('many catalogs live in one process, and each grows beyond its first mapping', async () => {
  const catalogs = await Promise.all(Array.from({ length: 20 }, () => openLmdbCatalog(newPath())));
  await Promise.all(catalogs.map((catalog, at) => catalog.write([{ key: [at], value: at }])));
  expect(catalogs.map((catalog, at) => catalog.get([at]))).toEqual(catalogs.map((_, at) => at));

  const big = Buffer.alloc(2 ** 20, 7);
  for (let at = 0; at < 20; at++) await catalogs[0]!.write([{ key: ['big', at], value: big }]);
  expect([...catalogs[0]!.range(['big'])].every(({ value }) => big.equals(value as Buffer))).toBe(
    true,
  );
  await Promise.all(catalogs.map((catalog) => catalog.close()));
});

test('a killed process loses nothing that it had reported, and leaves no half transaction', async () => {
  const path = newPath();
  const child = spawn(
    process.execPath,
    program(
      path,
      `for (let n = 1; ; n++) {
         await catalog.write([{ key: ['n'], value: n }, { key: ['copy', n % 10], value: n }]);
         print(String(n));
       }`,
    ),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let reported = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    reported = Number(line);
    if (reported === 150) child.kill('SIGKILL');
  }
  expect(reported).toBeGreaterThanOrEqual(150);

  const catalog = await openLmdbCatalog(path, { suspicious: true });
  const last = catalog.get(['n']) as number;
  expect(last).toBeGreaterThanOrEqual(reported);
  for (let n = last; n > last - 10; n--) expect(catalog.get(['copy', n % 10])).toBe(n);
  await catalog.close();
});

test('what a catalog leaves behind is sound, with room ahead of every commit', async () => {
  const path = newPath();
  const catalog = await openLmdbCatalog(path);
  let inUse = 0;
  for (let round = 1; round < 12; round++) {
    const changes = Array.from({ length: 40 * round }, (_, at) => ({
      key: ['k', (at * 7919) % 1000, round % 3],
      value: at % 5 === 0 ? undefined : Buffer.alloc((at * 31 * round) % 9000, at),
    }));
    const sizeBefore = (await stat(path)).size;
    await catalog.write(changes);
    const bytes = await readFile(path);
    expect(judgeDataFile(bytes.subarray(0, START_BYTES), bytes.length)).toMatchObject({
      verdict: 'whole',
    });
    expect(bytes.length).toBeGreaterThanOrEqual(sizeBefore);
    // LMDB itself would grow the file page by page.
    expect(bytes.length % (256 * 1024)).toBe(0);
    expect(bytes.length).toBeGreaterThan(bytesInUse(bytes));
    inUse = bytesInUse(bytes);
  }
  expect(inUse).toBeGreaterThan(2 ** 20);
  await catalog.close();
});

/** By the newer of the two meta pages. */
function bytesInUse(bytes: Buffer): number {
  const pageSize = bytes.readUInt32LE(48);
  const lastPages = [0, pageSize].map((at) => Number(bytes.readBigUInt64LE(at + 144)));
  return (Math.max(...lastPages) + 1) * pageSize;
}

test('a file that holds only zeros counts as a new one', async () => {
  const path = newPath();
  await writeFile(path, Buffer.alloc(8192));
  const catalog = await openLmdbCatalog(path);
  await catalog.write([{ key: ['a'], value: 1 }]);
  await catalog.close();
});

test('a truncated file is CATALOG_DAMAGED and does not end the process', async () => {
  const path = newPath();
  await writeMany(path, 200);
  for (const size of [24 * 1024, 8192, 5000, 100]) {
    await truncate(path, size);
    await expect(openLmdbCatalog(path), `${size} bytes`).rejects.toMatchObject({
      name: 'EngineError',
      code: 'CATALOG_DAMAGED',
      path,
    });
  }
});

test('a file that is none of LMDB is CATALOG_DAMAGED and stays as it is', async () => {
  const path = newPath();
  const bytes = Buffer.alloc(10_000, 'not a catalog ');
  await writeFile(path, bytes);
  await expect(openLmdbCatalog(path)).rejects.toMatchObject({
    code: 'CATALOG_DAMAGED',
    message: expect.stringContaining('magic number'),
  });
  expect(await readFile(path)).toEqual(bytes);
});

test('a garbled meta page is CATALOG_DAMAGED and does not end the process', async () => {
  for (const page of [0, 1]) {
    const path = newPath();
    await writeMany(path, 10);
    const pageSize = (await readFile(path)).readUInt32LE(48);
    const file = await open(path, 'r+');
    await file.write(Buffer.alloc(200, 0xa5), 0, 200, page * pageSize + 20);
    await file.close();
    await expect(openLmdbCatalog(path)).rejects.toMatchObject({ code: 'CATALOG_DAMAGED' });
  }
});

test('a catalog that is whole but for a torn last page opens, after it was read through', async () => {
  const path = newPath();
  await writeMany(path, 200);
  await appendFile(path, Buffer.alloc(100, 0xa5));
  const catalog = await openLmdbCatalog(path);
  expect([...catalog.range(['k'])]).toHaveLength(200);
  await catalog.write([{ key: ['more'], value: Buffer.alloc(2 ** 20) }]);
  expect((await stat(path)).size % (256 * 1024)).toBe(0);
  await catalog.close();
});

test('a folder that does not exist is the errno, not damage', async () => {
  await expect(openLmdbCatalog(join(folder, 'none', 'catalog.mdb'))).rejects.toMatchObject({
    code: 'ENOENT',
  });
});

test('a file that may not grow rejects the write as STORAGE_FULL and takes smaller ones', async () => {
  const path = newPath();
  const args = program(
    path,
    `await catalog.write([{ key: ['a'], value: 1 }]);
     const big = catalog.write([{ key: ['big'], value: Buffer.alloc(8 * 2 ** 20) }]);
     print(await big.then(() => 'written', (error) => error.code));
     await catalog.write([{ key: ['a'], value: 2 }]);
     print(String(catalog.get(['a'])));
     print(String(catalog.get(['big'])));
     await catalog.close();`,
  );
  // SIGXFSZ is ignored, so that a write beyond the limit fails with EFBIG.
  const shell = spawn('bash', [
    '-c',
    'trap "" XFSZ; ulimit -f 4096; exec "$@"',
    '-',
    process.execPath,
    ...args,
  ]);
  const lines: string[] = [];
  createInterface({ input: shell.stdout }).on('line', (line) => lines.push(line));
  const [code] = await once(shell, 'close');
  expect({ code, lines }).toEqual({ code: 0, lines: ['STORAGE_FULL', '2', 'undefined'] });
});

/**
 * Without strace, or where it may not trace, the stand-in of lmdb-catalog.test.ts is all the proof
 * there is.
 */
const canTrace = spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', 'true']).status === 0;

/**
 * Writes 1 to 6 and closes, while strace meddles with one system call of the only thread that
 * writes.
 */
async function writeTraced(path: string, injection: string) {
  const args = program(
    path,
    `for (let n = 1; n <= 6; n++) {
       print(await catalog.write([{ key: ['n'], value: n }]).then(() => 'durable ' + n, (e) => e.code));
     }
     await catalog.close();
     print('closed');`,
  );
  const trace = ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${injection.split(':')[0]}`];
  const traced = spawn(
    'strace',
    [...trace, '-e', `inject=${injection}`, process.execPath, ...args],
    {
      env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
    },
  );
  const lines: string[] = [];
  createInterface({ input: traced.stdout }).on('line', (line) => lines.push(line));
  const [code] = await once(traced, 'close');
  return { code, lines };
}

test.runIf(canTrace)(
  'whichever write fails, or is short, the next start has what was durable',
  async () => {
    const outcomes = new Set<string>();
    for (const fault of ['error=EIO', 'error=ENOSPC', 'retval=100']) {
      for (let when = 2; when <= 7; when++) {
        const path = newPath();
        const { lines } = await writeTraced(path, `pwrite64:${fault}:when=${when}`);
        const durable = lines.filter((line) => line.startsWith('durable')).length;
        const catalog = await openLmdbCatalog(path, { suspicious: true });
        const found = (catalog.get(['n']) ?? 0) as number;
        const where = `${fault} at write ${when}: ${lines}`;
        // A commit that failed may be there or not.
        if (lines.includes('STORAGE_OFFLINE'))
          expect([durable, durable + 1], where).toContain(found);
        outcomes.add(found > durable ? 'ended' : 'undone');
        await catalog.write([{ key: ['n'], value: 7 }]);
        await catalog.close();
        const again = await openLmdbCatalog(path);
        expect(again.get(['n']), where).toBe(7);
        await again.close();
      }
    }
    expect([...outcomes].sort()).toEqual(['ended', 'undone']);
  },
  120_000,
);

test.runIf(canTrace)(
  'a failed fdatasync fails the catalog for good, with no rejection that escapes',
  async () => {
    const path = newPath();
    const { code, lines } = await writeTraced(path, 'fdatasync:error=EIO:when=3');
    expect({ code, lines }).toEqual({
      code: 0,
      lines: [
        'durable 1',
        'durable 2',
        'failure: STORAGE_OFFLINE',
        ...Array(4).fill('STORAGE_OFFLINE'),
        'closed',
      ],
    });

    const catalog = await openLmdbCatalog(path, { suspicious: true });
    expect(catalog.get(['n'])).toBe(2);
    await catalog.close();
  },
);
