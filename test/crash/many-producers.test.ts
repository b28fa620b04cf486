import { describe, expect, test } from 'vitest';
import { packValue } from '../../engine/catalog/value-codec.js';
import {
  type Catalog,
  type CatalogChange,
  EngineError,
  type PartitionLog,
} from '../../engine/index.js';
import { LIMITS } from '../../engine/limits.js';
import { checkpointKey } from '../../engine/log/durability/log-records.js';
import { producerPageKey } from '../../engine/log/durability/producer-records.js';
import { batchOf, turns } from '../support/batches.js';
import {
  cutPower,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  partition,
  type SimWorld,
  stopCleanly,
} from '../support/sim-engine.js';
import { TurnMeter } from '../support/turn-meter.js';

/** The batch of that producer with that sequence; sent again it is the same bytes. */
function sent(producerId: number, baseSequence: number): Buffer {
  return batchOf(`p${producerId} s${baseSequence}`, { producerId, producerEpoch: 0, baseSequence });
}

async function appendAll(log: PartitionLog, producers: number, sequence: number): Promise<void> {
  for (let from = 0; from < producers; from += 500) {
    const ids = Array.from({ length: Math.min(500, producers - from) }, (_, at) => from + at);
    await Promise.all(ids.map((id) => log.append(sent(id, sequence))));
  }
}

async function checkpoint(world: SimWorld): Promise<void> {
  world.clock.advance(LIMITS.checkpointIntervalMs);
  await turns(60);
}

/** A world whose catalog's transactions are noted. */
function watchedWorld() {
  const world = newWorld();
  const written: (readonly CatalogChange[])[] = [];
  const catalog: Catalog = {
    get: (key) => world.catalog.get(key),
    range: (prefix) => world.catalog.range(prefix),
    close: () => world.catalog.close(),
    write: (changes) => {
      written.push(changes);
      return world.catalog.write(changes);
    },
  };
  return { world, catalog, written };
}

function bytesOf(changes: readonly CatalogChange[]): number {
  return changes.reduce((sum, { value }) => sum + packValue(value).length, 0);
}

test('a checkpoint writes the producers that have changed, however many others the log knows', async () => {
  const { world, catalog, written } = watchedWorld();
  const log = await openLog(await openWorld(world, { catalog }));
  await appendAll(log, 3_000, 0);
  await checkpoint(world);
  written.length = 0;
  for (const id of [7, 1_500, 2_900]) await log.append(sent(id, 1));
  await checkpoint(world);
  const changes = written.flat();
  expect(changes.length).toBe(4);
  expect(bytesOf(changes)).toBeLessThan(3 * LIMITS.producersPerPage * 60);
});

test('what many producers have changed is written in slices', async () => {
  const { world, catalog, written } = watchedWorld();
  const meter = new TurnMeter();
  const log = await openLog(await openWorld(world, { catalog, meter }));
  await appendAll(log, 5_000, 0);
  await checkpoint(world);
  meter.stop();
  expect(meter.total.elements).toBeGreaterThanOrEqual(5_000);
  expect(meter.most.elements).toBeLessThan(2 * LIMITS.turnElementsMax);
  const most = LIMITS.producersPerPage * LIMITS.producerPagesAtATime;
  for (const changes of written) {
    const producers = changes.flatMap(({ value }) => (Array.isArray(value) ? value : []));
    expect(producers.length).toBeLessThanOrEqual(most);
  }
});

