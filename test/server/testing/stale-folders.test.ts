import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemLocker } from '../../../engine/index.js';
import { SERVER_LIMITS } from '../../../server/limits.js';
import { isAlive, removeStaleFolders } from '../../../server/testing/stale-folders.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const NOW_MS = 1_000_000_000_000;
const DEAD = 4_000_000;

/** A folder of a broker, with a file in it, as old as is said. */
function folderIn(parent: string, name: string, ageMs = SERVER_LIMITS.staleFolderAgeMs): string {
  const folder = join(parent, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'meta.properties'), '');
  const atS = (NOW_MS - ageMs) / 1000;
  utimesSync(folder, atS, atS);
  return folder;
}

const world = {
  locker: systemLocker,
  nowMs: NOW_MS,
  isAlive: (pid: number) => pid !== DEAD,
};

test('folders of processes that are gone are removed, and no others', async () => {
  const parent = temporaryFolder();
  const stale = folderIn(parent, `odradek-${DEAD}-abcdef`);
  const locked = folderIn(parent, `odradek-${DEAD}-abcdeg`);
  const kept = [
    locked,
    folderIn(parent, `odradek-${process.pid}-abcdef`),
    folderIn(parent, `odradek-${DEAD}-abcdeh`, SERVER_LIMITS.staleFolderAgeMs - 1),
    folderIn(parent, 'odradek-abcdef'),
    folderIn(parent, `odradek-${DEAD}-abcdef.copy`),
    folderIn(parent, `other-${DEAD}-abcdef`),
  ];
  // A process in another container is not seen, and holds its lock.
  const lock = await systemLocker.lock(locked);
  const atS = (NOW_MS - SERVER_LIMITS.staleFolderAgeMs) / 1000;
  utimesSync(locked, atS, atS);
  expect(await removeStaleFolders(parent, world)).toEqual([stale]);
  expect(existsSync(stale)).toBe(false);
  for (const folder of kept) expect(existsSync(join(folder, 'meta.properties'))).toBe(true);
  await lock.release();
  expect(await removeStaleFolders(parent, { ...world, nowMs: NOW_MS })).toEqual([locked]);
});

test('one search removes so many and no more', async () => {
  const parent = temporaryFolder();
  const { staleFoldersAtOnce } = SERVER_LIMITS;
  for (let at = 0; at < staleFoldersAtOnce + 3; at++) {
    folderIn(parent, `odradek-${DEAD}-${String(at).padStart(6, '0')}`);
  }
  expect(await removeStaleFolders(parent, world)).toHaveLength(staleFoldersAtOnce);
  expect(await removeStaleFolders(parent, world)).toHaveLength(3);
  expect(await removeStaleFolders(join(parent, 'nothing'), world)).toEqual([]);
});

test('a process of its own is alive, and one that cannot be is not', () => {
  expect(isAlive(process.pid)).toBe(true);
  expect(isAlive(2 ** 31 - 1)).toBe(false);
});
