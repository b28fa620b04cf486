import { describe, expect, test } from 'vitest';
import type { Disk } from '../../engine/disk/disk.js';
import { type Catalog, MemoryCatalog } from '../../engine/index.js';
import { batchOf, readValues, turns } from '../support/batches.js';
import { forwarding } from '../support/forwarding-disk.js';
import type { SimDisk } from '../support/sim-disk.js';
import {
  cutPower,
  folderOf,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  partition,
  type SimWorld,
  stopCleanly,
} from '../support/sim-engine.js';

const DAY_MS = 24 * 3_600_000;

/** What a power cut now would leave, while the world goes on. */
function asIfCut(world: SimWorld): SimWorld {
  const catalog = new MemoryCatalog();
  void catalog.write(world.catalog.snapshotDurable());
  return { disk: world.disk.powerCut('strict'), catalog, clock: world.clock };
}

/**
 * The world's catalog, in which a transaction takes longer than anything on the disk, and a
 * checkpoint longer still.
 */
function slowCatalog(world: SimWorld): Catalog {
  return {
    get: (key) => world.catalog.get(key),
    range: (prefix) => world.catalog.range(prefix),
    close: () => world.catalog.close(),
    write: async (changes) => {
      await turns(changes.some(({ key }) => key[3] === 'checkpoint') ? 60 : 30);
      await world.catalog.write(changes);
    },
  };
}

test('a log whose every segment was deleted by retention is opened again', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine, { retentionMs: DAY_MS });
  for (let at = 0; at < 5; at++) await log.append(batchOf(`v${at}`));
  world.clock.advance(2 * DAY_MS);
  expect((await log.maintenance.applyRetention()).segments).toBe(1);
  const next = await stopCleanly(world, engine);
  const reopened = await openLog(await openWorld(next));
  expect(reopened.logStartOffset).toBe(5);
  expect(reopened.logEndOffset).toBe(5);
});

test('a segment leaves only when no durable checkpoint names it any more', async () => {
  const world = newWorld();
  const engine = await openWorld(world, { catalog: slowCatalog(world) });
  const log = await openLog(engine, { retentionMs: DAY_MS });
  for (let at = 0; at < 5; at++) await log.append(batchOf(`v${at}`));
  world.clock.advance(2 * DAY_MS);
  await turns(90);
  expect(world.catalog.snapshotDurable().map(({ key }) => key[3])).toEqual(['checkpoint']);
  const deleting = log.maintenance.applyRetention();
  for (let turn = 0; turn < 200; turn++) {
    const reopened = await openLog(await openWorld(asIfCut(world)));
    expect(reopened.logEndOffset).toBe(5);
    await turns();
  }
  expect((await deleting).segments).toBe(1);
});

test.each(['catalog', 'file'] as const)(
  'the new log start is durable before deleteBefore resolves, also where only the %s is left',
  async (left) => {
    const world = newWorld();
    const log = await openLog(await openWorld(world));
    for (let at = 0; at < 5; at++) await log.append(batchOf(`v${at}`));
    await log.deleteBefore(3);
    const next = cutPower(world);
    const found =
      left === 'file' ? { ...next, catalog: new MemoryCatalog() } : await withoutStartFile(next);
    const reopened = await openLog(await openWorld(found));
    expect(reopened.logStartOffset).toBe(3);
    expect([...(await readValues(reopened)).keys()]).toEqual([3, 4]);
  },
);

async function withoutStartFile(world: SimWorld): Promise<SimWorld> {
  await world.disk.unlink(`${folderOf()}/log-start-offset`);
  return world;
}

test("a deletion's tombstone is durable before the folder is renamed", async () => {
  const world = newWorld();
  const tombstones: number[] = [];
  const wrap = (disk: SimDisk): Disk => ({
    ...forwarding(disk),
    rename: (from, to) => {
      if (from === folderOf()) {
        const durable = world.catalog.snapshotDurable();
        tombstones.push(durable.filter(({ key }) => key[0] === 'deleted').length);
      }
      return disk.rename(from, to);
    },
  });
  const engine = await openWorld(world, { wrap, catalog: slowCatalog(world) });
  await (await openLog(engine)).append(batchOf('v'));
  await engine.deletePartition(partition());
  expect(tombstones).toEqual([1]);
});

test('a deletion that a power cut interrupts is finished by the next start, at every moment', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine);
  await log.append(batchOf('v'));
  let done = false;
  const deleting = engine.deletePartition(partition()).then(() => {
    done = true;
  });
  for (let turn = 0; turn < 25; turn++) {
    const wasDone = done;
    const reopened = await openLog(await openWorld(asIfCut(world)));
    // Whole or gone; once the deletion has resolved, gone.
    expect([0, 1]).toContain(reopened.logEndOffset);
    if (wasDone) expect(reopened.logEndOffset).toBe(0);
    await turns();
  }
  await deleting;
});

test('a partition that is deleted while its bytes wait for a sync does not take the directory offline', async () => {
  const world = newWorld({ syncFileSystem: false });
  const engine = await openWorld(world);
  const other = await openLog(engine, {}, partition(1));
  const log = await openLog(engine, { flush: 'os', fileDeleteDelayMs: 0 });
  await log.append(batchOf('v'));
  world.disk.hold();
  const acknowledged = other.append(batchOf('w'));
  await turns(3);
  // The round of `other` is under way; the next one is wanted by the log that goes.
  const flushed = log.flush().catch((error: unknown) => error);
  const deleting = engine.deletePartition(partition());
  await turns(3);
  world.disk.release();
  await deleting;
  await Promise.all([acknowledged, flushed]);
  await other.append(batchOf('x'));
  expect(engine.failure).toBeNull();
});

test('segments that go at once, unsynced, do not take the directory offline', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine, { flush: 'os', fileDeleteDelayMs: 0 });
  for (let at = 0; at < 5; at++) {
    await log.append(batchOf(`v${at}`));
    await log.maintenance.roll();
  }
  await log.truncateTo(1, { evenCommitted: true });
  world.clock.advance(0);
  await turns(5);
  await log.flush();
  expect(engine.failure).toBeNull();
  expect(log.logEndOffset).toBe(1);
});

describe.each([
  ['each file', false],
  ['the file system', true],
])('with a sync of %s', (_, syncFileSystem) => {
  test('a topic id that met a full disk is written with the first append that succeeds', async () => {
    const world = newWorld({ syncFileSystem });
    const engine = await openWorld(world);
    const log = await openLog(engine);
    world.disk.failNext({ op: 'writevSync', path: /partition\.metadata$/, code: 'ENOSPC' });
    await expect(log.append(batchOf('v'))).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    await log.append(batchOf('w'));
    const [found] = await (await openWorld(cutPower(world))).partitionsOnDisk();
    expect(found?.topicId).toBe(partition().topicId);
  });

  test('a topic id that a killed process left in the page cache is durable once its log is served', async () => {
    const world = newWorld({ syncFileSystem });
    const log = await openLog(await openWorld(world));
    world.disk.hold();
    void log.append(batchOf('v')).catch(() => {});
    await turns();
    const second = killProcess(world);
    const served = await openLog(await openWorld(second));
    expect(served.logEndOffset).toBe(1);
    const [found] = await (await openWorld(cutPower(second))).partitionsOnDisk();
    expect(found?.topicId).toBe(partition().topicId);
  });
});