describe.each(['clean stop', 'kill', 'power cut'] as const)('after a %s', (how) => {
  test.each([32, 36, 200])('each of %i producers goes on where it was', async (producers) => {
    const world = newWorld();
    const engine = await openWorld(world);
    const log = await openLog(engine);
    await appendAll(log, producers, 0);
    await checkpoint(world);
    await appendAll(log, producers / 2, 1);
    await checkpoint(world);
    await appendAll(log, producers / 4, 2);
    const next =
      how === 'clean stop'
        ? await stopCleanly(world, engine)
        : how === 'kill'
          ? killProcess(world)
          : cutPower(world);
    const reopened = await openLog(await openWorld(next));
    for (let id = 0; id < producers; id++) {
      const last = id < producers / 4 ? 2 : id < producers / 2 ? 1 : 0;
      expect(await reopened.append(sent(id, last))).toMatchObject({ duplicate: true });
      await expect(reopened.append(sent(id, last + 2))).rejects.toMatchObject({
        code: 'OUT_OF_ORDER_SEQUENCE',
      });
      expect(await reopened.append(sent(id, last + 1))).toMatchObject({ duplicate: false });
    }
  });
});

test('at no moment does a power cut leave less of many producers than the log has', async () => {
  const world = newWorld();
  const log = await openLog(await openWorld(world), { segmentBytes: 1_500 });
  const acknowledged = new Map<number, number>();
  for (let sequence = 0; sequence < 3; sequence++) {
    for (let id = 0; id < 70; id++) {
      void log.append(sent(id, sequence)).then(() => acknowledged.set(id, sequence));
      if (id % 7 !== 0) continue;
      await turns(1 + (id % 3));
      const known = new Map(acknowledged);
      const catalog = (await copyOf(world)).catalog;
      const found = { disk: world.disk.powerCut('strict'), catalog, clock: world.clock };
      const reopened = await openLog(await openWorld(found), { segmentBytes: 1_500 });
      for (const [producer, last] of known) {
        const again = await reopened.append(sent(producer, last));
        expect(again).toMatchObject({ duplicate: true });
      }
    }
  }
  expect(acknowledged.size).toBe(70);
}, 60_000);

async function copyOf(world: SimWorld): Promise<SimWorld> {
  const copy = newWorld();
  await copy.catalog.write(world.catalog.snapshotDurable());
  return copy;
}

test('producers that are ahead of a log which was cut short count as far as it goes', async () => {
  const world = newWorld();
  const log = await openLog(await openWorld(world));
  await appendAll(log, 40, 0);
  await checkpoint(world);
  const disk = world.disk.powerCut('strict');
  const before = world.catalog.snapshotDurable();
  await appendAll(log, 40, 1);
  await checkpoint(world);
  const ahead = world.catalog.snapshotDurable().filter(({ key }) => key[3] === 'producers');
  const { catalog, clock } = newWorld();
  await catalog.write([...before, ...ahead]);
  const reopened = await openLog(await openWorld({ disk, catalog, clock }));
  for (let id = 0; id < 40; id++) {
    expect(await reopened.append(sent(id, 0))).toMatchObject({ duplicate: true });
    expect(await reopened.append(sent(id, 1))).toMatchObject({ duplicate: false });
  }
});

test('a checkpoint of version 1, which holds any number of producers itself, is read and left', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine);
  await appendAll(log, 100, 0);
  const next = await stopCleanly(world, engine);
  const key = checkpointKey(partition());
  const pages = [...next.catalog.range(['log'])].filter((entry) => entry.key[3] === 'producers');
  const { producerPages, ...rest } = next.catalog.get(key) as Record<string, unknown>;
  expect(producerPages).toBe(pages.length);
  await next.catalog.write([
    ...pages.map((page) => ({ key: page.key, value: undefined })),
    { key, value: { ...rest, producers: pages.flatMap(({ value }) => value) } },
  ]);
  const again = await openWorld(next);
  const reopened = await openLog(again);
  for (let id = 0; id < 100; id++) {
    expect(await reopened.append(sent(id, 0))).toMatchObject({ duplicate: true });
  }
  await reopened.append(sent(5, 1));
  const last = await stopCleanly(next, again);
  expect(last.catalog.get(key)).toMatchObject({ producers: [], producerPages: 4 });
  const renewed = await openLog(await openWorld(last));
  for (let id = 0; id < 100; id++) {
    const sequence = id === 5 ? 1 : 0;
    expect(await renewed.append(sent(id, sequence))).toMatchObject({ duplicate: true });
  }
});

