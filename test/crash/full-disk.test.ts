import { describe, expect, test } from 'vitest';
import type { LogSettings } from '../../engine/index.js';
import { batchOf, readValues, turns } from '../support/batches.js';
import {
  cutPower,
  folderOf,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  type SimWorld,
} from '../support/sim-engine.js';
import { slowDisk } from './support/slow-disk.js';

const PRODUCER = { producerId: 7, producerEpoch: 0 };
const LOG = '00000000000000000000.log';

const filePath = `${folderOf()}/${LOG}`;

function bytesOf(world: SimWorld): Buffer {
  return world.disk.readFileSync(filePath);
}

describe.each(['synchronous', 'asynchronous'] as const)('a %s write on a full disk', (kind) => {
  async function fullDisk(overrides: Partial<LogSettings> = {}) {
    const world = newWorld();
    const slow = slowDisk(world);
    const engine = await openWorld(world, { wrap: () => slow.disk });
    const log = await openLog(engine, { indexIntervalBytes: 1, ...overrides });
    await log.append(batchOf('a', { ...PRODUCER, baseSequence: 0 }));
    if (kind === 'asynchronous') {
      slow.nextWriteTakes(60);
      await log.append(batchOf('b', { ...PRODUCER, baseSequence: 1 }));
    } else await log.append(batchOf('b', { ...PRODUCER, baseSequence: 1 }));
    const op = kind === 'synchronous' ? ('writevSync' as const) : ('writev' as const);
    return { world, engine, log, op };
  }

  test.each([0, 1, 61, 100])(
    'that arrived by %i bytes is taken back whole: bytes, offsets, indexes, producer',
    async (short) => {
      const { world, engine, log, op } = await fullDisk();
      const before = bytesOf(world);
      world.disk.failNext({ op, path: /\.log$/, code: 'ENOSPC', short });
      const lost = [
        log.append(batchOf(['c', 'd'], { ...PRODUCER, baseSequence: 2 })),
        log.append(batchOf('e', { ...PRODUCER, baseSequence: 4 })),
      ];
      const outcomes = await Promise.allSettled(lost);
      for (const outcome of outcomes) {
        expect(outcome).toMatchObject({ reason: { code: 'STORAGE_FULL' } });
      }
      expect(bytesOf(world)).toEqual(before);
      expect(log.logEndOffset).toBe(2);
      expect(engine.failure).toBeNull();

      // The producer sends both again; neither is taken for a duplicate or for a gap.
      const again = await log.append(batchOf(['c', 'd'], { ...PRODUCER, baseSequence: 2 }));
      expect(again).toMatchObject({ baseOffset: 2, duplicate: false });
      await log.append(batchOf('e', { ...PRODUCER, baseSequence: 4 }));
      const values = ['a', 'b', 'c', 'd', 'e'];
      expect([...(await readValues(log)).values()]).toEqual(values);
      await log.maintenance.roll();
      await turns(20);
      const index = world.disk.readFileSync(filePath.replace('.log', '.index'));
      const lastOffsets = Array.from({ length: index.length / 8 }, (_, at) =>
        index.readInt32BE(at * 8),
      );
      expect(lastOffsets).toEqual([1, 3, 4]);
      const reopened = await openLog(await openWorld(cutPower(world)));
      expect([...(await readValues(reopened)).values()]).toEqual(values);
    },
  );

  test('that cannot be taken back takes the directory offline', async () => {
    const { world, engine, log, op } = await fullDisk();
    world.disk.failNext({ op, path: /\.log$/, code: 'ENOSPC', short: 10 });
    world.disk.failNext({ op: 'truncateSync', code: 'EIO' });
    await expect(log.append(batchOf('c'))).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    expect(engine.failure?.code).toBe('STORAGE_OFFLINE');
    await expect(log.append(batchOf('d'))).rejects.toMatchObject({ code: 'STORAGE_OFFLINE' });
    const reopened = await openLog(await openWorld(killProcess(world)));
    expect([...(await readValues(reopened)).values()]).toEqual(['a', 'b']);
  });

  test('that fails with EIO instead takes the directory offline', async () => {
    const { world, engine, log, op } = await fullDisk();
    world.disk.failNext({ op, path: /\.log$/, code: 'EIO', short: 10 });
    await expect(log.append(batchOf('c'))).rejects.toMatchObject({ code: 'STORAGE_OFFLINE' });
    expect(engine.failure?.code).toBe('STORAGE_OFFLINE');
  });
});

test('a disk that fills up in the middle of a batch goes on serving, and takes appends again when there is room', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine);
  await log.append(batchOf('a'));
  await turns(20);
  let used = 0;
  for (const folder of ['/data', folderOf()]) {
    for (const name of await world.disk.readdir(folder)) {
      const stat = await world.disk.stat(`${folder}/${name}`);
      used += stat?.size ?? 0;
    }
  }
  world.disk.capacity = used + 30;
  for (let attempt = 0; attempt < 3; attempt++) {
    await expect(log.append(batchOf('b'.repeat(100)))).rejects.toMatchObject({
      code: 'STORAGE_FULL',
    });
  }
  expect([...(await readValues(log)).values()]).toEqual(['a']);
  world.disk.capacity = Number.POSITIVE_INFINITY;
  expect((await log.append(batchOf('b'))).baseOffset).toBe(1);
});

test('a roll that meets a full disk fails that append only', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine, { segmentBytes: 100 });
  await log.append(batchOf('a'));
  world.disk.failNext({ op: 'openSync', path: /1\.log$/, code: 'ENOSPC' });
  await expect(log.append(batchOf('b'.repeat(100)))).rejects.toMatchObject({
    code: 'STORAGE_FULL',
  });
  expect((await log.append(batchOf('c'))).baseOffset).toBe(1);
  expect([...(await readValues(log)).values()]).toEqual(['a', 'c']);
});

test('a roll without a descriptor left fails that append only', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine, { segmentBytes: 100 });
  await log.append(batchOf('a'));
  world.disk.failNext({ op: 'openSync', path: /1\.log$/, code: 'EMFILE' });
  await expect(log.append(batchOf('b'.repeat(100)))).rejects.toMatchObject({
    code: 'STORAGE_BUSY',
  });
  expect((await log.append(batchOf('c'))).baseOffset).toBe(1);
  expect(engine.failure).toBeNull();
});
