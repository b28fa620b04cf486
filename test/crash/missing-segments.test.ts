import { describe, expect, test } from 'vitest';
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
    if (n > 0 && n % 4 === 0) await log.roll();
    await log.append(
      settings.compacted ? await keyedBatch([[`key ${n % 4}`, 'value']]) : batchOf('value'),
    );
  }
  return stopCleanly(world, engine);
}

async function reopened(
  world: SimWorld,
  settings: Partial<LogSettings> = {},
): Promise<{ log: Log; errors: string[] }> {
  const errors: string[] = [];
  const error = (_: object, message: string): void => void errors.push(message);
  const logger = { info: () => {}, warn: () => {}, error };
  const log = (await openLog(await openWorld(world, { logger }), settings)) as Log;
  return { log, errors };
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
    expect((await log.scrub()).damaged).toEqual({ path: pathOf(4), position, offset: 8 });
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
  await expect(log.compact()).rejects.toMatchObject({ code: 'CORRUPT_BATCH' });
  expect(errors.join()).toContain('compaction met a bad batch');
  expect(() => readAt(log, 4)).toThrow(expect.objectContaining({ code: 'CORRUPT_BATCH' }));
});

test('nothing is missed of what was deleted, nor of a log whose catalog was lost', async () => {
  const world = await stopped();
  const first = await reopened(world);
  await first.log.deleteBefore(9);
  const again = await reopened(killProcess(world));
  expect(again.log.logStartOffset).toBe(9);
  expect((await again.log.scrub()).damaged).toBeNull();
  const lost = killProcess(world);
  await lost.disk.unlink(`${folderOf()}/log-start-offset`);
  const keys = [...lost.catalog.range([])].map(({ key }) => key);
  await lost.catalog.write(keys.map((key) => ({ key, value: undefined })));
  const engine = await openWorld(lost);
  expect((await openLog(engine)).logStartOffset).toBe(8);
  const last = await reopened(await stopCleanly(lost, engine));
  expect(last.log.logStartOffset).toBe(8);
  expect([...first.errors, ...again.errors, ...last.errors]).toEqual([]);
});
