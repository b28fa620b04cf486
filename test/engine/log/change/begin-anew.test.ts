import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../../engine/limits.js';
import { batchOf, readValues, turns } from '../../../support/batches.js';
import { keyedBatch, readBatchesOf } from '../../../support/keyed.js';
import {
  cutPower,
  folderOf,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  partition,
  type SimWorld,
  stopCleanly,
} from '../../../support/sim-engine.js';
import type { PendingOperation } from '../../../support/sim-queue.js';

const at = (baseOffset: number, leaderEpoch = 0) => batchOf('v', { baseOffset, leaderEpoch });

/** A log with segments, producers and epochs, which ends at 12. */
async function filled(world: SimWorld) {
  const engine = await openWorld(world);
  const log = await openLog(engine, { segmentBytes: 300 });
  for (let sequence = 0; sequence < 12; sequence++) {
    const producer = { producerId: 7, producerEpoch: 0, baseSequence: sequence };
    await log.append(batchOf(`old ${sequence}`, producer));
  }
  await turns(30);
  return { engine, log };
}

const endsOf = (log: Awaited<ReturnType<typeof openLog>>) => [
  log.logStartOffset,
  log.highWatermark,
  log.durableEndOffset,
  log.logEndOffset,
];

describe('a log that begins again at a later offset', () => {
  test('is empty there, goes on there, and is found so by every restart', async () => {
    const world = newWorld();
    const { log } = await filled(world);
    await log.beginAt(150);
    expect(endsOf(log)).toEqual([150, 150, 150, 150]);
    expect([log.sizeBytes, [...log.knownProducers()], log.epochs.endOf(0).endOffset]).toEqual([
      0,
      [],
      150,
    ]);
    expect(() =>
      log.read({ offset: 11, maxBytes: 1, minOneBatch: true, isolation: 'log-end' }),
    ).toThrow(expect.objectContaining({ code: 'OFFSET_OUT_OF_RANGE' }));
    await log.append(at(150, 3), 'replica');
    await log.append(at(151, 3), 'replica');
    await log.flush();
    expect(log.layout.hasGaps).toBe(false);
    for (const next of [killProcess({ ...world, disk: world.disk.kill() }), cutPower(world)]) {
      const again = await openLog(await openWorld(next));
      expect([...(await readValues(again)).keys()]).toEqual([150, 151]);
      expect(again.logStartOffset).toBe(150);
    }
  });

  test('leaves no file of before behind', async () => {
    const world = newWorld();
    const { engine, log } = await filled(world);
    await log.beginAt(150);
    await log.append(at(150), 'replica');
    world.clock.advance(60_000);
    await turns(50);
    const names = (await world.disk.readdir(folderOf())).filter((name) => name.endsWith('.log'));
    expect(names).toEqual(['00000000000000000150.log']);
    const next = await stopCleanly(world, engine);
    expect([...(await readValues(await openLog(await openWorld(next)))).keys()]).toEqual([150]);
  });

  test('without its catalog too', async () => {
    const world = newWorld();
    const { log } = await filled(world);
    await log.beginAt(150);
    const { disk } = killProcess(world);
    const again = await openLog(await openWorld({ ...newWorld(), disk }));
    expect(endsOf(again)).toEqual([150, 150, 150, 150]);
    await again.append(at(160), 'replica');
    await again.flush();
    const third = await openLog(await openWorld({ ...newWorld(), disk: disk.powerCut('strict') }));
    expect([third.logStartOffset, third.logEndOffset, third.layout.hasGaps]).toEqual([
      150,
      161,
      true,
    ]);
  });

  test('that was never written, and again where it is empty, also further back', async () => {
    const world = newWorld();
    const log = await openLog(await openWorld(world));
    await log.beginAt(150);
    await log.beginAt(100);
    const again = await openLog(await openWorld(killProcess(world)));
    expect(endsOf(again)).toEqual([100, 100, 100, 100]);
    await again.append(at(100), 'replica');
    await again.beginAt(150);
    await again.beginAt(120);
    await again.append(batchOf('a'));
    expect([...(await readValues(again))]).toEqual([[120, 'a']]);
  });

  test('where its leader has a batch that begins behind that', async () => {
    const world = newWorld();
    const { log } = await filled(world);
    await log.beginAt(150);
    await log.append(at(170), 'replica');
    await log.flush();
    expect((await readBatchesOf(log)).length).toBe(1);
    const again = await openLog(await openWorld(cutPower(world)));
    expect([again.logStartOffset, again.logEndOffset]).toEqual([150, 171]);
    expect((await readBatchesOf(again)).length).toBe(1);
    expect((await again.maintenance.scrub()).damaged).toBeNull();
  });

  test('drops nothing that is committed without being asked to, and takes no offset that is none', async () => {
    const { log } = await filled(newWorld());
    await expect(log.beginAt(11)).rejects.toMatchObject({ code: 'BELOW_HIGH_WATERMARK' });
    for (const offset of [-1, 1.5, Number.NaN, LIMITS.replicaOffsetMax + 1]) {
      await expect(log.beginAt(offset)).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
    }
    expect((await readValues(log)).size).toBe(12);
  });

  test('rejects appends that wait, and takes those that come after it', async () => {
    const world = newWorld();
    const log = await openLog(await openWorld(world), { flush: 'ack' });
    await log.append(batchOf('a'));
    world.disk.hold();
    const waiting = log.append(batchOf('b')).catch(({ code }) => code);
    const begun = log.beginAt(50);
    const later = log.append(batchOf('c'));
    await turns(5);
    world.disk.release();
    await begun;
    expect(await waiting).toBe('OFFSET_OUT_OF_RANGE');
    expect(await later).toMatchObject({ baseOffset: 50 });
  });

  test('is compacted as any other', async () => {
    const log = await openLog(await openWorld(newWorld()), { compacted: true });
    for (let value = 0; value < 5; value++) await log.append(await keyedBatch([['k', `${value}`]]));
    await log.maintenance.roll();
    await log.maintenance.compact();
    await log.beginAt(100);
    expect(log.layout.hasGaps).toBe(false);
    for (let value = 0; value < 5; value++) await log.append(await keyedBatch([['k', `${value}`]]));
    await log.maintenance.roll();
    expect((await log.maintenance.compact()).recordsRemoved).toBe(4);
  });
});

