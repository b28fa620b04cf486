import { describe, expect, test, vi } from 'vitest';
import { type Catalog, EngineError, MemoryCatalog } from '../../engine/index.js';
import { LIMITS } from '../../engine/limits.js';
import { checkpointKey, readCheckpoint } from '../../engine/log/durability/log-records.js';
import type { Log } from '../../engine/log/log.js';
import { batchOf, turns } from '../support/batches.js';
import { forwarding } from '../support/forwarding-disk.js';
import type { SimDisk } from '../support/sim-disk.js';
import {
  folderOf,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  partition,
  type SimWorld,
} from '../support/sim-engine.js';

/** Offset of the durable checkpoint; null when there is none. */
function checkpointed(world: SimWorld): number | null {
  const durable = new MemoryCatalog();
  void durable.write(world.catalog.snapshotDurable());
  return readCheckpoint(durable, partition())?.offset ?? null;
}

describe.each(['ack', 'interval', 'os'] as const)(
  'under flush=%s a checkpoint is written',
  (flush) => {
    test('at each roll', async () => {
      const world = newWorld();
      const log = await openLog(await openWorld(world), { flush, segmentBytes: 100 });
      for (let at = 0; at < 3; at++) {
        await log.append(batchOf(`v${at}`.padEnd(40)));
        await turns(20);
        if (at === 0) expect(checkpointed(world)).toBeNull();
        else expect(checkpointed(world)).toBeGreaterThanOrEqual(at);
      }
    });

    test('5 s after a change, and not again until the next', async () => {
      const world = newWorld();
      const engine = await openWorld(world);
      const log = await openLog(engine, { flush });
      await log.append(batchOf('a'));
      world.clock.advance(LIMITS.checkpointIntervalMs - 1);
      await turns(20);
      expect(checkpointed(world)).toBeNull();
      world.clock.advance(1);
      await turns(20);
      expect(checkpointed(world)).toBe(1);
      world.clock.advance(10 * LIMITS.checkpointIntervalMs);
      await turns(20);
      expect(engine.counters.checkpoints).toBe(1);
      await log.append(batchOf('b'));
      world.clock.advance(LIMITS.checkpointIntervalMs);
      await turns(20);
      expect(checkpointed(world)).toBe(2);
    });

    test('after 128 MB', async () => {
      const world = newWorld();
      const log = await openLog(await openWorld(world), { flush });
      const megabyte = 'x'.repeat(1_000_000);
      for (let at = 0; at < 140; at++) await log.append(batchOf(megabyte));
      await turns(20);
      expect(checkpointed(world)).toBeGreaterThanOrEqual(128);
    });
  },
);

test('nothing is written of a log that is deleted while the checkpoint of others goes on', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const busy = (await openLog(engine, {}, partition(0))) as Log;
  const deleted = (await openLog(engine, { fileDeleteDelayMs: 0 }, partition(1))) as Log;
  for (const log of [busy, deleted]) await log.append(batchOf('v'));
  let goOn: (hasMore: boolean) => void = () => {};
  const saved = new Promise<boolean>((resolve) => {
    goOn = resolve;
  });
  vi.spyOn(busy.state.durability, 'saveIndexes').mockReturnValue(saved);
  world.clock.advance(LIMITS.checkpointIntervalMs);
  await engine.deletePartition(partition(1));
  world.clock.advance(1);
  await turns(50);
  goOn(false);
  await turns(50);
  expect(world.catalog.get(checkpointKey(partition(0)))).toBeDefined();
  expect(world.catalog.get(checkpointKey(partition(1)))).toBeUndefined();
});

test('a log that has ended saves no indexes in a folder that may be another one by now', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = (await openLog(engine, { indexIntervalBytes: 0, segmentBytes: 200 })) as Log;
  for (let at = 0; at < 9; at++) await log.append(batchOf('v'.repeat(60)));
  const { durability } = log.state;
  log.state.closing.fail(new EngineError('LOG_CLOSED', 'gone'));
  const before = (await world.disk.readdir(folderOf())).filter((name) => name.endsWith('index'));
  await durability.saveIndexes();
  const after = (await world.disk.readdir(folderOf())).filter((name) => name.endsWith('index'));
  expect(after).toEqual(before);
});

test('a log that rolls faster than its indexes are saved is checkpointed all the same', async () => {
  const world = newWorld();
  const rolls = 20 * LIMITS.sealedSavedPerCheckpoint;
  const reached: (number | null)[] = [];
  // Whenever the indexes of a segment are saved, there is another one.
  let append = async (): Promise<void> => {};
  const engine = await openWorld(world, {
    wrap: (disk) => ({
      ...forwarding(disk),
      open: async (path, mode) => {
        if (path.endsWith('.timeindex') && mode === 'append') await append();
        return disk.open(path, mode);
      },
    }),
  });
  const log = await openLog(engine, { flush: 'os', segmentBytes: 100 });
  append = async () => {
    if (log.logEndOffset >= rolls) return;
    await log.append(batchOf('v'.padEnd(40)));
    reached.push(checkpointed(world));
  };
  await append();
  await append();
  while (log.logEndOffset < rolls) await turns(1);
  expect(reached.length).toBe(rolls);
  for (const [at, offset] of reached.entries())
    expect(offset ?? 0).toBeGreaterThanOrEqual(at - 3 * LIMITS.sealedSavedPerCheckpoint);
  // The others' indexes are saved when there is time.
  await turns(1000);
  const names = await world.disk.readdir(folderOf());
  expect(names.filter((name) => name.endsWith('.index'))).toHaveLength(rolls - 1);
});

