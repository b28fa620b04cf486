import { describe, expect, test } from 'vitest';
import type { Engine, EngineError, PartitionLog } from '../../engine/index.js';
import { batchOf, readValues, turns } from '../support/batches.js';
import {
  cutPower,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  partition,
  type SimWorld,
} from '../support/sim-engine.js';

/** What became of promises so far. */
function watch(...promises: Promise<unknown>[]): string[] {
  const states = promises.map(() => 'open');
  for (const [at, promise] of promises.entries()) {
    promise.then(
      () => {
        states[at] = 'kept';
      },
      (error: EngineError) => {
        states[at] = error.code;
      },
    );
  }
  return states;
}

function runPending(world: SimWorld, kind: string): void {
  for (const operation of [...world.disk.pending]) if (operation.kind === kind) operation.run();
}

function kindsPending(world: SimWorld): string[] {
  return world.disk.pending.map(({ kind }) => kind);
}

/** A log with one durable record, so that its names are durable and rounds sync one file. */
async function begunLog(world: SimWorld): Promise<PartitionLog> {
  const log = await openLog(await openWorld(world));
  await log.append(batchOf('first'));
  await turns(20);
  return log;
}

test('a round promises what was written when its sync was submitted, not when it returned', async () => {
  const world = newWorld();
  const log = await begunLog(world);
  world.disk.hold();
  const early = log.append(batchOf('early'));
  await turns(2);
  const late = log.append(batchOf('late'));
  const states = watch(early, late);
  await turns(2);
  expect(log.durableEndOffset).toBe(1);
  runPending(world, 'datasync');
  await turns();
  expect(states).toEqual(['kept', 'open']);
  expect(log.durableEndOffset).toBe(2);
  expect(log.highWatermark).toBe(2);
  await turns(5);
  runPending(world, 'datasync');
  await turns();
  expect(states).toEqual(['kept', 'kept']);
  world.disk.release();
});

test('what the answers of a round set off is in the next one, with those who waited meanwhile', async () => {
  const world = newWorld();
  const log = await begunLog(world);
  world.disk.hold();
  const chain = log.append(batchOf('first')).then(async () => {
    await turns();
    return log.append(batchOf('second'));
  });
  await turns(2);
  const states = watch(chain, log.append(batchOf('meanwhile')));
  await turns(2);
  runPending(world, 'datasync');
  await turns(8);
  expect(kindsPending(world)).toEqual(['datasync']);
  runPending(world, 'datasync');
  await turns();
  expect(states).toEqual(['kept', 'kept']);
  world.disk.release();
});

test('a round is submitted within some turns although every one of them brings appends', async () => {
  const world = newWorld();
  const log = await begunLog(world);
  world.disk.hold();
  const appends = [log.append(batchOf('first'))];
  await turns(2);
  runPending(world, 'datasync');
  for (let turn = 0; turn < 40; turn++) {
    appends.push(log.append(batchOf(`v${turn}`)));
    await turns();
  }
  expect(kindsPending(world)).toEqual(['datasync']);
  world.disk.release();
  await Promise.all(appends);
  expect(log.durableEndOffset).toBe(42);
});

test('what was acknowledged before a roll and behind it survives a power cut at any moment', async () => {
  const world = newWorld();
  const log = await openLog(await openWorld(world), { segmentBytes: 200 });
  const acknowledged = new Set<number>();
  for (let at = 0; at < 12; at++) {
    void log.append(batchOf(`v${at}`)).then(({ baseOffset }) => acknowledged.add(baseOffset));
    const promised = new Set(acknowledged);
    const found = { ...world, disk: world.disk.powerCut('strict'), catalog: newWorld().catalog };
    const reopened = await openLog(await openWorld(found));
    const kept = await readValues(reopened);
    for (const offset of promised) expect(kept.get(offset)).toBe(`v${offset}`);
  }
});

