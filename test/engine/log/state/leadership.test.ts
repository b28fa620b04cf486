import { describe, expect, test } from 'vitest';
import { leaderEpoch } from '../../../../engine/batch/header.js';
import type { PartitionLog } from '../../../../engine/index.js';
import { batchOf, readValues, turns } from '../../../support/batches.js';
import { readBatchesOf } from '../../../support/keyed.js';
import {
  cutPower,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  type SimWorld,
  stopCleanly,
} from '../../../support/sim-engine.js';

const at = (baseOffset: number, epoch: number) => batchOf('v', { baseOffset, leaderEpoch: epoch });

describe('a log that leads', () => {
  test('stamps the epoch it was given, and tells it to those who ask', async () => {
    const log = await openLog(await openWorld(newWorld()));
    await log.append(batchOf('a'));
    log.epochs.lead(4);
    expect([log.epochs.current, log.epochs.at(0), log.epochs.at(1)]).toEqual([4, 0, 4]);
    expect(log.epochs.endOf(4)).toEqual({ leaderEpoch: 4, endOffset: 1 });
    await log.append(batchOf('b'));
    expect((await readBatchesOf(log)).map((batch) => leaderEpoch(batch))).toEqual([0, 4]);
    expect(log.epochs.endOf(2)).toEqual({ leaderEpoch: 0, endOffset: 1 });
  });

  test('leads with no epoch that it, its directory or one of its batches has seen', async () => {
    let world = newWorld();
    await openWorld(world);
    for (let crash = 0; crash < 3; crash++) {
      world = killProcess(world);
      await openWorld(world);
    }
    world = killProcess(world);
    world = await stopCleanly(world, await openWorld(world));
    const log = await openLog(await openWorld(world));
    expect(log.epochs.current).toBe(4);
    const refused = (epoch: number) =>
      expect(() => log.epochs.lead(epoch)).toThrow(
        expect.objectContaining({ code: 'STALE_LEADER_EPOCH' }),
      );
    refused(3);
    refused(Number.NaN);
    log.epochs.lead(4);
    log.epochs.lead(6);
    refused(5);
    log.epochs.follow();
    refused(6);
    await log.append(at(0, 9), 'replica');
    refused(9);
    log.epochs.lead(10);
    expect(log.epochs.current).toBe(10);
  });

  test('takes nothing of another leader, and one that follows nothing of anybody else', async () => {
    const log = await openLog(await openWorld(newWorld()));
    log.epochs.lead(1);
    await expect(log.append(at(0, 2), 'replica')).rejects.toMatchObject({ code: 'NOT_FOLLOWER' });
    log.epochs.follow();
    expect([log.epochs.current, log.epochs.at(0)]).toEqual([-1, -1]);
    for (const origin of ['client', 'built', 'coordinator'] as const) {
      await expect(log.append(batchOf('a'), origin)).rejects.toMatchObject({ code: 'NOT_LEADER' });
    }
    await log.append(at(0, 2), 'replica');
    log.epochs.lead(3);
    await log.append(batchOf('b'));
    expect(log.logEndOffset).toBe(2);
  });

  test('gives no place to a batch whose turn comes when it follows', async () => {
    const log = await openLog(await openWorld(newWorld()), { validate: 'records' });
    log.epochs.lead(1);
    const before = log.append(batchOf('a'));
    log.epochs.follow();
    const copied = log.append(at(0, 2), 'replica');
    await expect(before).rejects.toMatchObject({ code: 'NOT_LEADER' });
    await copied;
    expect((await readBatchesOf(log)).map((batch) => leaderEpoch(batch))).toEqual([2]);
  });
});

describe('epochs that do not rise', () => {
  async function everyEnd(world: SimWorld): Promise<SimWorld[]> {
    const copy = (from: SimWorld) => ({ ...from, disk: from.disk.kill() });
    return [killProcess(copy(world)), cutPower(copy(world))];
  }

  /** Seals what is there: a checkpoint is written that knows of epochs that rise. */
  async function checkpointed(log: PartitionLog): Promise<void> {
    await log.maintenance.roll();
    await turns(50);
  }

  test('of a leader are no damage, now or after a crash', async () => {
    const world = newWorld();
    const log = await openLog(await openWorld(world), { flush: 'ack' });
    log.epochs.follow();
    await log.append(at(0, 3), 'replica');
    await checkpointed(log);
    await log.append(Buffer.concat([at(1, 7), at(2, 1)]), 'replica');
    await log.append(at(3, 2), 'replica');
    for (let offset = 0; offset < 4; offset++) {
      const request = { maxBytes: 1, minOneBatch: true, isolation: 'log-end' } as const;
      log.read({ offset, ...request }).slice!.release();
    }
    expect((await log.maintenance.scrub()).damaged).toBeNull();
    for (const next of await everyEnd(world)) {
      const again = await openLog(await openWorld(next));
      expect([...(await readValues(again)).keys()]).toEqual([0, 1, 2, 3]);
      expect((await again.maintenance.scrub()).damaged).toBeNull();
    }
  });

  test('of a log that was not told to follow, which then stamps its own', async () => {
    const world = newWorld();
    const log = await openLog(await openWorld(world), { flush: 'ack' });
    await log.append(at(0, 0), 'replica');
    await checkpointed(log);
    await log.append(at(1, 7), 'replica');
    await log.append(batchOf('mine'));
    expect((await readValues(log)).size).toBe(3);
    for (const next of await everyEnd(world)) {
      expect((await readValues(await openLog(await openWorld(next)))).size).toBe(3);
    }
  });

  test('of a log whose tail has a later epoch than its directory, however often it crashes', async () => {
    let world = newWorld();
    const log = await openLog(await openWorld(world), { flush: 'ack' });
    log.epochs.follow();
    await log.append(at(0, 0), 'replica');
    await checkpointed(log);
    await log.append(at(1, 7), 'replica');
    for (let crash = 1; crash < 4; crash++) {
      world = killProcess(world);
      const again = await openLog(await openWorld(world), { flush: 'ack' });
      await again.append(batchOf('mine'));
      expect((await readValues(again)).size).toBe(crash + 2);
    }
  });
});