test('where a page is missing the producers are read from the log', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine);
  await appendAll(log, 100, 0);
  const next = await stopCleanly(world, engine);
  await next.catalog.write([{ key: producerPageKey(partition(), 1), value: undefined }]);
  const reopened = await openLog(await openWorld(next));
  for (let id = 0; id < 100; id++) {
    expect(await reopened.append(sent(id, 0))).toMatchObject({ duplicate: true });
  }
});

test('a page that failed to be written is written with the next checkpoint', async () => {
  const { world, catalog } = watchedWorld();
  let isFull = false;
  const failing: Catalog = {
    ...catalog,
    write: (changes) =>
      isFull ? Promise.reject(new EngineError('STORAGE_FULL', 'no room')) : catalog.write(changes),
  };
  const engine = await openWorld(world, { catalog: failing });
  const log = await openLog(engine);
  await appendAll(log, 100, 0);
  isFull = true;
  await checkpoint(world);
  await appendAll(log, 50, 1);
  isFull = false;
  await checkpoint(world);
  const reopened = await openLog(await openWorld(cutPower(world)));
  for (let id = 0; id < 100; id++) {
    const sequence = id < 50 ? 1 : 0;
    expect(await reopened.append(sent(id, sequence))).toMatchObject({ duplicate: true });
  }
});

test('a truncation leaves each producer at its last batch below', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine);
  await appendAll(log, 60, 0);
  await checkpoint(world);
  await appendAll(log, 60, 1);
  await checkpoint(world);
  await log.truncateTo(90, { evenCommitted: true });
  const reopened = await openLog(await openWorld(cutPower(world)));
  for (let id = 0; id < 60; id++) {
    const next = id < 30 ? 2 : 1;
    await expect(reopened.append(sent(id, next + 1))).rejects.toMatchObject({
      code: 'OUT_OF_ORDER_SEQUENCE',
    });
    expect(await reopened.append(sent(id, next - 1))).toMatchObject({ duplicate: true });
    expect(await reopened.append(sent(id, next))).toMatchObject({ duplicate: false });
  }
});

test('nothing of its producers is left of a log that was deleted', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine, { fileDeleteDelayMs: 0 });
  await appendAll(log, 3_000, 0);
  await checkpoint(world);
  expect([...world.catalog.range(['log'])].length).toBeGreaterThan(90);
  await engine.deletePartition(partition());
  world.clock.advance(1);
  await turns(100);
  expect([...world.catalog.range([])]).toEqual([]);
});

test('nothing is left either of one whose deletion was interrupted', async () => {
  const { world, catalog } = watchedWorld();
  let left = Number.POSITIVE_INFINITY;
  // Killed between the transactions of the deletion.
  const interrupted: Catalog = {
    ...catalog,
    write: (changes) => (left-- > 0 ? catalog.write(changes) : new Promise(() => {})),
  };
  const engine = await openWorld(world, { catalog: interrupted });
  const log = await openLog(engine, { fileDeleteDelayMs: 0 });
  await appendAll(log, 3_000, 0);
  await checkpoint(world);
  // The tombstone, and some pages.
  left = 2;
  await engine.deletePartition(partition());
  world.clock.advance(1);
  await turns(100);
  const pages = [...world.catalog.range(['log'])].length;
  expect(pages).toBeGreaterThan(1);
  const next = killProcess(world);
  await openWorld(next);
  await turns(200);
  expect([...next.catalog.range([])]).toEqual([]);
});

test('those that have expired go a thousand at a time, and are gone after a restart', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const overrides = { producerExpirationMs: 60_000 };
  const log = await openLog(engine, overrides);
  await appendAll(log, 3_000, 0);
  await checkpoint(world);
  world.clock.advance(60_000);
  for (let at = 0; at < 5; at++) {
    await log.append(sent(9_999, at));
    await checkpoint(world);
  }
  const reopened = await openLog(await openWorld(cutPower(world)), overrides);
  expect([...reopened.knownProducers()].map(({ producerId }) => producerId)).toEqual([9_999]);
});
