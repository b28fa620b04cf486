import { expect, test } from 'vitest';
import type { Log } from '../../../../engine/log/log.js';
import { batchOf, readValues, turns } from '../../../support/batches.js';
import type { SimDisk } from '../../../support/sim-disk.js';
import { cutPower, newWorld, openLog, openWorld } from '../../../support/sim-engine.js';
import type { PendingOperation } from '../../../support/sim-queue.js';

async function pendingSync(disk: SimDisk): Promise<PendingOperation> {
  for (let turn = 0; turn < 50; turn++) {
    const sync = disk.pending.find(({ kind }) => kind === 'datasync');
    if (sync) return sync;
    await turns();
  }
  throw new Error('no sync was submitted');
}

test('what was written after a round was submitted is not promised by it, and is by the next', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = (await openLog(engine, { flush: 'ack' })) as Log;
  await log.append(batchOf('first'));
  await turns(20);
  world.disk.hold();
  const covered = log.append(batchOf('covered'));
  const sync = await pendingSync(world.disk);
  let isPromised = false;
  const later = log.append(batchOf('later')).then(() => {
    isPromised = true;
  });
  await turns(10);
  expect([log.state.offsets.written.offset, isPromised]).toEqual([3, false]);
  sync.run();
  await covered;
  await pendingSync(world.disk);
  expect([log.durableEndOffset, isPromised]).toEqual([2, false]);
  world.disk.release();
  await later;
  expect(log.durableEndOffset).toBe(3);
  const reopened = await openLog(await openWorld(cutPower(world)), { flush: 'ack' });
  expect([...(await readValues(reopened)).values()]).toEqual(['first', 'covered', 'later']);
});
