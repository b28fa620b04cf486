import { expect, test } from 'vitest';
import { ManualClock } from '../../../../engine/index.js';
import { unlinkGently } from '../../../../engine/maintenance/jobs/unlink.js';
import { forwarding, forwardingFile } from '../../../support/forwarding-disk.js';
import { SimDisk } from '../../../support/sim-disk.js';

const MIB = 2 ** 20;

/** A file of `size` bytes, each cut of which takes `cutMs` of a clock that goes on by itself while a job rests. */
function worldWith(size: number, cutMs: number, links = 1) {
  const sim = new SimDisk();
  sim.openSync('/a', 'create').writevSync([Buffer.alloc(size)], 0);
  const clock = new ManualClock();
  const cuts: number[] = [];
  const rests: number[] = [];
  const asked: { stop: boolean } = { stop: false };
  const disk = {
    ...forwarding(sim),
    stat: async (path: string) => {
      const found = await sim.stat(path);
      return found && { ...found, links };
    },
    unlink: (path: string) => {
      clock.advance(cutMs);
      return sim.unlink(path);
    },
    open: async (path: string, mode: 'write') => {
      const file = await sim.open(path, mode);
      return {
        ...forwardingFile(file),
        truncate: async (left: number) => {
          cuts.push(left);
          clock.advance(cutMs);
          await file.truncate(left);
        },
      };
    },
  } as ReturnType<typeof forwarding>;
  const resting = {
    monotonicMs: () => clock.monotonicMs(),
    schedule: (ms: number, done: () => void) => {
      rests.push(ms);
      const timer = clock.schedule(ms, done);
      clock.advance(ms);
      return timer;
    },
  };
  const world = { disk, clock: resting, isStopping: () => asked.stop };
  return { sim, world, cuts, rests, asked };
}

test('a large file is given back 4 MiB at a time from its end, and the rests are four times as long as the work', async () => {
  const { sim, world, cuts, rests } = worldWith(13 * MIB, 2);
  expect(await unlinkGently(world, { paths: ['/a'] })).toEqual({ bytes: 13 * MIB });
  expect(cuts).toEqual([9 * MIB, 5 * MIB, MIB]);
  expect(rests).toEqual([8, 8, 8, 8]);
  expect(await sim.stat('/a')).toBeNull();
});

test('rests of less than a millisecond are saved up, and none is longer than a tenth of a second', async () => {
  const quick = worldWith(41 * MIB, 0.125);
  await unlinkGently(quick.world, { paths: ['/a'] });
  expect(quick.cuts).toHaveLength(10);
  expect(quick.rests).toEqual([1, 1, 1, 1, 1]);
  const slow = worldWith(5 * MIB, 1000);
  await unlinkGently(slow.world, { paths: ['/a'] });
  expect(slow.rests).toEqual([100, 100]);
});

test('a small file, and one that has a second name, go in one step, and there is a rest after it', async () => {
  for (const { world, cuts, rests } of [worldWith(4 * MIB, 1), worldWith(13 * MIB, 1, 2)]) {
    await unlinkGently(world, { paths: ['/a'] });
    expect(cuts).toEqual([]);
    expect(rests).toEqual([4]);
  }
});

test('a job that is told to end leaves the rest of the file for the next open', async () => {
  const { sim, world, asked, cuts } = worldWith(13 * MIB, 1);
  const { schedule } = world.clock;
  world.clock.schedule = (ms, done) => {
    asked.stop = true;
    return schedule(ms, done);
  };
  await expect(unlinkGently(world, { paths: ['/a'] })).rejects.toMatchObject({ code: 'ABORTED' });
  expect(cuts).toEqual([9 * MIB]);
  expect((await sim.stat('/a'))?.size).toBe(9 * MIB);
  expect(sim.openCount).toBe(1);
});

test('a disk that cannot cut ends the job with its error, and the file stays', async () => {
  const { sim, world } = worldWith(13 * MIB, 1);
  sim.failNext({ op: 'truncate', path: /a$/, code: 'EIO' });
  await expect(unlinkGently(world, { paths: ['/a'] })).rejects.toMatchObject({ code: 'EIO' });
  expect((await sim.stat('/a'))?.size).toBe(13 * MIB);
});
