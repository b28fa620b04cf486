import { describe, expect, test } from 'vitest';
import type { Disk } from '../../engine/disk/disk.js';
import { batchOf, readValues } from '../support/batches.js';
import { forwarding } from '../support/forwarding-disk.js';
import {
  cutPower,
  folderOf,
  newWorld,
  openLog,
  openWorld,
  partition,
  type SimWorld,
  stopCleanly,
} from '../support/sim-engine.js';

const SERVED = { live: new Map([['events-0', partition().topicId]]), leaving: new Map() };
const NOT_SERVED = { live: new Map(), leaving: new Map() };

/**
 * The directory as a kill would leave it before each step in which the first append makes the
 * folder.
 */
async function killsWhileMade(): Promise<SimWorld[]> {
  const world = newWorld();
  const found: SimWorld[] = [];
  const stop = (): void => {
    const { disk, catalog, clock } = world;
    found.push({ disk: disk.kill(), catalog: catalog.crash(), clock });
  };
  const engine = await openWorld(world, {
    wrap: (disk): Disk => ({
      ...forwarding(disk),
      mkdirSync: (path) => {
        disk.mkdirSync(path);
        stop();
      },
      openSync: (path, mode) => {
        const file = disk.openSync(path, mode);
        if (mode === 'create') stop();
        return file;
      },
    }),
  });
  const log = await openLog(engine);
  await log.append(batchOf('first'));
  return found;
}

async function foldersIn(world: SimWorld): Promise<string[]> {
  const names = await world.disk.readdir('/data');
  return names.filter((name) => name.startsWith('events'));
}

describe('a kill while the folder is made', () => {
  test('leaves one that the partition goes on with, wherever it came', async () => {
    const kills = await killsWhileMade();
    expect(kills.length).toBe(3);
    for (const world of kills) {
      const engine = await openWorld(world);
      expect(await engine.setAsideStrays(SERVED)).toEqual([]);
      const log = await openLog(engine);
      await log.append(batchOf('again'));
      const after = cutPower(world);
      const reopened = await openWorld(after);
      expect(await reopened.setAsideStrays(SERVED)).toEqual([]);
      expect([...(await readValues(await openLog(reopened)))]).toEqual([[0, 'again']]);
    }
  });

  test('leaves no empty stray where the partition is not served', async () => {
    for (const world of await killsWhileMade()) {
      const hasId = await world.disk.stat(`${folderOf()}/00000000000000000000.log`);
      const engine = await openWorld(world);
      const aside = await engine.setAsideStrays(NOT_SERVED);
      // With its topic id the folder has an owner.
      expect(aside.length).toBe(hasId === null ? 0 : 1);
      expect(await foldersIn(world)).toHaveLength(aside.length);
    }
  });
});

test.each([
  ['partition.metadata', 'version: 0\ntop', 'removed'],
  ['00000000000000000000.log', '', 'removed'],
  ['00000000000000000000.log', 'bytes', 'kept'],
  ['00000000000000000007.log', '', 'kept'],
  ['log-start-offset', 'log.start.offset=7\n', 'kept'],
])('a folder without a topic id in which %s holds %j is %s', async (name, content, outcome) => {
  const made = newWorld();
  const world = await stopCleanly(made, await openWorld(made));
  await world.disk.mkdir(folderOf());
  world.disk.openSync(`${folderOf()}/${name}`, 'create').writevSync([Buffer.from(content)], 0);
  const engine = await openWorld(world);
  expect(await engine.setAsideStrays(NOT_SERVED)).toHaveLength(outcome === 'kept' ? 1 : 0);
  expect(await foldersIn(world)).toHaveLength(outcome === 'kept' ? 1 : 0);
});