test.each([
  ['a kill', killProcess],
  ['a power cut', cutPower],
] as const)('%s at any moment leaves the old log or the new one', async (_, end) => {
  const seen = new Set<number>();
  for (let count = 0; count < 60; count++) {
    const world = newWorld();
    const { log } = await filled(world);
    await log.flush();
    let isDone = false;
    log.beginAt(150).then(
      () => {
        isDone = true;
      },
      () => {},
    );
    await turns(count);
    const wasDone = isDone;
    let next: SimWorld = end(world);
    // Twice: the open itself may have had something to finish.
    for (let open = 0; open < 2; open++) {
      const again = await openLog(await openWorld(next), {}, partition());
      const start = again.logStartOffset;
      seen.add(start);
      expect([0, 150]).toContain(start);
      if (wasDone) expect(start).toBe(150);
      const values = [...(await readValues(again)).keys()];
      expect(values).toEqual(start === 0 ? Array.from({ length: 12 }, (_, offset) => offset) : []);
      expect(again.logEndOffset).toBe(start === 0 ? 12 : 150);
      if (start === 150) expect([...again.knownProducers()]).toEqual([]);
      next = end(next);
    }
    const last = await openLog(await openWorld(next));
    await last.append(batchOf('new'));
    expect((await readValues(last)).size).toBe(last.logStartOffset === 0 ? 13 : 1);
    if (wasDone) break;
  }
  expect([...seen].sort()).toEqual([0, 150]);
});

test('a sync that was under way when the log began again promises nothing that came behind', async () => {
  const world = newWorld({ syncFileSystem: false });
  const log = await openLog(await openWorld(world));
  for (let sequence = 0; sequence < 3; sequence++) await log.append(batchOf('old'));
  await turns(30);
  world.disk.hold();
  const syncing = (): PendingOperation[] =>
    world.disk.pending.filter(({ kind }) => kind === 'datasync');
  const lost = expect(log.append(batchOf('lost'))).rejects.toMatchObject({
    code: 'OFFSET_OUT_OF_RANGE',
  });
  await turns(3);
  const [sync] = syncing();
  let hasBegun = false;
  const begun = log.beginAt(3).then(() => {
    hasBegun = true;
  });
  for (let turn = 0; turn < 100 && !hasBegun; turn++) {
    for (const operation of [...world.disk.pending]) if (operation !== sync) operation.run();
    await turns();
  }
  await Promise.all([begun, lost]);
  let isPromised = false;
  const appended = log.append(batchOf('new')).then(() => {
    isPromised = true;
  });
  await turns(3);
  sync!.run();
  await turns(3);
  expect([log.logEndOffset, log.durableEndOffset, isPromised]).toEqual([4, 3, false]);
  world.disk.release();
  await appended;
  const again = await openLog(await openWorld(cutPower(world)));
  expect([...(await readValues(again))]).toEqual([[3, 'new']]);
});
