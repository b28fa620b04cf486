import { describe, expect, test } from 'vitest';
import type { Engine, PartitionLog } from '../../engine/index.js';
import { type KeyedInput, type KeyedRecord, keyedBatch, readRecordsOf } from '../support/keyed.js';
import {
  cutPower,
  folderOf,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  type SimWorld,
} from '../support/sim-engine.js';
import { type Breakage, type BreakingDisk, breakingDisk } from './support/breaking-disk.js';

const SETTINGS = { segmentBytes: 600, compacted: true, fileDeleteDelayMs: 0 };
/** More steps than a compaction of the log below can have. */
const STEPS_MAX = 500;

interface Scene {
  readonly world: SimWorld;
  readonly engine: Engine;
  readonly log: PartitionLog;
  readonly breaking: BreakingDisk;
  readonly before: readonly KeyedRecord[];
}

/**
 * A log of several segments with overwritten and deleted keys, which was compacted once and has
 * become dirty again.
 */
async function scene(): Promise<Scene> {
  const world = newWorld({ syncFileSystem: false });
  const breaking = breakingDisk(world.disk);
  const engine = await openWorld(world, { wrap: () => breaking.disk });
  const log = await openLog(engine, SETTINGS);
  const fill = async (from: number, to: number): Promise<void> => {
    for (let at = from; at < to; at++) {
      const value = at % 7 === 0 ? null : `value ${at}`;
      // Overwritten soon, deleted, or there for good: whichever segment is lost is missed.
      const records: KeyedInput[] = [
        [`key ${at % 5}`, value],
        [`other ${at % 3}`, 'x'.repeat(60)],
      ];
      if (at % 3 === 0) records.push([`only ${at}`, 'once']);
      await log.append(await keyedBatch(records));
    }
  };
  await fill(0, 12);
  await log.maintenance.compact();
  await fill(12, 24);
  return { world, engine, log, breaking, before: await readRecordsOf(log) };
}

/** Nothing came, nothing moved, and the last record of each key is there. */
function expectCompactionOf(before: readonly KeyedRecord[], after: readonly KeyedRecord[]): void {
  const known = new Map(before.map((record) => [record.offset, record]));
  for (const record of after) expect(record).toEqual(known.get(record.offset));
  const present = new Set(after.map(({ offset }) => offset));
  const last = new Map(before.map(({ key, offset }) => [key, offset]));
  for (const offset of last.values()) expect(present).toContain(offset);
}

/** What is in the folder beside live files. */
async function leftovers(world: SimWorld): Promise<string[]> {
  const names = await world.disk.readdir(folderOf());
  return names.filter((name) => /\.(cleaned|swap|deleted|cut)$/.test(name));
}

/**
 * What a process that comes next finds: all that counts, and nothing that is left over. It compacts
 * to the end.
 */
async function expectRecovery(
  world: SimWorld,
  before: readonly KeyedRecord[],
): Promise<readonly KeyedRecord[]> {
  const engine = await openWorld(world);
  const log = await openLog(engine, SETTINGS);
  const found = await readRecordsOf(log);
  expectCompactionOf(before, found);
  await log.append(await keyedBatch([['key 0', 'the newest']]));
  const filled = await readRecordsOf(log);
  await log.maintenance.compact();
  expectCompactionOf(filled, await readRecordsOf(log));
  world.clock.advance(1);
  await engine.close();
  expect(await leftovers(world)).toEqual([]);
  return found;
}

/**
 * Runs the scene once for each step of the compaction until it has no such step. Returns what the
 * steps were.
 */
async function atEachStep(
  breakage: Breakage,
  check: (scene: Scene, compacting: Promise<unknown>) => Promise<void>,
): Promise<string[]> {
  const steps: string[] = [];
  for (let step = 0; step < STEPS_MAX; step++) {
    const stage = await scene();
    stage.breaking.arm(step, breakage);
    const compacting = stage.log.maintenance.compact();
    compacting.catch(() => {});
    await Promise.race([stage.breaking.stopped, compacting.catch(() => {})]);
    if (stage.breaking.broken === null) return steps;
    steps.push(stage.breaking.broken.replaceAll(`${folderOf()}/`, ''));
    try {
      await check(stage, compacting);
    } catch (error) {
      throw new Error(`at step ${step}, ${stage.breaking.broken}`, { cause: error });
    }
  }
  throw new Error('the compaction has more steps than it can have');
}

/** Every kind of step is among them. */
function expectAllSteps(steps: readonly string[]): void {
  for (const kind of [
    /^create .*\.log\.cleaned$/,
    /^write .*\.log\.cleaned$/,
    /^sync .*\.log\.cleaned$/,
    /^sync .*\.index\.cleaned$/,
    /^rename .*\.index\.cleaned to .*\.index\.swap$/,
    /^rename .*\.log\.cleaned to .*\.log\.swap$/,
    /^rename .*\.log to .*\.log\.deleted$/,
    /^rename .*\.timeindex\.swap to .*\.timeindex$/,
    /^rename .*\.log\.swap to .*\.log$/,
    /^sync \/data\/events-0$/,
  ]) {
    expect(steps.some((step) => kind.test(step))).toBe(true);
  }
}

describe.each(['stop-before', 'stop-after'] as const)(
  'at every step of a compaction, %s',
  (how) => {
    test('a killed process is followed by one that finds everything', async () => {
      const steps = await atEachStep(how, async ({ world, before }) => {
        await expectRecovery(killProcess(world), before);
      });
      expectAllSteps(steps);
    });

    test('a power cut that loses all that was not synced takes nothing', async () => {
      await atEachStep(how, async ({ world, before }) => {
        await expectRecovery(cutPower(world), before);
      });
    });

    test('a power cut that keeps any part of what was not synced takes nothing', async () => {
      for (let round = 1; round <= 2; round++) {
        let step = 0;
        await atEachStep(how, async ({ world, before }) => {
          await expectRecovery(cutPower(world, round * STEPS_MAX + step++), before);
        });
      }
    });
  },
);

test('a disk that is full at any step leaves the log as it was, or the directory offline with nothing lost', async () => {
  let asItWas = 0;
  const steps = await atEachStep({ code: 'ENOSPC' }, async (stage, compacting) => {
    const { world, engine, log, before } = stage;
    const outcome = await compacting.then(
      () => null,
      (error: { code?: string }) => error.code,
    );
    if (engine.failure === null) {
      asItWas++;
      // What cannot be removed is no reason to fail.
      if (outcome !== null) expect(outcome).toBe('STORAGE_FULL');
      expectCompactionOf(before, await readRecordsOf(log));
      world.clock.advance(1);
      await log.flush();
      const left = (await leftovers(world)).filter((name) => !name.endsWith('.deleted'));
      if (!stage.breaking.broken?.startsWith('unlink')) expect(left).toEqual([]);
      await log.maintenance.compact();
      expectCompactionOf(before, await readRecordsOf(log));
    }
    await expectRecovery(killProcess(world), before);
  });
  expectAllSteps(steps);
  expect(asItWas).toBeGreaterThan(steps.length / 3);
});

test('a disk that fails at any step loses nothing', async () => {
  await atEachStep({ code: 'EIO' }, async ({ world, before }, compacting) => {
    await compacting.catch(() => {});
    await expectRecovery(cutPower(world), before);
  });
});
