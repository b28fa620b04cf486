import { expect, test } from 'vitest';
import { DataDirectory } from '../../../../engine/disk/data-directory.js';
import { FilePool } from '../../../../engine/disk/file-pool.js';
import type { Log } from '../../../../engine/log/log.js';
import { SyncRounds } from '../../../../engine/log/shared/sync-rounds.js';
import { newCounters } from '../../../../engine/metrics.js';
import { batchOf, readValues, turns } from '../../../support/batches.js';
import type { SimDisk } from '../../../support/sim-disk.js';
import { cutPower, newWorld, openLog, openWorld, SIM_ROOT } from '../../../support/sim-engine.js';
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

test('a round that fails rejects those who wait for it, those who wait for the next one, and all later ones', async () => {
  const { disk, clock } = newWorld({ syncFileSystem: false });
  await disk.mkdir(SIM_ROOT);
  const rounds = new SyncRounds(new DataDirectory(SIM_ROOT, disk), clock, newCounters());
  const target = { captureSync: () => ({ files: [], folders: [SIM_ROOT], done: () => {} }) };
  disk.hold();
  disk.failNext({ op: 'syncDirectory', code: 'EIO' });
  const waiting = [rounds.flush([target])];
  await turns(3);
  expect(disk.pending.map(({ kind }) => kind)).toEqual(['syncDirectory']);
  waiting.push(rounds.flush([target]));
  const rejected = waiting.map((each) =>
    expect(each).rejects.toMatchObject({ code: 'STORAGE_OFFLINE' }),
  );
  disk.release();
  await Promise.all(rejected);
  await expect(rounds.flush([])).rejects.toMatchObject({ code: 'STORAGE_OFFLINE' });
});

test('a file that is let go while its sync is under way is closed behind it', async () => {
  const { disk, clock } = newWorld({ syncFileSystem: false });
  await disk.mkdir(SIM_ROOT);
  const file = new FilePool(disk, { openMax: 1 }).file(`${SIM_ROOT}/0.log`);
  file.createSync();
  file.writevSync([Buffer.from('written')], 0);
  const rounds = new SyncRounds(new DataDirectory(SIM_ROOT, disk), clock, newCounters());
  disk.hold();
  const target = { captureSync: () => ({ files: [file], folders: [], done: () => {} }) };
  const synced = rounds.flush([target]);
  await turns(3);
  const closing = file.forget();
  await turns(3);
  expect(disk.pending.map(({ kind }) => kind)).toEqual(['datasync']);
  disk.release();
  await Promise.all([synced, closing]);
  expect(disk.openCount).toBe(0);
});
