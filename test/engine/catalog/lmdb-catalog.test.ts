import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import type { DataFileRoom } from '../../../engine/catalog/data-file-room.js';
import { LmdbCatalog } from '../../../engine/catalog/lmdb-catalog.js';
import type { LmdbTable } from '../../../engine/catalog/lmdb-environment.js';
import type { EngineError } from '../../../engine/errors.js';
import { ManualClock } from '../../../engine/manual-clock.js';

/** A catalog over a stand-in for LMDB, whose commits and growth do what the test says. */
function catalogOver(parts: {
  commit?: (put: string[]) => Promise<boolean>;
  grow?: () => Promise<void>;
}) {
  const clock = new ManualClock();
  const failures: EngineError[] = [];
  const commits: string[][] = [];
  const calls: string[] = [];
  let puts: string[] = [];
  const table = {
    getStats: () => ({
      pageSize: 4096,
      treeDepth: 1,
      treeBranchPageCount: 0,
      treeLeafPageCount: 1,
      lastPageNumber: 1,
    }),
    getBinary: () => undefined,
    put: (key: Buffer) => void puts.push(key.toString('latin1', 1).replaceAll('\0', '')),
    remove: () => {},
    batch(run: () => void) {
      puts = [];
      run();
      commits.push(puts);
      return (parts.commit ?? (async () => true))(puts);
    },
    close: async () => void calls.push('table closed'),
  } as unknown as LmdbTable;
  const room = {
    ensure: parts.grow ?? (async () => {}),
    close: async () => void calls.push('file closed'),
  } as unknown as DataFileRoom;
  const catalog = new LmdbCatalog({
    path: '/data/catalog.mdb',
    table,
    room,
    clock,
    commitDeadlineMs: 30_000,
    onFailure: (error) => failures.push(error),
    namesFormat: true,
  });
  return { catalog, clock, failures, commits, calls };
}

/** As lmdb-js rejects a commit: the cause is a promise of its own that rejects, too. */
function lmdbFailure(errno: number): Promise<never> {
  const cause = Object.assign(new Error('Input/output error'), { code: errno });
  const error = Object.assign(new Error('Commit failed (see commitError for details)'), {
    commitError: Promise.reject(cause),
  });
  return Promise.reject(error);
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await nextTurn();
};

test('one commit runs at a time, and what comes meanwhile is the next one', async () => {
  const finish: (() => void)[] = [];
  const { catalog, commits } = catalogOver({
    commit: () => new Promise((resolve) => finish.push(() => resolve(true))),
  });
  const first = catalog.write([{ key: ['a'], value: 1 }]);
  await settle();
  const others = [
    catalog.write([{ key: ['b'], value: 1 }]),
    catalog.write([{ key: ['c'], value: 1 }]),
  ];
  await settle();
  expect(commits).toEqual([['a']]);
  expect(catalog.get(['a'])).toBe(1);
  expect(catalog.get(['c'])).toBe(1);

  finish[0]!();
  await first;
  await settle();
  expect(commits).toEqual([['a'], ['b', 'c']]);
  finish[1]!();
  await Promise.all(others);
});

test('after a failed commit every write rejects, the owner hears it once, and no rejection escapes', async () => {
  const escaped = vi.fn();
  process.on('unhandledRejection', escaped);
  const { catalog, failures, commits, calls } = catalogOver({ commit: () => lmdbFailure(5) });
  const failed = { code: 'STORAGE_OFFLINE', message: expect.stringContaining('EIO') };
  const first = catalog.write([{ key: ['a'], value: 1 }]);
  const joined = catalog.write([{ key: ['b'], value: 1 }]);
  await expect(first).rejects.toMatchObject(failed);
  await expect(joined).rejects.toMatchObject(failed);
  await expect(catalog.write([{ key: ['c'], value: 1 }])).rejects.toMatchObject(failed);
  await settle();
  expect(commits).toHaveLength(1);
  expect(failures).toHaveLength(1);
  await catalog.close();
  expect(calls).toEqual(['file closed', 'table closed']);
  expect(escaped).not.toHaveBeenCalled();
  process.off('unhandledRejection', escaped);
});

test('a commit past its deadline fails the catalog, and LMDB is left open under it', async () => {
  const { catalog, clock, failures, calls } = catalogOver({ commit: () => new Promise(() => {}) });
  const write = catalog.write([{ key: ['a'], value: 1 }]);
  const queued = settle().then(() => catalog.write([{ key: ['b'], value: 1 }]));
  write.catch(() => {});
  queued.catch(() => {});
  await settle();
  await settle();
  clock.advance(29_999);
  expect(failures).toEqual([]);
  clock.advance(1);
  await expect(write).rejects.toMatchObject({ code: 'STORAGE_OFFLINE' });
  await expect(queued).rejects.toMatchObject({ code: 'STORAGE_OFFLINE' });
  await expect(catalog.write([])).rejects.toMatchObject({ code: 'STORAGE_OFFLINE' });
  expect(failures).toHaveLength(1);
  await catalog.close();
  expect(calls).toEqual(['file closed']);
});

test('a disk without room rejects the write, forgets it, and the catalog lives on', async () => {
  let isFull = true;
  const { catalog, failures, commits } = catalogOver({
    grow: async () => {
      if (isFull) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    },
  });
  const write = catalog.write([{ key: ['a'], value: 1 }]);
  expect(catalog.get(['a'])).toBe(1);
  await expect(write).rejects.toMatchObject({ code: 'STORAGE_FULL', path: '/data/catalog.mdb' });
  expect(catalog.get(['a'])).toBeUndefined();
  isFull = false;
  await catalog.write([{ key: ['b'], value: 1 }]);
  expect(commits).toEqual([['b']]);
  expect(failures).toEqual([]);
});

test('any other failure to grow is a failed disk', async () => {
  const { catalog, failures } = catalogOver({
    grow: () => Promise.reject(Object.assign(new Error('i/o'), { code: 'EIO' })),
  });
  await expect(catalog.write([{ key: ['a'], value: 1 }])).rejects.toMatchObject({
    code: 'STORAGE_OFFLINE',
  });
  expect(failures).toHaveLength(1);
});
