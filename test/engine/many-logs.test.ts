import { describe, expect, test } from 'vitest';
import { type Catalog, type PartitionLog, seededRandom } from '../../engine/index.js';
import { LIMITS } from '../../engine/limits.js';
import { batchOf, readValues, turns } from '../support/batches.js';
import type { JournalEntry, SimDisk } from '../support/sim-disk.js';
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

const MANY = 150;

type Engine = Awaited<ReturnType<typeof openWorld>>;

function openMany(engine: Engine, count = MANY): Promise<PartitionLog[]> {
  return Promise.all(
    Array.from({ length: count }, (_, number) =>
      openLog(engine, { flush: 'os' }, partition(number)),
    ),
  );
}

async function filled(world: SimWorld, count = MANY): Promise<Engine> {
  const engine = await openWorld(world);
  const logs = await openMany(engine, count);
  await Promise.all(logs.map((log, number) => log.append(batchOf(`of ${number}`))));
  return engine;
}

/** What happened to the disk while `act` ran. */
async function during<T>(disk: SimDisk, act: () => Promise<T>): Promise<JournalEntry[]> {
  const from = disk.journal.length;
  await act();
  return disk.journal.slice(from);
}

const countOf = (entries: readonly JournalEntry[], kind: string): number =>
  entries.filter((entry) => entry.kind === kind && entry.phase === 'completed').length;

const opened = (entries: readonly JournalEntry[]): string[] =>
  entries
    .filter((entry) => entry.kind === 'openSync' || entry.kind === 'open')
    .map((entry) => entry.path);

/** Counts what is asked of a catalog. */
function counting(catalog: Catalog): { catalog: Catalog; reads(): number; writes(): number } {
  let reads = 0;
  let writes = 0;
  return {
    reads: () => reads,
    writes: () => writes,
    catalog: {
      get: (key) => {
        reads++;
        return catalog.get(key);
      },
      range: (prefix) => {
        reads++;
        return catalog.range(prefix);
      },
      write: (changes) => {
        writes++;
        return catalog.write(changes);
      },
      close: () => catalog.close(),
    },
  };
}

describe('opening many logs', () => {
  test('after a clean stop reads each folder, the size and id of each, five records, and opens no file', async () => {
    const world = newWorld();
    const next = await stopCleanly(world, await filled(world));
    const { catalog, reads } = counting(next.catalog);
    const engine = await openWorld(next, { catalog });
    const readsBefore = reads();
    const entries = await during(next.disk, () => openMany(engine));
    expect(reads() - readsBefore).toBe(5 * MANY);
    expect(countOf(entries, 'readdir')).toBe(MANY);
    expect(countOf(entries, 'stat')).toBe(MANY);
    expect(countOf(entries, 'readFileSync')).toBe(MANY);
    expect(opened(entries)).toEqual([]);
    expect(countOf(entries, 'syncFileSystem') + countOf(entries, 'datasync')).toBe(0);
  });

  test('that were never written asks for each folder once', async () => {
    const world = newWorld();
    const engine = await openWorld(world);
    const entries = await during(world.disk, () => openMany(engine));
    const asked = entries.filter(({ phase }) => phase === 'failed' || phase === 'completed');
    expect(asked.map(({ kind }) => kind)).toEqual(new Array(MANY).fill('readdir'));
  });

  test('after a kill syncs them together, not one by one', async () => {
    const world = newWorld();
    await filled(world);
    const next = killProcess(world);
    const engine = await openWorld(next);
    const entries = await during(next.disk, () => openMany(engine));
    expect(countOf(entries, 'datasync')).toBe(0);
    expect(countOf(entries, 'syncDirectory')).toBe(0);
    expect(countOf(entries, 'syncFileSystem')).toBeGreaterThan(0);
    // A round takes in all logs that are ready by then; sixteen are read at a time.
    expect(countOf(entries, 'syncFileSystem')).toBeLessThanOrEqual(MANY / 8);
  });

  test('serves nothing after a kill that a power cut would then take back', async () => {
    const world = newWorld({ random: seededRandom(3) });
    await filled(world, 20);
    const killed = killProcess(world);
    const served = await openMany(await openWorld(killed), 20);
    const ends = served.map((log) => log.logEndOffset);
    const cut = await openMany(await openWorld(cutPower(killed)), 20);
    expect(cut.map((log) => log.logEndOffset)).toEqual(ends);
    for (const [number, log] of cut.entries()) {
      expect([...(await readValues(log)).values()]).toEqual([`of ${number}`]);
    }
  });
});

