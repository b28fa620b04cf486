import { describe, expect, test } from 'vitest';
import type { Engine } from '../../../../engine/engine.js';
import type { Log } from '../../../../engine/log/log.js';
import { batchOf } from '../../../support/batches.js';
import {
  folderOf,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  type SimWorld,
  settings,
  stopCleanly,
} from '../../../support/sim-engine.js';

const FILES = ['index', 'timeindex'] as const;
const SEALED = `${folderOf()}/00000000000000000000`;
const RECORDS = 60;
/** Timestamps go up and down, so that the largest is neither first nor last. */
const timestampOf = (offset: number): number => 1_767_225_600_000 + ((offset * 37) % RECORDS) * 10;

/** A sealed segment with offsets 0 to 59, an active one with a record, stopped cleanly. */
async function stoppedWorld(): Promise<SimWorld> {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine);
  for (let offset = 0; offset < RECORDS; offset++) {
    await log.append(batchOf(`value ${offset}`, { timestamp: timestampOf(offset) }));
  }
  await log.maintenance.roll();
  await log.append(batchOf('active', { timestamp: timestampOf(0) }));
  return stopCleanly(world, engine);
}

async function overwrite(world: SimWorld, path: string, bytes: Buffer): Promise<void> {
  const file = await world.disk.open(path, 'append');
  await file.truncate(0);
  await file.writev([bytes], 0);
  await file.close();
}

async function reopened(world: SimWorld): Promise<{ engine: Engine; log: Log }> {
  const engine = await openWorld(world);
  return { engine, log: (await openLog(engine)) as Log };
}

/** Every offset and every timestamp is found as a search through all records finds it. */
async function expectAllFound(log: Log): Promise<void> {
  for (let offset = 0; offset < RECORDS; offset++) {
    const { slice } = log.read({ offset, maxBytes: 1, minOneBatch: true, isolation: 'log-end' });
    const header = Buffer.alloc(8);
    slice!.readSync(header, 0);
    slice!.release();
    expect(Number(header.readBigInt64BE())).toBe(offset);
  }
  const times = Array.from({ length: RECORDS }, (_, offset) => timestampOf(offset));
  for (const timestampMs of times) {
    const expected = times.findIndex((time) => time >= timestampMs);
    expect((await log.offsetForTimestamp(timestampMs))?.offset).toBe(expected);
  }
  expect((await log.offsetOfLargestTimestamp())?.offset).toBe(times.indexOf(Math.max(...times)));
}

test('indexes that were saved are not built again', async () => {
  const { engine, log } = await reopened(await stoppedWorld());
  await expectAllFound(log);
  expect(engine.counters.indexRebuilds).toBe(0);
});

describe.each(FILES)('a %s file', (kind) => {
  const path = `${SEALED}.${kind}`;

  test('that is missing is built again, and saved', async () => {
    const world = await stoppedWorld();
    const before = world.disk.readFileSync(path);
    await world.disk.unlink(path);
    const { engine, log } = await reopened(world);
    await expectAllFound(log);
    expect(engine.counters.indexRebuilds).toBe(1);
    await engine.close();
    expect(world.disk.readFileSync(path)).toEqual(before);
  });

  test('of garbage is built again', async () => {
    const world = await stoppedWorld();
    await overwrite(world, path, Buffer.alloc(240, 0xa5));
    const { engine, log } = await reopened(world);
    await expectAllFound(log);
    expect(engine.counters.indexRebuilds).toBe(1);
  });

  test('that ends within an entry is built again', async () => {
    const world = await stoppedWorld();
    await overwrite(world, path, world.disk.readFileSync(path).subarray(0, -3));
    const { engine, log } = await reopened(world);
    await expectAllFound(log);
    expect(engine.counters.indexRebuilds).toBe(1);
  });
});

test('an offset index that was saved only in part is finished, not trusted to be whole', async () => {
  const world = await stoppedWorld();
  const whole = world.disk.readFileSync(`${SEALED}.index`);
  await overwrite(world, `${SEALED}.index`, whole.subarray(0, 16));
  const { engine, log } = await reopened(world);
  await expectAllFound(log);
  await engine.close();
  expect(world.disk.readFileSync(`${SEALED}.index`)).toEqual(whole);
});

test('an offset index of another segment is found out at its last entry', async () => {
  const world = await stoppedWorld();
  const entries = world.disk.readFileSync(`${SEALED}.index`);
  // The same offsets, a few bytes further on.
  for (let at = 4; at < entries.length; at += 8) {
    entries.writeInt32BE(entries.readInt32BE(at) + 5, at);
  }
  await overwrite(world, `${SEALED}.index`, entries);
  const { engine, log } = await reopened(world);
  await expectAllFound(log);
  expect(engine.counters.indexRebuilds).toBe(1);
});

test('an index with entries beyond the end of its segment loses them', async () => {
  const world = await stoppedWorld();
  const whole = world.disk.readFileSync(`${SEALED}.index`);
  const beyond = Buffer.alloc(8);
  beyond.writeInt32BE(1000, 0);
  beyond.writeInt32BE(2 ** 30, 4);
  await overwrite(world, `${SEALED}.index`, Buffer.concat([whole, beyond]));
  const { log } = await reopened(world);
  await expectAllFound(log);
});

test('an entry of an earlier life of the active segment does not come back', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const wide = { indexIntervalBytes: 0 };
  const log = await openLog(engine, wide);
  const early = timestampOf(0);
  for (let at = 0; at < 10; at++) {
    await log.append(batchOf(`value ${at}`, { timestamp: early + 1000 + at }));
  }
  const stopped = await stopCleanly(world, engine);
  const second = await openWorld(stopped);
  const again = await openLog(second, wide);
  await again.truncateTo(2, { evenCommitted: true });
  // As large as those before, at the same positions, but all of an earlier time.
  for (let at = 2; at < 10; at++) await again.append(batchOf(`value ${at}`, { timestamp: early }));
  await again.flush();
  stopped.clock.advance(60_000);
  await again.flush();
  const third = await openWorld(killProcess(stopped));
  const recovered = await third.openPartition(again.name, settings(wide));
  expect((await recovered.offsetOfLargestTimestamp())?.offset).toBe(1);
  expect(await recovered.offsetForTimestamp(early + 1002)).toBeNull();
});
