import { expect, test } from 'vitest';
import { batchOf } from '../../../support/batches.js';
import { killProcess, newWorld, openLog, openWorld } from '../../../support/sim-engine.js';

test('the epoch of a leader has begun at the log end before anything is written in it', async () => {
  const world = newWorld();
  const log = await openLog(await openWorld(world));
  expect(log.epochs.at(0)).toBe(0);
  expect(log.epochs.endOf(0)).toEqual({ leaderEpoch: 0, endOffset: 0 });
  expect(log.epochs.endOf(1)).toEqual({ leaderEpoch: -1, endOffset: -1 });
  await log.append(batchOf(['a', 'b']));
  expect([log.epochs.at(1), log.epochs.at(2)]).toEqual([0, 0]);
});

test('a reader at the end of an idle log finds its place after any number of crashes', async () => {
  let world = newWorld();
  const log = await openLog(await openWorld(world));
  await log.append(batchOf(['a', 'b']));
  for (let crash = 1; crash <= 3; crash++) {
    world = killProcess(world);
    const reopened = await openLog(await openWorld(world));
    expect(reopened.epochs.at(2)).toBe(crash);
    // What readers were told before the crash, and what they are told now.
    expect(reopened.epochs.endOf(crash)).toEqual({ leaderEpoch: crash, endOffset: 2 });
    for (let before = 1; before < crash; before++) {
      expect(reopened.epochs.endOf(before)).toEqual({ leaderEpoch: 0, endOffset: 2 });
    }
    expect(reopened.epochs.endOf(crash + 1)).toEqual({ leaderEpoch: -1, endOffset: -1 });
  }
});