test('a close saves the indexes of all sealed segments, however many', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine, { flush: 'os', segmentBytes: 100 });
  const count = 5 * LIMITS.sealedSavedPerCheckpoint;
  for (let at = 0; at < count; at++) await log.append(batchOf('v'.padEnd(40)));
  await engine.close();
  const names = await world.disk.readdir(folderOf());
  expect(names.filter((name) => name.endsWith('.index'))).toHaveLength(count - 1);
});

test.each([1, 2, 3, 4, 5])('no checkpoint goes further than the disk, seed %i', async (seed) => {
  const world = newWorld();
  const written: { offset: number; disk: SimDisk }[] = [];
  const catalog: Catalog = {
    get: (key) => world.catalog.get(key),
    range: (prefix) => world.catalog.range(prefix),
    close: () => world.catalog.close(),
    write: async (changes) => {
      const key = checkpointKey(partition()).join();
      for (const change of changes) {
        if (change.key.join() !== key) continue;
        const { offset } = change.value as { offset: number };
        written.push({ offset, disk: world.disk.powerCut('strict') });
      }
      await world.catalog.write(changes);
    },
  };
  const log = await openLog(await openWorld(world, { catalog, seed }), {
    flush: 'os',
    segmentBytes: 300,
  });
  for (let at = 0; at < 40; at++) {
    await log.append(batchOf(`v${at}`));
    if ((at * seed) % 7 === 0) world.clock.advance(LIMITS.checkpointIntervalMs);
    await turns(3 + ((at * seed) % 5));
  }
  await turns(30);
  expect(written.length).toBeGreaterThan(3);
  for (const { offset, disk } of written) {
    const found = { disk, catalog: new MemoryCatalog(), clock: world.clock };
    const onDisk = await openLog(await openWorld(found));
    expect(onDisk.logEndOffset).toBeGreaterThanOrEqual(offset);
  }
});

test.each([0, 1, 200])(
  'recovery reads what came since the checkpoint, not the log: %i batches',
  async (count) => {
    const world = newWorld();
    const log = await openLog(await openWorld(world), {
      indexIntervalBytes: 4096,
      segmentBytes: 20_000_000,
    });
    const large = 'x'.repeat(50_000);
    for (let at = 0; at < 200; at++) await log.append(batchOf(large));
    world.clock.advance(LIMITS.checkpointIntervalMs);
    await turns(20);
    let behind = 0;
    for (let at = 0; at < count; at++) {
      const batch = batchOf(`v${at}`);
      behind += batch.length;
      await log.append(batch);
    }
    const next = killProcess(world);
    const reopened = await openLog(await openWorld(next), {
      indexIntervalBytes: 4096,
      segmentBytes: 20_000_000,
    });
    expect(reopened.logEndOffset).toBe(200 + count);
    const read = next.disk.journal
      .filter((entry) => entry.phase === 'completed' && entry.path.startsWith(`${folderOf()}/0`))
      .filter(({ kind, path }) => path.endsWith('.log') && /^read/.test(kind))
      .reduce((bytes, entry) => bytes + entry.size!, 0);
    // Once to check it and once to write it again, and the headers behind the last index entry that
    // was saved.
    const headers = (LIMITS.indexEntriesUnsavedMax + 2) * 4096;
    expect(read).toBeLessThanOrEqual(2 * behind + headers);
  },
);

test('a checkpoint that meets a full disk is tried again, and does not take the directory offline', async () => {
  const world = newWorld();
  let isFull = true;
  const catalog: Catalog = {
    get: (key) => world.catalog.get(key),
    range: (prefix) => world.catalog.range(prefix),
    close: () => world.catalog.close(),
    write: async (changes) => {
      if (isFull && changes.length > 0) throw new EngineError('STORAGE_FULL', 'no room');
      await world.catalog.write(changes);
    },
  };
  const engine = await openWorld(world, { catalog });
  const log = await openLog(engine);
  await log.append(batchOf('a'));
  world.clock.advance(LIMITS.checkpointIntervalMs);
  await turns(20);
  expect(checkpointed(world)).toBeNull();
  expect(engine.failure).toBeNull();
  await log.append(batchOf('b'));
  isFull = false;
  world.clock.advance(LIMITS.checkpointIntervalMs);
  await turns(20);
  expect(checkpointed(world)).toBe(2);
});
