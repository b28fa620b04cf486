import { expect, test } from 'vitest';
import type { Log } from '../../../../engine/log/log.js';
import { batchOf, readValues } from '../../../support/batches.js';
import {
  killProcess,
  newWorld,
  openLog,
  openWorld,
  stopCleanly,
} from '../../../support/sim-engine.js';

const DAY_MS = 24 * 3_600_000;

test('deletions at the same time take turns', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine);
  await log.append(batchOf(['a', 'b', 'c', 'd', 'e']));
  expect(await Promise.all([1, 4, 2, 3].map((offset) => log.deleteBefore(offset)))).toEqual([
    1, 4, 4, 4,
  ]);
  expect(engine.failure).toBeNull();
  const reopened = await openLog(await openWorld(killProcess(world)));
  expect([...(await readValues(reopened))]).toEqual([[4, 'e']]);
});

test('retention, deletion, truncation and appends at the same time leave one log', async () => {
  const world = newWorld();
  const log = await openLog(await openWorld(world), { segmentBytes: 250, retentionMs: DAY_MS });
  for (let at = 0; at < 12; at++) await log.append(batchOf(`value ${at}`));
  world.clock.advance(2 * DAY_MS);
  const timestamp = world.clock.wallMs();
  await Promise.all([
    log.append(batchOf('young', { timestamp })),
    log.deleteBefore(5),
    log.truncateTo(13, { evenCommitted: true }),
    log.maintenance.applyRetention(),
    log.maintenance.roll(),
    log.append(batchOf('younger', { timestamp })),
    log.maintenance.applyRetention(),
  ]);
  const values = await readValues(log);
  expect(values.get(12)).toBe('young');
  expect(values.get(13)).toBe('younger');
  const reopened = await openLog(await openWorld(killProcess(world)));
  expect(await readValues(reopened)).toEqual(values);
});

test('where retention has left off is found again, whichever renames a crash undid', async () => {
  const world = newWorld();
  const log = await openLog(await openWorld(world), { segmentBytes: 250, retentionMs: DAY_MS });
  for (let at = 0; at < 12; at++) await log.append(batchOf(`value ${at}`));
  world.clock.advance(2 * DAY_MS);
  await log.append(batchOf('young', { timestamp: world.clock.wallMs() }));
  await log.maintenance.applyRetention();
  const start = log.logStartOffset;
  expect(start).toBeGreaterThan(0);
  const next = killProcess(world);
  // The first segment's file is back under its name, the second's is not.
  const first = '/data/events-0/00000000000000000000.log';
  await next.disk.rename(`${first}.deleted`, first);
  const reopened = await openLog(await openWorld(next));
  expect(reopened.logStartOffset).toBe(start);
  expect([...(await readValues(reopened)).values()].at(-1)).toBe('young');
});

test('the epoch of a log of which everything was deleted is known after a reopen', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine);
  await log.append(batchOf(['a', 'b']));
  await log.deleteBefore(2);
  expect(log.epochs.endOf(0)).toEqual({ leaderEpoch: 0, endOffset: 2 });
  const reopened = await openLog(await openWorld(await stopCleanly(world, engine)));
  expect(reopened.epochs.endOf(0)).toEqual({ leaderEpoch: 0, endOffset: 2 });
});

test('an epoch is known of an empty log also after a write to it has failed', async () => {
  const world = newWorld();
  const log = await openLog(await openWorld(world));
  await log.append(batchOf(['a', 'b']));
  await log.deleteBefore(2);
  world.disk.failNext({ op: 'writevSync', path: /\.log$/, code: 'ENOSPC' });
  await expect(log.append(batchOf('c'))).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  expect(log.epochs.endOf(0)).toEqual({ leaderEpoch: 0, endOffset: 2 });
});

test('what a reader has open stays readable after its segment was deleted', async () => {
  const world = newWorld();
  const log = (await openLog(await openWorld(world), { fileDeleteDelayMs: 0 })) as Log;
  await log.append(batchOf('value'));
  const { slice } = log.read({
    offset: 0,
    maxBytes: 1000,
    minOneBatch: true,
    isolation: 'log-end',
  });
  const before = Buffer.from(await slice!.bytes());
  await log.deleteBefore(1);
  world.clock.advance(1);
  expect(await slice!.bytes()).toEqual(before);
  slice!.release();
});
