import { expect, test } from 'vitest';
import { batchOf } from '../../../support/batches.js';
import { killProcess, newWorld, openLog, openWorld } from '../../../support/sim-engine.js';

test('the epoch of a leader has begun at the log end before anything is written in it', async () => {
  const world = newWorld();
  const log = await openLog(await openWorld(world));
  expect(log.epochAt(0)).toBe(0);
  expect(log.endOfEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 0 });
  expect(log.endOfEpoch(1)).toEqual({ leaderEpoch: -1, endOffset: -1 });
  await log.append(batchOf(['a', 'b']));
  expect([log.epochAt(1), log.epochAt(2)]).toEqual([0, 0]);
});

test('a reader at the end of an idle log finds its place after any number of crashes', async () => {
  let world = newWorld();
  const log = await openLog(await openWorld(world));
  await log.append(batchOf(['a', 'b']));
  for (let crash = 1; crash <= 3; crash++) {
    world = killProcess(world);
    const reopened = await openLog(await openWorld(world));
    expect(reopened.epochAt(2)).toBe(crash);
    // What readers were told before the crash, and what they are told now.
    expect(reopened.endOfEpoch(crash)).toEqual({ leaderEpoch: crash, endOffset: 2 });
    for (let before = 1; before < crash; before++) {
      expect(reopened.endOfEpoch(before)).toEqual({ leaderEpoch: 0, endOffset: 2 });
    }
    expect(reopened.endOfEpoch(crash + 1)).toEqual({ leaderEpoch: -1, endOffset: -1 });
  }
});
