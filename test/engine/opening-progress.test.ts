import { expect, test } from 'vitest';
import { type EngineProgress, ManualClock } from '../../engine/index.js';
import { type LogOpening, OpeningProgress } from '../../engine/opening-progress.js';
import { ProgressTeller } from '../../engine/progress.js';
import { batchOf } from '../support/batches.js';
import {
  killProcess,
  newWorld,
  openLog,
  openWorld,
  partition,
  type SimWorld,
  stopCleanly,
} from '../support/sim-engine.js';

const MIB = 1024 * 1024;

/** So long that recovery is more work than opening. */
const VALUE = 'v'.repeat(20_000);

/** A clock on which each look at it is later than the last by more than a report. */
function hasty(world: SimWorld): SimWorld {
  let nowMs = 0;
  const monotonicMs = (): number => {
    nowMs += 150;
    return nowMs;
  };
  return { ...world, clock: Object.assign(new ManualClock(), { monotonicMs }) };
}

/** A world in which three logs have ten batches each, and none is at a checkpoint. */
async function uncleanWorld(): Promise<SimWorld> {
  const world = newWorld();
  const engine = await openWorld(world);
  for (const number of [0, 1, 2]) {
    const log = await openLog(engine, { flush: 'os' }, partition(number));
    for (let n = 0; n < 10; n++) await log.append(batchOf(VALUE));
  }
  return killProcess(world);
}

const BYTES = 10 * batchOf(VALUE).length;

test('after an unclean stop the bytes behind the checkpoints are told, up to all of them', async () => {
  const told: EngineProgress[] = [];
  const world = hasty(await uncleanWorld());
  const engine = await openWorld(world, { onProgress: (progress) => void told.push(progress) });
  expect(told).toEqual([]);
  await engine.openMany(3, () =>
    Promise.all([0, 1, 2].map((number) => openLog(engine, {}, partition(number)))),
  );
  const atEnd = told.length;
  for (const { done, total } of told) expect(done).toBeLessThanOrEqual(total);
  const recovered = told.filter(({ phase }) => phase === 'recover');
  expect(recovered.length).toBeGreaterThan(3);
  expect(recovered.map(({ done }) => done)).toEqual(
    recovered.map(({ done }) => done).toSorted((a, b) => a - b),
  );
  expect(told.at(-1)).toEqual({
    phase: 'recover',
    done: 3 * BYTES,
    total: 3 * BYTES,
    unit: 'bytes',
  });
  await engine.close();
  expect(told.length).toBe(atEnd);
});

test('after a clean stop logs are told, all of them from the start', async () => {
  const before = await uncleanWorld();
  const closed = await openWorld(before);
  await Promise.all([0, 1, 2].map((number) => openLog(closed, {}, partition(number))));
  const world = hasty(await stopCleanly(before, closed));
  const told: EngineProgress[] = [];
  const engine = await openWorld(world, { onProgress: (progress) => void told.push(progress) });
  await engine.openMany(3, async () => {
    for (const number of [0, 1, 2]) await openLog(engine, {}, partition(number));
  });
  expect(new Set(told.map(({ total }) => total))).toEqual(new Set([3]));
  expect(told.at(-1)).toEqual({ phase: 'open', done: 3, total: 3, unit: 'logs' });
  await engine.close();
});

test('a callback that throws breaks no recovery: it is a line in the log', async () => {
  const warnings: string[] = [];
  const world = hasty(await uncleanWorld());
  let calls = 0;
  const engine = await openWorld(world, {
    onProgress: () => {
      calls += 1;
      throw new Error('of the program');
    },
    logger: { info: () => {}, warn: (_, text) => void warnings.push(text), error: () => {} },
  });
  const log = await openLog(engine);
  expect(log.logEndOffset).toBe(10);
  expect(calls).toBe(1);
  expect(warnings).toEqual(['onProgress failed: it is not called again']);
  await engine.close();
});

test('an onProgress that is no function is refused', async () => {
  const wrong = openWorld(newWorld(), { onProgress: 'yes' as never });
  await expect(wrong).rejects.toMatchObject({ code: 'INVALID_SETTING' });
});

/** Openings of which every step is told. */
function openings() {
  const told: EngineProgress[] = [];
  const clock = Object.assign(new ManualClock(), { monotonicMs: () => Infinity });
  const quiet = { info: () => {}, warn: () => {}, error: () => {} };
  const teller = new ProgressTeller<EngineProgress>((each) => told.push(each), clock, quiet);
  return { told, opening: new OpeningProgress(teller) };
}

test('bytes of logs that wait are estimated by those that were looked at', async () => {
  const { told, opening } = openings();
  await opening.many(10, async () => {
    await opening.log(async (log) => {
      log.found(100 * MIB);
      log.handled(100 * MIB);
      log.handled(100 * MIB);
    });
    await opening.log(async () => {});
  });
  expect(told.map(({ done, total }) => [done, total])).toContainEqual([50 * MIB, 1000 * MIB]);
  expect(told.map(({ done, total }) => [done, total])).toContainEqual([100 * MIB, 500 * MIB]);
  // The others were never opened.
  expect(told.at(-1)).toMatchObject({ done: 100 * MIB, total: 100 * MIB });
});

test('a tail that is not read to its end, or read twice, counts once', async () => {
  const { told, opening } = openings();
  const torn = opening.log(async (log) => {
    log.found(100 * MIB);
    log.handled(30 * MIB);
    throw new Error('damaged');
  });
  await expect(torn).rejects.toThrow('damaged');
  expect(told.at(-1)).toMatchObject({ done: 100 * MIB, total: 100 * MIB });
  await opening.log(async (log) => {
    log.found(10 * MIB);
    for (let n = 0; n < 5; n++) log.handled(10 * MIB);
  });
  expect(told.at(-1)).toMatchObject({ done: 10 * MIB, total: 10 * MIB });
});

test('tails that are soon read are no recovery: the logs are told', async () => {
  const { told, opening } = openings();
  const small = async (log: LogOpening): Promise<void> => {
    log.found(1000);
    log.handled(1000);
  };
  await opening.many(3, async () => {
    for (let n = 0; n < 3; n++) await opening.log(small);
  });
  expect(new Set(told.map(({ phase }) => phase))).toEqual(new Set(['open']));
  expect(told.at(-1)).toEqual({ phase: 'open', done: 3, total: 3, unit: 'logs' });
});
