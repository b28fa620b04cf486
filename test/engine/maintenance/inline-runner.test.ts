import { expect, test } from 'vitest';
import { createInlineRunner } from '../../../engine/maintenance/inline-runner.js';
import { ANY_ORDER } from '../../support/any-order.js';
import { restingClock } from '../../support/resting-clock.js';
import { SimDisk } from '../../support/sim-disk.js';

test('jobs run on the disk that was given', async () => {
  const disk = new SimDisk();
  disk.openSync('/a', 'create').writevSync([Buffer.alloc(7)], 0);
  const runner = createInlineRunner(disk, restingClock().resting);
  expect(await runner.run('unlink', { paths: ['/a'] })).toEqual({ bytes: 7 });
  expect(await disk.stat('/a')).toBeNull();
  await expect(
    runner.run('scrub', { ...ANY_ORDER, path: '/a', baseOffset: 0, endPosition: 1 }),
  ).rejects.toMatchObject({ code: 'ENOENT' });
  await runner.close();
});

test('close waits for running jobs, and a closed runner takes no more', async () => {
  const disk = new SimDisk();
  disk.openSync('/a', 'create');
  disk.hold();
  const runner = createInlineRunner(disk, restingClock().resting);
  const job = runner.run('scrub', { ...ANY_ORDER, path: '/a', baseOffset: 0, endPosition: 0 });
  let isClosed = false;
  const closing = runner.close().then(() => {
    isClosed = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(isClosed).toBe(false);
  disk.release();
  expect(await job).toEqual({ batches: 0, nextOffset: 0, bad: null });
  await closing;
  await expect(runner.run('unlink', { paths: [] })).rejects.toThrow('closed');
});
