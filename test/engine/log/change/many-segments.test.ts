import { expect, test } from 'vitest';
import { LIMITS } from '../../../../engine/limits.js';
import { logStartKey } from '../../../../engine/log/durability/log-records.js';
import type { Log } from '../../../../engine/log/log.js';
import { batchOf } from '../../../support/batches.js';
import {
  folderOf,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  partition,
  type SimWorld,
  stopCleanly,
} from '../../../support/sim-engine.js';

const settings = { segmentBytes: 100, deletes: false };

async function filled(count: number) {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = (await openLog(engine, settings)) as Log;
  for (let at = 0; at < count; at++) await log.append(batchOf(`${at}`));
  return { world, engine, log };
}

async function liveLogs({ disk }: SimWorld): Promise<number> {
  return (await disk.readdir(folderOf())).filter((name) => name.endsWith('.log')).length;
}

test('what a crash left below the log start goes with the next retention, whatever that keeps', async () => {
  const { world } = await filled(5);
  await world.catalog.write([{ key: logStartKey(partition()), value: 3 }]);
  const next = killProcess(world);
  const log = await openLog(await openWorld(next), settings);
  expect(await liveLogs(next)).toBe(5);
  expect(await log.maintenance.applyRetention()).toMatchObject({ segments: 3 });
  expect(await liveLogs(next)).toBe(2);
  expect(log.logStartOffset).toBe(3);
});

test('a deletion of many segments is answered before they go, and a close waits for some of them', async () => {
  const many = 3 * LIMITS.segmentsRetiredAtATime;
  const { world, engine, log } = await filled(many + 5);
  expect(await log.deleteBefore(many)).toBe(many);
  expect(await liveLogs(world)).toBeGreaterThan(2 * LIMITS.segmentsRetiredAtATime);
  const next = await stopCleanly(world, engine);
  expect(await liveLogs(next)).toBeGreaterThan(LIMITS.segmentsRetiredAtATime);
  const again = await openLog(await openWorld(next), settings);
  expect(again.logStartOffset).toBe(many);
  await again.maintenance.applyRetention();
  expect(await liveLogs(next)).toBe(5);
});

test('the size of a log is right after all that changes its segments', async () => {
  const { world, log } = await filled(8);
  const sum = (): number => log.state.segments.all().reduce((bytes, { size }) => bytes + size, 0);
  const sizes: number[] = [];
  const look = (): void => {
    expect(log.sizeBytes).toBe(sum());
    sizes.push(log.sizeBytes);
  };
  look();
  await log.deleteBefore(2);
  look();
  await log.truncateTo(6, { evenCommitted: true });
  look();
  await log.append(batchOf('again'));
  look();
  log.updateSettings({ ...log.settings, deletes: true, retentionBytes: 1 });
  await log.maintenance.applyRetention();
  look();
  expect(new Set(sizes).size).toBeGreaterThan(3);
  const reopened = (await openLog(await openWorld(killProcess(world)), settings)) as Log;
  expect(reopened.sizeBytes).toBe(log.sizeBytes);
});
