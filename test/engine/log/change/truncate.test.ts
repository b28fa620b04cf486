import { describe, expect, test } from 'vitest';
import type { Engine } from '../../../../engine/engine.js';
import type { Log } from '../../../../engine/log/log.js';
import { batchOf, readValues, turns } from '../../../support/batches.js';
import {
  cutPower,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  type SimWorld,
  stopCleanly,
} from '../../../support/sim-engine.js';

const SMALL_SEGMENTS = { segmentBytes: 250, flush: 'os' } as const;

/** `count` batches of one record, two or three to a segment. */
async function filled(count: number): Promise<{ world: SimWorld; engine: Engine; log: Log }> {
  const world = newWorld({ syncFileSystem: false });
  const engine = await openWorld(world);
  const log = (await openLog(engine, SMALL_SEGMENTS)) as Log;
  for (let at = 0; at < count; at++) await log.append(batchOf(`value ${at}`));
  return { world, engine, log };
}

const valuesUpTo = (end: number): string[] => Array.from({ length: end }, (_, at) => `value ${at}`);

async function valuesIn(world: SimWorld): Promise<string[]> {
  const log = await openLog(await openWorld(world), SMALL_SEGMENTS);
  return [...(await readValues(log)).values()];
}

test('appends that are called after a truncation land behind its end', async () => {
  const { log } = await filled(10);
  const truncated = log.truncateTo(4, { evenCommitted: true });
  const appended = log.append(batchOf('new'));
  await truncated;
  expect((await appended).baseOffset).toBe(4);
  expect([...(await readValues(log)).values()]).toEqual([...valuesUpTo(4), 'new']);
});

test('the log start stays where it is within a batch that is cut off whole', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine);
  await log.append(batchOf(['a', 'b', 'c']));
  await log.deleteBefore(2);
  await log.truncateTo(2, { evenCommitted: true });
  expect([log.logStartOffset, log.logEndOffset]).toEqual([2, 2]);
  expect((await log.append(batchOf('d'))).baseOffset).toBe(2);
  const reopened = await openLog(await openWorld(await stopCleanly(world, engine)));
  expect([...(await readValues(reopened))]).toEqual([[2, 'd']]);
});

describe('after a crash at any moment of a truncation the log holds all up to some segment', () => {
  test.each(['kill', 'power cut'] as const)('%s', async (how) => {
    const ends = new Set<number>();
    for (let turn = 0; turn < 60; turn++) {
      const { world, log } = await filled(12);
      const truncated = log.truncateTo(3, { evenCommitted: true });
      truncated.catch(() => {});
      await turns(turn);
      // What was durable before must be there; without a sync nothing was, until the truncation
      // begins with one.
      const durable = Math.min(3, log.durableEndOffset);
      const found = await valuesIn(how === 'kill' ? killProcess(world) : cutPower(world));
      expect(found).toEqual(valuesUpTo(found.length));
      expect(found.length).toBeGreaterThanOrEqual(how === 'kill' ? 3 : durable);
      ends.add(found.length);
    }
    expect(ends).toContain(3);
    expect(ends.size).toBeGreaterThan(2);
  });
});

test('what a killed process had cut does not come back by a later power cut', async () => {
  const returned = new Set<string>();
  for (let turn = 0; turn < 60; turn++) {
    const { world, log } = await filled(6);
    await log.flush();
    log.truncateTo(2, { evenCommitted: true }).catch(() => {});
    await turns(turn);
    const killed = killProcess(world);
    const next = await openLog(await openWorld(killed), SMALL_SEGMENTS);
    const end = next.logEndOffset;
    await next.append(batchOf('new'));
    for (const value of await valuesIn(cutPower(killed))) returned.add(value);
    const values = await valuesIn(cutPower(killed));
    expect(values.slice(end)).not.toContainEqual(expect.stringMatching(/^value/));
  }
  expect(returned.size).toBeGreaterThan(0);
});

test('a truncation that a full disk refuses has done nothing', async () => {
  const { world, log } = await filled(10);
  await log.flush();
  world.clock.advance(10_000);
  await turns(50);
  world.disk.failNext({ op: 'open', path: /index$/, code: 'ENOSPC' });
  await expect(log.truncateTo(4, { evenCommitted: true })).rejects.toMatchObject({
    code: 'STORAGE_FULL',
  });
  await log.append(batchOf('value 10'));
  expect([...(await readValues(log)).values()]).toEqual(valuesUpTo(11));
});

test('a checkpoint that was saving indexes when the truncation came writes none of what is cut', async () => {
  const timestamp = Date.UTC(2026, 0, 1);
  for (let turn = 0; turn < 30; turn++) {
    const world = newWorld();
    const engine = await openWorld(world);
    const log = await openLog(engine, { indexIntervalBytes: 0, flush: 'os' });
    for (let at = 0; at < 4; at++) await log.append(batchOf('old', { timestamp: timestamp + at }));
    await log.maintenance.roll();
    await log.append(batchOf('in between'));
    // Two sealed segments to save, one after the other, while the log is cut within the second.
    await log.append(batchOf('old', { timestamp: timestamp + 1000 }));
    await log.maintenance.roll();
    await turns(turn);
    await log.truncateTo(5, { evenCommitted: true });
    await log.append(batchOf('new', { timestamp: timestamp + 500 }));
    const reopened = await openLog(await openWorld(await stopCleanly(world, engine)));
    expect((await reopened.offsetOfLargestTimestamp())?.timestampMs).toBe(timestamp + 500);
  }
});

test('a cut above damage is refused, and nothing is written over what stays', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = (await openLog(engine, { indexIntervalBytes: 100 })) as Log;
  for (let at = 0; at < 60; at++) await log.append(batchOf(`value ${at} ${'x'.repeat(40)}`));
  await log.flush();
  const { path } = log.state.segments.active!.file;
  const before = await world.disk.readFile(path);
  const fifth = before.indexOf('value 5 ');
  const batchAt = before.lastIndexOf(Buffer.from([2]), fifth);
  const file = world.disk.openSync(path, 'write');
  file.writevSync([Buffer.of(7)], batchAt);
  await file.close();
  await expect(log.truncateTo(50, { evenCommitted: true })).rejects.toMatchObject({
    code: 'CORRUPT_BATCH',
  });
  const after = await world.disk.readFile(path);
  expect(after.length).toBe(before.length);
  expect(after.subarray(batchAt + 1).equals(before.subarray(batchAt + 1))).toBe(true);
  expect(log.logEndOffset).toBe(60);
});