describe.each([
  ['of a file', 'datasync', 1],
  ['of the file system', 'syncFileSystem', 4],
  ['of a folder', 'syncDirectory', 1],
] as const)('a failed sync %s', (_, op, partitions) => {
  async function failed(): Promise<{
    world: SimWorld;
    engine: Engine;
    states: string[];
    logs: PartitionLog[];
  }> {
    const world = newWorld({ syncFileSystem: op === 'syncFileSystem' });
    const engine = await openWorld(world);
    const logs = await Promise.all(
      Array.from({ length: partitions }, (_, number) => openLog(engine, {}, partition(number))),
    );
    world.disk.failNext({ op, code: 'EIO' });
    const states = watch(...logs.map((log) => log.append(batchOf('v'))));
    await turns(10);
    return { world, engine, states, logs };
  }

  test('rejects every waiting caller, and every later one', async () => {
    const { states, logs } = await failed();
    expect(states).toEqual(logs.map(() => 'STORAGE_OFFLINE'));
    for (const log of logs) {
      await expect(log.append(batchOf('w'))).rejects.toMatchObject({ code: 'STORAGE_OFFLINE' });
      await expect(log.flush()).rejects.toMatchObject({ code: 'STORAGE_OFFLINE' });
      expect(() =>
        log.read({ offset: 0, maxBytes: 100, minOneBatch: true, isolation: 'high-watermark' }),
      ).toThrow(expect.objectContaining({ code: 'STORAGE_OFFLINE' }));
    }
  });

  test('is never tried again, not by time, not at close, and the stop is not called clean', async () => {
    const { world, engine, states, logs } = await failed();
    const failedAt = world.disk.journal.findIndex(
      (entry) => entry.kind === op && entry.phase === 'failed',
    );
    expect(failedAt).toBeGreaterThan(0);
    world.clock.advance(60_000);
    await turns(10);
    await engine.close();
    const syncs = world.disk.journal
      .slice(failedAt)
      .filter((entry) => entry.phase === 'submitted' && /sync/i.test(entry.kind));
    expect(syncs).toEqual([]);
    expect(states).toEqual(logs.map(() => 'STORAGE_OFFLINE'));
    const next = await openWorld(killProcess(world));
    expect(next.wasClean).toBe(false);
  });
});

test('descriptors stay pinned until every sync of the round has ended, also when one fails early', async () => {
  const world = newWorld({ syncFileSystem: false });
  const engine = await openWorld(world, { descriptorsOpenMax: 2 });
  const logs = await Promise.all([0, 1].map((number) => openLog(engine, {}, partition(number))));
  await Promise.all(logs.map((log) => log.append(batchOf('v'))));
  await turns(10);
  world.disk.hold();
  world.disk.failNext({ op: 'datasync', code: 'EIO' });
  const states = watch(...logs.map((log) => log.append(batchOf('w'))));
  await turns(2);
  expect(kindsPending(world).filter((kind) => kind === 'datasync')).toHaveLength(2);
  runPending(world, 'close');
  world.disk.pending.find(({ kind }) => kind === 'datasync')!.run();
  await turns(2);
  const closing = engine.close();
  await turns(2);
  // The file of the second sync is not closed.
  const stillOpen = world.disk.openCount;
  expect(kindsPending(world)).toContain('datasync');
  runPending(world, 'close');
  expect(world.disk.openCount).toBe(stillOpen);
  world.disk.release();
  await closing;
  expect(states).toEqual(['STORAGE_OFFLINE', 'STORAGE_OFFLINE']);
});

test('a disk without room for a descriptor number to be reused syncs the file it was asked to', async () => {
  const world = newWorld({ syncFileSystem: false });
  const engine = await openWorld(world, { descriptorsOpenMax: 1 });
  for (let number = 0; number < 6; number++) {
    const log = await openLog(engine, {}, partition(number));
    await log.append(batchOf(`v${number}`));
  }
  const reopened = await openWorld(cutPower(world));
  for (let number = 0; number < 6; number++) {
    const log = await openLog(reopened, {}, partition(number));
    expect([...(await readValues(log)).values()]).toEqual([`v${number}`]);
  }
});

describe('under flush=interval', () => {
  test('a sync follows after flushRecords records, and no sooner', async () => {
    const world = newWorld();
    const log = await openLog(await openWorld(world), { flush: 'interval', flushRecords: 5 });
    await log.append(batchOf(['a', 'b', 'c', 'd']));
    await turns(20);
    expect(log.durableEndOffset).toBe(0);
    expect(log.highWatermark).toBe(4);
    await log.append(batchOf('e'));
    await turns(20);
    expect(log.durableEndOffset).toBe(5);
  });

  test('a sync follows when the oldest record has waited so long, and no sooner', async () => {
    const world = newWorld();
    const log = await openLog(await openWorld(world), { flush: 'interval', flushMs: 1000 });
    await log.append(batchOf('a'));
    world.clock.advance(600);
    await log.append(batchOf('b'));
    world.clock.advance(399);
    await turns(20);
    expect(log.durableEndOffset).toBe(0);
    world.clock.advance(1);
    await turns(20);
    expect(log.durableEndOffset).toBe(2);
  });
});
