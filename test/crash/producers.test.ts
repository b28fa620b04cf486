import { describe, expect, test } from 'vitest';
import type { EngineError, LogSettings } from '../../engine/index.js';
import { LIMITS } from '../../engine/limits.js';
import { batchOf, turns } from '../support/batches.js';
import {
  cutPower,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  type SimWorld,
  stopCleanly,
} from '../support/sim-engine.js';

const PRODUCER = { producerId: 42, producerEpoch: 3 };

/** The batch with this sequence; sent again it is the same bytes. */
function sequenced(baseSequence: number): Buffer {
  return batchOf(`s${baseSequence}`, { ...PRODUCER, baseSequence });
}

test.each(['ack', 'os'] as const)(
  'a duplicate waits for the promise of its original, %s',
  async (flush) => {
    const world = newWorld();
    const log = await openLog(await openWorld(world), { flush });
    await log.append(sequenced(0));
    await turns(20);
    world.disk.hold();
    const answers: string[] = [];
    const original = log.append(sequenced(1)).then(() => answers.push('original'));
    const duplicate = log.append(sequenced(1)).then((appended) => {
      answers.push('duplicate');
      expect(appended).toMatchObject({ baseOffset: 1, lastOffset: 1, duplicate: true });
    });
    await turns(5);
    // Under os the original is done; a duplicate may be told so later.
    expect(answers[0]).toBe(flush === 'ack' ? undefined : 'original');
    world.disk.release();
    await Promise.all([original, duplicate]);
    expect(answers.sort()).toEqual(['duplicate', 'original']);
    expect(log.logEndOffset).toBe(2);
  },
);

test.each([
  ['its sync', 'datasync', 'EIO', 'STORAGE_OFFLINE'],
  ['its write', 'writevSync', 'ENOSPC', 'STORAGE_FULL'],
] as const)('a duplicate of a batch that fails with %s fails too', async (_, op, code, answer) => {
  const world = newWorld({ syncFileSystem: false });
  const log = await openLog(await openWorld(world));
  await log.append(sequenced(0));
  await turns(20);
  world.disk.failNext({ op, path: /\.log$/, code });
  const outcomes = await Promise.allSettled([log.append(sequenced(1)), log.append(sequenced(1))]);
  const codes = outcomes.map(
    (outcome) => outcome.status === 'rejected' && (outcome.reason as EngineError).code,
  );
  expect(codes).toEqual([answer, answer]);
});

describe.each(['clean stop', 'kill', 'power cut'] as const)('after a %s', (how) => {
  async function restarted(world: SimWorld, engine: Awaited<ReturnType<typeof openWorld>>) {
    if (how === 'clean stop') return stopCleanly(world, engine);
    return how === 'kill' ? killProcess(world) : cutPower(world);
  }

  test.each([
    ['behind the checkpoint', {}],
    ['in the checkpoint', { segmentBytes: 150 }],
  ] as [string, Partial<LogSettings>][])(
    'the last five batches of a producer are recognised, %s, and the next one is taken',
    async (_, overrides) => {
      const world = newWorld();
      const engine = await openWorld(world);
      const log = await openLog(engine, overrides);
      for (let at = 0; at < 8; at++) {
        await log.append(sequenced(at));
        await turns(10);
      }
      const next = await restarted(world, engine);
      const reopened = await openLog(await openWorld(next), overrides);
      for (let at = 3; at < 8; at++) {
        const appended = await reopened.append(sequenced(at));
        expect(appended).toMatchObject({ baseOffset: at, duplicate: true });
      }
      await expect(reopened.append(sequenced(2))).rejects.toMatchObject({
        code: 'OUT_OF_ORDER_SEQUENCE',
      });
      await expect(reopened.append(sequenced(9))).rejects.toMatchObject({
        code: 'OUT_OF_ORDER_SEQUENCE',
      });
      expect(await reopened.append(sequenced(8))).toMatchObject({ duplicate: false });
      expect(reopened.logEndOffset).toBe(9);
    },
  );
});

test('at no moment of a run does a power cut leave a checkpoint that knows less than the log below it', async () => {
  const world = newWorld();
  const log = await openLog(await openWorld(world), { segmentBytes: 200 });
  const acknowledged: number[] = [];
  for (let at = 0; at < 15; at++) {
    void log.append(sequenced(at)).then(() => acknowledged.push(at));
    await turns(2);
    const last = acknowledged.at(-1);
    const disk = world.disk.powerCut('strict');
    const found = { disk, catalog: await durableCopy(world), clock: world.clock };
    const reopened = await openLog(await openWorld(found), { segmentBytes: 200 });
    if (last === undefined) continue;
    const again = await reopened.append(sequenced(last));
    expect(again).toMatchObject({ baseOffset: last, duplicate: true });
  }
  expect(acknowledged.length).toBeGreaterThan(5);
});

describe.each([
  ['in the checkpoint', 0],
  ['on pages ahead of it', 3 * LIMITS.producersPerPage],
])('what a checkpoint knows of a producer, %s,', (_, others) => {
  /** Six batches are durable, a seventh is when the checkpoint is, and five come meanwhile. */
  async function checkpointedUnderLoad(): Promise<SimWorld> {
    const world = newWorld();
    const log = await openLog(await openWorld(world), { flush: 'os' });
    for (let at = 0; at < 6; at++) await log.append(sequenced(at));
    await log.flush();
    for (let id = 100; id < 100 + others; id++) {
      await log.append(batchOf('other', { producerId: id, producerEpoch: 0, baseSequence: 0 }));
    }
    await log.append(sequenced(6));
    world.disk.hold();
    world.clock.advance(LIMITS.checkpointIntervalMs);
    await turns(5);
    // The checkpoint waits for its sync.
    expect(world.disk.pending.length).toBeGreaterThan(0);
    for (let at = 7; at < 12; at++) await log.append(sequenced(at));
    world.disk.release();
    await turns(60);
    return world;
  }

  async function expectKnown(world: SimWorld, end: number): Promise<void> {
    const log = await openLog(await openWorld(cutPower(world)));
    expect(log.logEndOffset).toBe(others + end);
    for (let at = end - 5; at < end; at++) {
      expect(await log.append(sequenced(at))).toMatchObject({ duplicate: true });
    }
    expect(await log.append(sequenced(end))).toMatchObject({ duplicate: false });
  }

  test('is durable', async () => {
    await expectKnown(await checkpointedUnderLoad(), 7);
  });

  test('is all there with the next one, also what came meanwhile', async () => {
    const world = await checkpointedUnderLoad();
    world.clock.advance(LIMITS.checkpointIntervalMs);
    await turns(60);
    await expectKnown(world, 12);
  });
});

async function durableCopy(world: SimWorld): Promise<SimWorld['catalog']> {
  const { catalog } = newWorld();
  await catalog.write(world.catalog.snapshotDurable());
  return catalog;
}
