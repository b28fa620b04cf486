import { expect, test } from 'vitest';
import { newWorld, openWorld } from '../../support/sim-engine.js';
import { rejectionOf, valuesOf } from './open-logs.js';

test('a full disk fails what does not fit, and later appends work', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await engine.log('events');
  await log.append({ value: 'before' });
  world.disk.failNext({ op: 'writevSync', code: 'ENOSPC', path: /\.log$/ });
  const [one, two] = await Promise.all([
    rejectionOf(log.append({ value: 'lost' })),
    rejectionOf(log.append({ value: 'lost too' })),
  ]);
  expect([one.code, two.code]).toEqual(['STORAGE_FULL', 'STORAGE_FULL']);
  expect(await log.append({ value: 'after' })).toMatchObject({ baseOffset: 1 });
  expect(await valuesOf(log)).toEqual(['before', 'after']);
  await engine.close();
});

test('after a failed sync every caller is told, followers too', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await engine.log('events');
  await log.append({ value: 'v' });
  const records = log.follow({ from: 'end' });
  const waiting = rejectionOf(records.next());
  await new Promise(setImmediate);
  world.disk.failNext({ op: 'datasync', code: 'EIO', path: /\.log$/ });
  const failures = await Promise.all([rejectionOf(log.append({ value: 'w' })), waiting]);
  const late = [log.read({ offset: 0 }), log.append({ value: 'x' }), engine.log('other')];
  failures.push(...(await Promise.all(late.map(rejectionOf))));
  expect(failures.map(({ code }) => code)).toEqual(Array(5).fill('STORAGE_OFFLINE'));
  await log.close();
  await engine.close();
});
