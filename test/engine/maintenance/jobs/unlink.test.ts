import { expect, test } from 'vitest';
import { unlinkFiles, unlinkGently } from '../../../../engine/maintenance/jobs/unlink.js';
import { forwarding, forwardingFile } from '../../../support/forwarding-disk.js';
import { restingClock } from '../../../support/resting-clock.js';
import { SimDisk } from '../../../support/sim-disk.js';

function diskWith(sizes: Record<string, number>): SimDisk {
  const disk = new SimDisk();
  disk.mkdirSync('/data');
  for (const [name, size] of Object.entries(sizes)) {
    disk.openSync(`/data/${name}`, 'create').writevSync([Buffer.alloc(size)], 0);
  }
  return disk;
}

test('files are gone, missing ones count for nothing, and the bytes are those that went', async () => {
  const disk = diskWith({ a: 10, b: 5, c: 1 });
  const paths = ['/data/a', '/data/none', '/data/b'];
  expect(await unlinkFiles(disk, { paths })).toEqual({ bytes: 15 });
  expect(await disk.readdir('/data')).toEqual(['c']);
  expect(await unlinkFiles(disk, { paths })).toEqual({ bytes: 0 });
});

test('a file that cannot be unlinked ends the job with the error of the disk', async () => {
  const disk = diskWith({ a: 10, b: 5, c: 1 });
  disk.failNext({ op: 'unlink', path: /b$/, code: 'EIO' });
  const paths = ['/data/a', '/data/b', '/data/c'];
  await expect(unlinkFiles(disk, { paths })).rejects.toMatchObject({ code: 'EIO' });
  expect((await disk.readdir('/data')).sort()).toEqual(['b', 'c']);
});

test('a file that vanishes under the job counts for nothing', async () => {
  const disk = diskWith({ a: 10, b: 5 });
  disk.failNext({ op: 'unlink', path: /a$/, code: 'ENOENT' });
  expect(await unlinkFiles(disk, { paths: ['/data/a', '/data/b'] })).toEqual({ bytes: 5 });
});

/**
 * A disk on which an unlink takes `tookMs`, and a clock that goes on by itself while a job rests.
 */
function worldWith(sim: SimDisk, tookMs: number) {
  const { clock, resting, rests } = restingClock();
  const asked = { stop: false };
  const disk = {
    ...forwarding(sim),
    unlink: (path: string) => {
      clock.advance(tookMs);
      return sim.unlink(path);
    },
  };
  return { world: { disk, clock: resting, isStopping: () => asked.stop }, rests, asked };
}

const paths = Array.from({ length: 6 }, (_, at) => `/data/${at}`);
const six = (): SimDisk => diskWith(Object.fromEntries(paths.map((_, at) => [at, 1])));

test('beside logs that are being synced there is a rest between files, four times as long as the one before took', async () => {
  const disk = six();
  const { world, rests } = worldWith(disk, 2);
  expect(await unlinkGently(world, { paths })).toEqual({ bytes: 6 });
  expect(rests).toEqual([8, 8, 8, 8, 8]);
  expect(await disk.readdir('/data')).toEqual([]);
});

test('rests of less than a millisecond are saved up, and none is longer than a tenth of a second', async () => {
  const quick = worldWith(six(), 0.125);
  await unlinkGently(quick.world, { paths });
  expect(quick.rests).toEqual([1, 1]);
  const slow = worldWith(six(), 1000);
  await unlinkGently(slow.world, { paths });
  expect(slow.rests).toEqual([100, 100, 100, 100, 100]);
});

test('a runner that is being closed gets what is left without rests', async () => {
  const disk = six();
  const { world, rests, asked } = worldWith(disk, 1);
  const { schedule } = world.clock;
  world.clock.schedule = (ms, done) => {
    asked.stop = true;
    return schedule(ms, done);
  };
  expect(await unlinkGently(world, { paths })).toEqual({ bytes: 6 });
  expect(rests).toEqual([4]);
});

test('large files that are not open are cut down piece by piece before they go, if that is asked for', async () => {
  const MIB = 2 ** 20;
  const disk = diskWith({ small: 4 * MIB, large: 9 * MIB });
  const { world } = worldWith(disk, 1);
  const cuts: string[] = [];
  const open = world.disk.open.bind(world.disk);
  world.disk.open = async (path, mode) => {
    const file = await open(path, mode);
    return {
      ...forwardingFile(file),
      truncate: async (size: number) => {
        cuts.push(`${path} ${size / MIB}`);
        await file.truncate(size);
      },
    };
  };
  const files = { paths: ['/data/small', '/data/large'] };
  expect(await unlinkGently(world, { ...files, cutsDown: true })).toEqual({ bytes: 13 * MIB });
  expect(cuts).toEqual(['/data/large 8', '/data/large 4']);
  expect(await disk.readdir('/data')).toEqual([]);
});
