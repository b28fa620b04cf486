import { expect, test } from 'vitest';
import { type Catalog, EngineError, MemoryCatalog } from '../../engine/index.js';
import { batchOf, readValues, turns } from '../support/batches.js';
import {
  cutPower,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  partition,
} from '../support/sim-engine.js';

/** A catalog that can be told to be full. */
function fillableCatalog(): { catalog: Catalog; fill(isFull: boolean): void } {
  const inner = new MemoryCatalog();
  let isFull = false;
  return {
    catalog: {
      get: (key) => inner.get(key),
      range: (prefix) => inner.range(prefix),
      write: async (changes) => {
        if (isFull) throw new EngineError('STORAGE_FULL', 'no room');
        await inner.write(changes);
      },
      close: () => inner.close(),
    },
    fill: (value) => {
      isFull = value;
    },
  };
}

test('a deletion that cannot be written down leaves the log open, and there is one of it', async () => {
  const { catalog, fill } = fillableCatalog();
  const engine = await openWorld(newWorld(), { catalog });
  const log = await openLog(engine);
  await log.append(batchOf('a'));
  fill(true);
  await expect(engine.deletePartition(partition())).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  fill(false);
  expect(await openLog(engine)).toBe(log);
  await log.append(batchOf('b'));
  expect([...(await readValues(log)).values()]).toEqual(['a', 'b']);
});

test('a truncation that cannot be written down has done nothing', async () => {
  const { catalog, fill } = fillableCatalog();
  const log = await openLog(await openWorld(newWorld(), { catalog }));
  await log.append(batchOf('a'));
  await log.append(batchOf('b'));
  fill(true);
  await expect(log.truncateTo(1, { evenCommitted: true })).rejects.toMatchObject({
    code: 'STORAGE_FULL',
  });
  fill(false);
  await log.append(batchOf('c'));
  expect([...(await readValues(log)).values()]).toEqual(['a', 'b', 'c']);
});

test('two deletions of one partition at once are one', async () => {
  const engine = await openWorld(newWorld());
  const log = await openLog(engine);
  await log.append(batchOf('a'));
  await Promise.all([engine.deletePartition(partition()), engine.deletePartition(partition())]);
  expect(await engine.partitionsOnDisk()).toEqual([]);
  expect(engine.failure).toBeNull();
});

test('a partition that is opened while it is deleted begins empty', async () => {
  const engine = await openWorld(newWorld());
  const log = await openLog(engine);
  await log.append(batchOf('old'));
  const deleted = engine.deletePartition(partition());
  await deleted;
  const again = await openLog(engine, {}, { ...partition(), topicId: 'BBBBBBBBBBBBBBBBBBBBBQ' });
  expect((await again.append(batchOf('new'))).baseOffset).toBe(0);
});

test('a close waits for the deletion that runs', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine);
  await log.append(batchOf('a'));
  const deleted = engine.deletePartition(partition());
  await engine.close();
  await deleted;
  const names = await world.disk.readdir('/data');
  expect(names.filter((name) => name === 'events-0')).toEqual([]);
});

test('a log start that was served after a kill does not move back by a power cut', async () => {
  for (let turn = 0; turn < 20; turn++) {
    const world = newWorld();
    const log = await openLog(await openWorld(world));
    await log.append(batchOf(['a', 'b', 'c']));
    log.deleteBefore(2).catch(() => {});
    await turns(turn);
    const killed = killProcess(world);
    const { logStartOffset } = await openLog(await openWorld(killed));
    const cut = await openLog(await openWorld(cutPower(killed)));
    expect(cut.logStartOffset).toBe(logStartOffset);
  }
});
