import { expect, test } from 'vitest';
import { batchOf, readValues, turns } from '../../support/batches.js';
import {
  cutPower,
  folderOf,
  newWorld,
  openLog,
  openWorld,
  settings,
  stopCleanly,
} from '../../support/sim-engine.js';

test('a flush covers appends whose records are still being checked', async () => {
  const world = newWorld();
  const log = await openLog(await openWorld(world), { flush: 'os', validate: 'records' });
  const appended = log.append(batchOf('value'));
  await log.flush();
  expect(log.durableEndOffset).toBe(1);
  await appended;
});

test('an append that was called before a close is kept, one that comes during it is refused', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine, { flush: 'os' });
  const kept = log.append(batchOf('kept'));
  const stopping = stopCleanly(world, engine);
  await turns(1);
  const late = expect(log.append(batchOf('late'))).rejects.toMatchObject({ code: 'LOG_CLOSED' });
  const cut = expect(log.truncateTo(0, { evenCommitted: true })).rejects.toMatchObject({
    code: 'LOG_CLOSED',
  });
  await kept;
  await Promise.all([late, cut]);
  const reopened = await openLog(await openWorld(await stopping));
  expect([...(await readValues(reopened)).values()]).toEqual(['kept']);
});

test('a close waits for the truncation that runs', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine, { segmentBytes: 250 });
  for (let at = 0; at < 9; at++) await log.append(batchOf(`value ${at}`));
  const truncated = log.truncateTo(2, { evenCommitted: true });
  const next = await stopCleanly(world, engine);
  await truncated;
  const reopened = await openLog(await openWorld(next));
  expect([...(await readValues(reopened)).values()]).toEqual(['value 0', 'value 1']);
});

test('an append that was promised a sync gets it, also when the setting is weakened meanwhile', async () => {
  const world = newWorld();
  const log = await openLog(await openWorld(world));
  world.disk.hold();
  let isAnswered = false;
  const promised = log.append(batchOf('promised')).then(() => {
    isAnswered = true;
  });
  await turns(2);
  log.updateSettings(settings({ flush: 'os' }));
  await log.append(batchOf('not promised'));
  await turns(5);
  expect(isAnswered).toBe(false);
  world.disk.release();
  await promised;
  expect(log.durableEndOffset).toBeGreaterThanOrEqual(1);
});

test('of two segments in one round the older is synced first, so that no later one is whole without it', async () => {
  for (let turn = 0; turn < 20; turn++) {
    const world = newWorld({ syncFileSystem: false });
    const log = await openLog(await openWorld(world), { flush: 'os' });
    await log.append(batchOf('older'));
    await log.maintenance.roll();
    await log.append(batchOf('newer'));
    log.flush().catch(() => {});
    await turns(turn);
    const found = await readValues(await openLog(await openWorld(cutPower(world))));
    expect(['older', 'newer']).toEqual(expect.arrayContaining([...found.values()]));
    if (found.size > 0) expect(found.get(0)).toBe('older');
  }
});

test('where only the empty file of a later segment is left, the log goes on there: no offset is given out twice', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine, { flush: 'os' });
  await log.append(batchOf(['lost', 'lost']));
  await log.maintenance.roll();
  // The power fails before any sync; of all names only the second segment's was written back.
  const next = cutPower(world);
  await next.disk.mkdir(folderOf());
  await (await next.disk.open(`${folderOf()}/00000000000000000002.log`, 'create')).close();
  const reopened = await openLog(await openWorld(next));
  expect([reopened.logStartOffset, reopened.logEndOffset]).toEqual([2, 2]);
  await reopened.append(batchOf('first'));
  expect([...(await readValues(reopened))]).toEqual([[2, 'first']]);
});
