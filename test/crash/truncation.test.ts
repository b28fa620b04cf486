import { expect, test } from 'vitest';
import { LIMITS } from '../../engine/limits.js';
import { batchOf, readValues, turns } from '../support/batches.js';
import { cutPower, newWorld, openLog, openWorld } from '../support/sim-engine.js';
import { slowDisk } from './support/slow-disk.js';

test('an append that comes while the log is truncated is not cut off with the rest', async () => {
  const world = newWorld();
  const log = await openLog(await openWorld(world));
  for (const value of ['a', 'b', 'c']) await log.append(batchOf(value));
  const truncated = log.truncateTo(1, { evenCommitted: true });
  const appended = log.append(batchOf('d'));
  await truncated;
  expect(await appended).toMatchObject({ baseOffset: 1 });
  const expected = ['a', 'd'];
  expect([...(await readValues(log)).values()]).toEqual(expected);
  const reopened = await openLog(await openWorld(cutPower(world)));
  expect([...(await readValues(reopened)).values()]).toEqual(expected);
});

test('who waits for a sync below a truncation is answered, though the round began before it', async () => {
  const world = newWorld();
  const log = await openLog(await openWorld(world));
  await log.append(batchOf('a'));
  await turns(20);
  world.disk.hold();
  const kept = log.append(batchOf('b'));
  const cut = log.append(batchOf('c'));
  // Acknowledged before it was cut, or rejected; in no case left waiting.
  const cutSettled = Promise.allSettled([cut]);
  await turns(2);
  const truncated = log.truncateTo(2, { evenCommitted: true });
  await turns(2);
  world.disk.release();
  await truncated;
  expect(await kept).toMatchObject({ baseOffset: 1 });
  await cutSettled;
  expect([...(await readValues(log)).values()]).toEqual(['a', 'b']);
});

test('writes that are under way when a truncation comes are cut off with the rest', async () => {
  const world = newWorld();
  const slow = slowDisk(world);
  const log = await openLog(await openWorld(world, { wrap: () => slow.disk }), { flush: 'os' });
  slow.nextWriteTakes(LIMITS.writeStallMs + 1);
  await log.append(batchOf('a'));
  world.disk.hold();
  const cut = Promise.all([log.append(batchOf('b')), log.append(batchOf('c'))]);
  await turns(2);
  const truncated = log.truncateTo(1, { evenCommitted: true });
  await turns(2);
  world.disk.release();
  await Promise.all([cut, truncated]);
  expect(await log.append(batchOf('d'))).toMatchObject({ baseOffset: 1 });
  expect([...(await readValues(log)).values()]).toEqual(['a', 'd']);
});
