import { describe, expect, test } from 'vitest';
import type { Engine } from '../../engine/engine.js';
import type { LogSettings } from '../../engine/index.js';
import type { Log } from '../../engine/log/log.js';
import { batchOf } from '../support/batches.js';
import { keyedBatch } from '../support/keyed.js';
import {
  folderOf,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  type SimWorld,
  stopCleanly,
} from '../support/sim-engine.js';

const pathOf = (base: number): string => `${folderOf()}/${String(base).padStart(20, '0')}.log`;

/** Three sealed segments of four records each and an active one of two, stopped cleanly. */
async function stopped(settings: Partial<LogSettings> = {}): Promise<SimWorld> {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine, settings);
  for (let n = 0; n < 14; n++) {
    if (n > 0 && n % 4 === 0) await log.maintenance.roll();
    await log.append(
      settings.compacted ? await keyedBatch([[`key ${n % 4}`, 'value']]) : batchOf('value'),
    );
  }
  return stopCleanly(world, engine);
}

async function reopened(
  world: SimWorld,
  settings: Partial<LogSettings> = {},
): Promise<{ engine: Engine; log: Log; warnings: string[]; errors: string[] }> {
  const warnings: string[] = [];
  const errors: string[] = [];
  const warn = (_: object, message: string): void => void warnings.push(message);
  const error = (_: object, message: string): void => void errors.push(message);
  const engine = await openWorld(world, { logger: { info: () => {}, warn, error } });
  const log = (await openLog(engine, settings)) as Log;
  return { engine, log, warnings, errors };
}

async function loseCatalog(world: SimWorld): Promise<void> {
  const keys = [...world.catalog.range([])].map(({ key }) => key);
  await world.catalog.write(keys.map((key) => ({ key, value: undefined })));
}

const readAt = (log: Log, offset: number): number => {
  const request = { offset, maxBytes: 1, minOneBatch: true, isolation: 'high-watermark' } as const;
  const { slice } = log.read(request);
  slice?.release();
  return slice?.size ?? 0;
};

describe.each([false, true])('a sealed segment that is missing (compacted: %s)', (compacted) => {
  test('is told by the reads of its offsets, once in the log, and no other read is refused', async () => {
    const world = await stopped({ compacted });
    await world.disk.unlink(pathOf(4));
    const { log, errors } = await reopened(world, { compacted });
    for (const offset of [4, 7, 5]) {
      expect(() => readAt(log, offset)).toThrow(
        expect.objectContaining({
          code: 'CORRUPT_BATCH',
          message: expect.stringContaining('with offsets 4 to 7'),
        }),
      );
    }
    for (const offset of [0, 3, 8, 13]) expect(readAt(log, offset)).toBeGreaterThan(0);
    expect(errors).toEqual([expect.stringContaining('go on at offset 8')]);
    await log.append(await keyedBatch([['key', 'appended']]));
    expect(log.logEndOffset).toBe(15);
  });

  test('is found by a scrub', async () => {
    const world = await stopped({ compacted });
    await world.disk.unlink(pathOf(8));
    const { log } = await reopened(world, { compacted });
    const position = world.disk.readFileSync(pathOf(4)).length;
    expect((await log.maintenance.scrub()).damaged).toEqual({
      path: pathOf(4),
      position,
      offset: 8,
    });
  });
});

test('a first segment that is missing is told when the log is opened, which begins behind it', async () => {
  const world = await stopped();
  await world.disk.unlink(pathOf(0));
  const { log, errors } = await reopened(world);
  expect(errors).toEqual([
    expect.stringContaining(`${folderOf()} begins with offset 4, and the log with 0`),
  ]);
  expect(log.logStartOffset).toBe(4);
});

test('compaction does not make a gap of a missing segment', async () => {
  const settings = { compacted: true, minDirtyRatio: 0 };
  const world = await stopped(settings);
  await world.disk.unlink(pathOf(4));
  const { log, errors } = await reopened(world, settings);
  await expect(log.maintenance.compact()).rejects.toMatchObject({ code: 'CORRUPT_BATCH' });
  expect(errors.join()).toContain('compaction met a bad batch');
  expect(() => readAt(log, 4)).toThrow(expect.objectContaining({ code: 'CORRUPT_BATCH' }));
});