describe('a log that sleeps', () => {
  async function asleep(values = ['a', 'b', 'c']): Promise<{ world: SimWorld; log: PartitionLog }> {
    const world = newWorld();
    const engine = await openWorld(world);
    const log = await openLog(engine, { flush: 'os' });
    for (const value of values) await log.append(batchOf(value));
    const next = await stopCleanly(world, engine);
    return { world: next, log: await openLog(await openWorld(next), { flush: 'os' }) };
  }

  test('is read, appended to, and found whole by the next process', async () => {
    const values = Array.from({ length: 60 }, (_, at) => `value ${at}`.padEnd(50));
    const { world, log } = await asleep(values);
    expect([...(await readValues(log)).values()]).toEqual(values);
    await log.append(batchOf('later'));
    expect([...(await readValues(log)).values()]).toEqual([...values, 'later']);
    const reopened = await openLog(await openWorld(killProcess(world)), { flush: 'os' });
    expect([...(await readValues(reopened)).values()]).toEqual([...values, 'later']);
  });

  test('is asked for its times, and by retention, without a look at any file', async () => {
    const { world, log } = await asleep();
    const entries = await during(world.disk, () => log.maintenance.applyRetention());
    expect(entries).toEqual([]);
  });

  test('wakes once', async () => {
    const { world, log } = await asleep();
    const first = await during(world.disk, () => log.append(batchOf('d')));
    const second = await during(world.disk, () => log.append(batchOf('e')));
    expect(countOf(first, 'readSync')).toBeGreaterThan(0);
    expect(countOf(second, 'readSync')).toBe(0);
    expect(second.map(({ kind }) => kind)).toEqual(['writevSync']);
  });

  test('is rolled and truncated as others are', async () => {
    const { log } = await asleep();
    await log.maintenance.roll();
    await log.append(batchOf('d'));
    await log.truncateTo(2, { evenCommitted: true });
    await log.append(batchOf('e'));
    expect([...(await readValues(log)).values()]).toEqual(['a', 'b', 'e']);
    const other = await asleep();
    await other.log.truncateTo(1, { evenCommitted: true });
    await other.log.append(batchOf('f'));
    expect([...(await readValues(other.log)).values()]).toEqual(['a', 'f']);
  });

  test('takes no append when its headers do not lead to its end', async () => {
    const world = newWorld();
    const engine = await openWorld(world);
    const log = await openLog(engine, { flush: 'os' });
    for (const value of ['a', 'b', 'c']) await log.append(batchOf(value));
    const next = await stopCleanly(world, engine);
    const file = next.disk.openSync(`${folderOf()}/00000000000000000000.log`, 'write');
    file.writevSync([Buffer.alloc(40)], 80);
    await file.close();
    const reopened = await openLog(await openWorld(next), { flush: 'os' });
    await expect(reopened.append(batchOf('d'))).rejects.toMatchObject({ code: 'DAMAGED_LOG' });
    expect(reopened.logEndOffset).toBe(3);
  });
});

describe('descriptors of many logs', () => {
  test.each(['os', 'ack'] as const)('stay within the bound under flush=%s', async (flush) => {
    const max = 8;
    const world = newWorld();
    const engine = await openWorld(world, { descriptorsOpenMax: max });
    const logs = await Promise.all(
      Array.from({ length: 60 }, (_, number) => openLog(engine, { flush }, partition(number))),
    );
    let most = 0;
    const appended = Promise.all(
      [1, 2, 3].flatMap((round) => logs.map((log) => log.append(batchOf(`round ${round}`)))),
    ).then(() => true);
    let isDone = false;
    void appended.then(() => {
      isDone = true;
    });
    while (!isDone) {
      most = Math.max(most, world.disk.openCount);
      await turns(1);
    }
    // A new log opens two files at once, and a close by the pool takes its time.
    expect(most).toBeLessThanOrEqual(3 * max);
    for (const log of logs) {
      expect([...(await readValues(log)).values()]).toEqual(['round 1', 'round 2', 'round 3']);
    }
    expect(engine.failure).toBeNull();
    await engine.close();
    expect(world.disk.openCount).toBe(0);
  });

  test('that wait for a sync are told when the disk fails', async () => {
    const world = newWorld();
    const engine = await openWorld(world, { descriptorsOpenMax: 2 });
    const logs = await openMany(engine, 10);
    world.disk.failNext({ op: ['syncFileSystem', 'datasync'], code: 'EIO' });
    const outcomes = await Promise.allSettled(logs.map((log) => log.append(batchOf('v'))));
    const failures = outcomes.filter(({ status }) => status === 'rejected');
    expect(failures.length).toBeGreaterThan(0);
    for (const failure of failures) {
      expect(failure).toMatchObject({ reason: { code: 'STORAGE_OFFLINE' } });
    }
  });
});

test('a checkpoint of many logs is few transactions, of a bounded size', async () => {
  const count = LIMITS.checkpointLogsMax + 50;
  const world = newWorld();
  const { catalog, writes } = counting(world.catalog);
  const engine = await openWorld(world, { catalog });
  const logs = await openMany(engine, count);
  await Promise.all(logs.map((log) => log.append(batchOf('v'))));
  const before = writes();
  world.clock.advance(LIMITS.checkpointIntervalMs);
  await turns(60);
  expect(writes() - before).toBe(2);
  expect(engine.counters.checkpoints).toBe(2);
});

test('a clean stop of many logs makes no index file for a handful of entries, and syncs them together', async () => {
  const world = newWorld();
  const engine = await filled(world);
  const entries = await during(world.disk, () => engine.close());
  expect(opened(entries).filter((path) => path.endsWith('index'))).toEqual([]);
  expect(countOf(entries, 'datasync')).toBeLessThan(5);
});
