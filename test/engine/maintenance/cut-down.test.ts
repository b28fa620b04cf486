import { linkSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeDisk } from '../../../engine/disk/node-disk.js';
import { ManualClock } from '../../../engine/index.js';
import { cutDown } from '../../../engine/maintenance/cut-down.js';
import { forwardingFile } from '../../support/forwarding-disk.js';
import { restingClock } from '../../support/resting-clock.js';
import { SimDisk } from '../../support/sim-disk.js';

const MIB = 2 ** 20;

/** A file each cut of which takes `cutMs`, on a clock that goes on by itself during a rest. */
function fileOf(size: number, cutMs: number) {
  const disk = new SimDisk();
  const file = disk.openSync('/a', 'create');
  if (size > 0) file.writevSync([Buffer.alloc(size)], 0);
  const { clock, resting, rests } = restingClock();
  const cuts: number[] = [];
  const slow = {
    ...forwardingFile(file),
    truncate: async (left: number) => {
      cuts.push(left);
      clock.advance(cutMs);
      await file.truncate(left);
    },
  };
  return { disk, file, slow, resting, cuts, rests };
}

const never = (): boolean => false;

test('a large file is cut at multiples of 4 MiB from its end, and the rests are four times as long as the work', async () => {
  const { slow, resting, cuts, rests } = fileOf(13 * MIB + 77, 2);
  await cutDown(slow, resting, never);
  expect(cuts).toEqual([12 * MIB, 8 * MIB, 4 * MIB]);
  expect(rests).toEqual([8, 8, 8]);
});

test('rests of less than a millisecond are saved up, and none is longer than a tenth of a second', async () => {
  const quick = fileOf(41 * MIB, 0.125);
  await cutDown(quick.slow, quick.resting, never);
  expect(quick.cuts).toHaveLength(10);
  expect(quick.rests).toEqual([1, 1, 1, 1, 1]);
  const slow = fileOf(5 * MIB, 1000);
  await cutDown(slow.slow, slow.resting, never);
  expect(slow.rests).toEqual([100]);
});

test('a file of up to 4 MiB is left as it is', async () => {
  for (const size of [0, 1, 4 * MIB]) {
    const { slow, resting, cuts } = fileOf(size, 1);
    await cutDown(slow, resting, never);
    expect(cuts).toEqual([]);
  }
});

test('it ends when it is told to, and when the disk cannot cut, without an error', async () => {
  const told = fileOf(13 * MIB, 1);
  await cutDown(told.slow, told.resting, () => told.cuts.length === 1);
  expect(await told.file.size()).toBe(12 * MIB);
  const { disk, slow, resting, cuts } = fileOf(13 * MIB, 1);
  disk.failNext({ op: 'truncate', path: /a$/, code: 'EIO' });
  await cutDown(slow, resting, never);
  expect(cuts).toHaveLength(1);
});

test('a file with a second name is a copy and stays whole', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'odradek-cut-'));
  try {
    const path = join(folder, 'segment');
    writeFileSync(path, Buffer.alloc(9 * MIB));
    linkSync(path, join(folder, 'copy'));
    const file = nodeDisk.openSync(path, 'write');
    await cutDown(file, new ManualClock(), never);
    expect(statSync(path).size).toBe(9 * MIB);
    rmSync(join(folder, 'copy'));
    await cutDown(file, new ManualClock(), never);
    expect(statSync(path).size).toBe(4 * MIB);
    await file.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