test('nothing is missed of what was deleted, nor of a log whose catalog was lost', async () => {
  const world = await stopped();
  const first = await reopened(world);
  await first.log.deleteBefore(9);
  const again = await reopened(killProcess(world));
  expect(again.log.logStartOffset).toBe(9);
  expect((await again.log.maintenance.scrub()).damaged).toBeNull();
  const lost = killProcess(world);
  await lost.disk.unlink(`${folderOf()}/log-start-offset`);
  await loseCatalog(lost);
  const engine = await openWorld(lost);
  expect((await openLog(engine)).logStartOffset).toBe(8);
  const last = await reopened(await stopCleanly(lost, engine));
  expect(last.log.logStartOffset).toBe(8);
  expect([...first.errors, ...again.errors, ...last.errors]).toEqual([]);
});

describe('a first segment that went with the catalog', () => {
  const ASSUMED = `${folderOf()} begins with offset 4, and nothing says where the log does`;
  const ASIDE = `${folderOf()}/aside`;

  /** Opened without them, which is told, and stopped. */
  async function assumed(world: SimWorld): Promise<SimWorld> {
    await world.disk.rename(pathOf(0), ASIDE);
    await loseCatalog(world);
    const { engine, log, warnings, errors } = await reopened(world);
    expect(log.logStartOffset).toBe(4);
    expect(log.layout.hasGaps).toBe(false);
    expect([...warnings, ...errors]).toEqual([expect.stringContaining(ASSUMED)]);
    return stopCleanly(world, engine);
  }

  const putBack = (world: SimWorld): Promise<void> => world.disk.rename(ASIDE, pathOf(0));

  test('is told once: the next start is sound', async () => {
    const { log, warnings, errors } = await reopened(await assumed(await stopped()));
    expect(log.logStartOffset).toBe(4);
    expect([...warnings, ...errors]).toEqual([]);
  });

  test('is served again when it is put back, and missed when it goes again', async () => {
    const world = await assumed(await stopped());
    await putBack(world);
    const { engine, log, warnings, errors } = await reopened(world);
    expect(log.logStartOffset).toBe(0);
    for (const offset of [0, 3, 4, 13]) expect(readAt(log, offset)).toBeGreaterThan(0);
    expect((await log.maintenance.scrub()).damaged).toBeNull();
    expect([...warnings, ...errors]).toEqual([]);
    const after = await stopCleanly(world, engine);
    await after.disk.unlink(pathOf(0));
    const again = await reopened(after);
    expect(again.errors).toEqual([expect.stringContaining('and the log with 0')]);
  });

  test('is served again although it was compacted, and no other one was', async () => {
    const compacting = { compacted: true, minCleanableDirtyRatio: 0 };
    const world = newWorld();
    const first = await openWorld(world);
    const log = await openLog(first, compacting);
    for (const key of ['a', 'b', 'b', 'c']) await log.append(await keyedBatch([[key, 'value']]));
    await log.maintenance.roll();
    await log.maintenance.compact();
    for (const key of ['d', 'e']) await log.append(await keyedBatch([[key, 'value']]));
    let after = await assumed(await stopCleanly(world, first));
    await putBack(after);
    for (let open = 0; open < 2; open++) {
      const { engine, log } = await reopened(after);
      for (const offset of [0, 1, 3, 4, 5]) expect(readAt(log, offset)).toBeGreaterThan(0);
      expect((await log.maintenance.scrub()).damaged).toBeNull();
      after = await stopCleanly(after, engine);
    }
  });

  test('stays away when records behind it were deleted since', async () => {
    const world = await assumed(await stopped());
    const { engine, log } = await reopened(world);
    await log.deleteBefore(8);
    const after = await stopCleanly(world, engine);
    await putBack(after);
    const last = await reopened(after);
    expect(last.log.logStartOffset).toBe(8);
    expect(last.errors).toEqual([]);
  });
});
