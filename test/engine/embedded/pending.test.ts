import { expect, onTestFinished, test } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import { openEngine, seededRandom } from '../../../engine/index.js';
import { newWorld, openWorld } from '../../support/sim-engine.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const VALUE = 'x'.repeat(300);
const FULL = { code: 'APPENDS_PENDING', message: expect.stringContaining('pendingBytesMax is') };

async function logOf(pendingBytesMax: number, options = {}) {
  const engine = await openEngine(temporaryFolder());
  onTestFinished(() => engine.close());
  return engine.log('events', { pendingBytesMax, ...options });
}

test('appends that nobody waits for are refused beyond the bound, and nothing of them is kept', async () => {
  const log = await logOf(1000);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10 }, () => log.append({ value: VALUE })),
  );
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  expect(outcomes.slice(0, 3).map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'));
  expect(refused).toHaveLength(7);
  for (const { reason } of refused as PromiseRejectedResult[]) expect(reason).toMatchObject(FULL);
  expect(log.endOffset).toBe(3);
});

test('room comes back with each outcome, be it a failure', async () => {
  const log = await logOf(1000);
  for (let round = 0; round < 3; round++) {
    await Promise.all(Array.from({ length: 3 }, () => log.append({ value: VALUE })));
  }
  for (let round = 0; round < 5; round++) {
    const late = log.append({ value: VALUE }, { expectedOffset: 0 });
    await expect(late).rejects.toMatchObject({ code: 'OFFSET_MISMATCH' });
  }
  await Promise.all(Array.from({ length: 3 }, () => log.append({ value: VALUE })));
  expect(log.endOffset).toBe(12);
});

test('a call by itself may be larger, spread over batches, and holds others up', async () => {
  const log = await logOf(1000, { maxBatchBytes: 500 });
  const large = log.append(Array.from({ length: 8 }, () => ({ value: VALUE })));
  await expect(log.append({ value: 'x' })).rejects.toMatchObject(FULL);
  await large;
  await log.append({ value: 'x' });
  expect(log.endOffset).toBe(9);
});

test('ready batches count as well', async () => {
  const log = await logOf(1000);
  const batch = buildBatchSync([{ key: null, value: 'y'.repeat(800), timestamp: Date.now() }]);
  const first = log.appendBatch(batch);
  await expect(log.appendBatch(batch)).rejects.toMatchObject(FULL);
  await expect(log.append({ value: VALUE })).rejects.toMatchObject(FULL);
  await first;
  await log.appendBatch(batch);
  expect(log.endOffset).toBe(2);
});

test('the bound is a count, and that of a log that is open does not change', async () => {
  await expect(logOf(0)).rejects.toMatchObject({ code: 'INVALID_SETTING' });
  const engine = await openEngine(temporaryFolder());
  onTestFinished(() => engine.close());
  await engine.log('events', { pendingBytesMax: 1000 });
  await expect(engine.log('events', { pendingBytesMax: 2000 })).rejects.toMatchObject({
    code: 'INVALID_SETTING',
  });
});

test.each([Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, '5', null])(
  'a bound of %s is refused',
  async (pendingBytesMax) => {
    await expect(logOf(pendingBytesMax as number)).rejects.toMatchObject({
      code: 'INVALID_SETTING',
    });
  },
);

const WAIT = { whenFull: 'wait' } as const;

test('appends that wait are kept in the order of calls, a large one by itself', async () => {
  const log = await logOf(1000, { ...WAIT, maxBatchBytes: 500 });
  const sizes = [300, 300, 300, 300, 3, 300, 3];
  const calls = sizes.map((size) => log.append({ value: 'x'.repeat(size) }));
  const large = log.append(Array.from({ length: 8 }, () => ({ value: VALUE })));
  const behind = log.append({ value: 'behind' });
  const placed = await Promise.all([...calls, large, behind]);
  expect(placed.map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 15]);
});

test('a flush waits for those that wait, and an end refuses them', async () => {
  const log = await logOf(1000, WAIT);
  const first = Array.from({ length: 9 }, () => log.append({ value: VALUE }));
  await log.flush();
  expect(log.endOffset).toBe(9);
  await Promise.all(first);
  const outcomes = Promise.allSettled(
    Array.from({ length: 9 }, () => log.append({ value: VALUE })),
  );
  await log.close();
  const closed = (await outcomes).filter(({ status }) => status === 'rejected');
  expect(closed).toHaveLength(6);
  for (const { reason } of closed as PromiseRejectedResult[]) {
    expect(reason).toMatchObject({ code: 'LOG_CLOSED' });
  }
  await expect(logOf(1000, { whenFull: 'later' })).rejects.toMatchObject({
    code: 'INVALID_SETTING',
  });
});

test('appends that wait for a disk that fails are told', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await engine.log('events', { pendingBytesMax: 1000, ...WAIT });
  await log.append({ value: 'kept' });
  world.disk.failNext({ op: 'datasync', code: 'EIO', path: /\.log$/ });
  const outcomes = await Promise.allSettled(
    Array.from({ length: 9 }, () => log.append({ value: VALUE })),
  );
  for (const { reason } of outcomes as PromiseRejectedResult[]) {
    expect(reason).toMatchObject({ code: 'STORAGE_OFFLINE' });
  }
  await engine.close();
});

test.each(Array.from({ length: 20 }, (_, at) => at))(
  'whatever became of appends, all of the room comes back, seed %i',
  async (seed) => {
    const random = seededRandom(seed);
    const whenFull = seed % 2 === 0 ? 'reject' : 'wait';
    const world = newWorld();
    const engine = await openWorld(world);
    const log = await engine.log('events', {
      pendingBytesMax: 2000,
      maxBatchBytes: 1000,
      whenFull,
    });
    for (let round = 0; round < 10; round++) {
      if (random.next() < 0.3) {
        world.disk.failNext({ op: 'writevSync', code: 'ENOSPC', path: /\.log$/ });
      }
      const calls = Array.from({ length: 12 }, () => {
        const value = 'x'.repeat(Math.floor(random.next() * 1200));
        const options = random.next() < 0.3 ? { expectedOffset: 3 } : {};
        if (random.next() < 0.2) return log.appendBatch(Buffer.from(value), options);
        const count = 1 + Math.floor(random.next() * 3);
        return log.append(Array(count).fill({ value }), options);
      });
      await Promise.allSettled(calls);
      // Fills the room to the last byte that it can have; a lost one would refuse the second.
      const value = 'y'.repeat(900);
      const filling = await Promise.allSettled([log.append({ value }), log.append({ value })]);
      const codes = filling.map((one) => (one.status === 'rejected' ? one.reason.code : 'kept'));
      expect(codes).not.toContain('APPENDS_PENDING');
    }
    await engine.close();
  },
);
