import { expect, test } from 'vitest';
import { type LogProgress, ManualClock } from '../../engine/index.js';
import { keyedBatch } from '../support/keyed.js';
import { newWorld, openLog, openWorld } from '../support/sim-engine.js';

/** A log of three full segments, whose engine's clock goes on by 150 ms with each look at it. */
async function longLog() {
  let nowMs = 0;
  const monotonicMs = (): number => {
    nowMs += 150;
    return nowMs;
  };
  const clock = Object.assign(new ManualClock(), { monotonicMs });
  const warnings: string[] = [];
  const logger = { info: () => {}, warn: (_: object, text: string) => void warnings.push(text) };
  const world = { ...newWorld(), clock };
  const engine = await openWorld(world, { logger: { ...logger, error: () => {} } });
  const log = await openLog(engine);
  for (const value of ['one', 'two', 'six']) {
    await log.append(await keyedBatch([['k', value]]));
    await log.maintenance.roll();
  }
  return { log, engine, warnings };
}

test('a scrub tells its bytes segment by segment, up to all of them', async () => {
  const { log, engine } = await longLog();
  const told: LogProgress[] = [];
  const { batches } = await log.maintenance.scrub({ onProgress: (each) => void told.push(each) });
  expect(batches).toBe(3);
  const { total } = told.at(-1)!;
  expect(total).toBe(log.sizeBytes);
  const third = total / 3;
  const done = [...new Set(told.map((each) => each.done))];
  expect(done.every((each) => each % third === 0)).toBe(true);
  expect(done.length).toBeGreaterThan(1);
  expect(told.at(-1)).toEqual({ phase: 'scrub', done: total, total, unit: 'bytes' });
  await engine.close();
});

test('a compaction tells what it looks for keys and what it writes anew', async () => {
  const { log, engine } = await longLog();
  const told: LogProgress[] = [];
  const onProgress = (each: LogProgress): void => void told.push(each);
  expect((await log.maintenance.compact({ onProgress })).recordsRemoved).toBe(2);
  const { done, total } = told.at(-1)!;
  expect(told.at(-1)).toEqual({ phase: 'compact', done, total: done, unit: 'bytes' });
  expect(total).toBeGreaterThan(0);
  for (const each of told) expect(each.done).toBeLessThanOrEqual(each.total);
  const atEnd = told.length;
  await engine.close();
  expect(told.length).toBe(atEnd);
});

test('a callback that throws ends no scrub; options that there are not are refused', async () => {
  const { log, engine, warnings } = await longLog();
  const onProgress = (): void => {
    throw new Error('of the program');
  };
  expect((await log.maintenance.scrub({ onProgress })).damaged).toBe(null);
  expect(warnings).toEqual(['onProgress failed: it is not called again']);
  const wrong = { onprogress: () => {} } as never;
  await expect(log.maintenance.scrub(wrong)).rejects.toThrow('onProgress');
  await expect(log.maintenance.compact({ onProgress: 1 as never })).rejects.toMatchObject({
    code: 'INVALID_SETTING',
  });
  await engine.close();
});
