import { describe, expect, test } from 'vitest';
import type { Disk } from '../../../engine/disk/disk.js';
import { HeldFilesDisk } from '../../../engine/disk/held-files.js';
import { forPlatform, nodeDisk } from '../../../engine/disk/node-disk.js';
import { LIMITS } from '../../../engine/limits.js';
import { restingClock } from '../../support/resting-clock.js';
import { SimDisk } from '../../support/sim-disk.js';
import { WindowsDisk } from '../../support/windows-disk.js';

async function world(letGo: () => Promise<void> = async () => {}) {
  const below = new SimDisk();
  const windows = new WindowsDisk(below);
  const { resting, rests } = restingClock();
  const clock = {
    ...resting,
    schedule: (ms: number, run: () => void) => {
      void letGo().then(() => resting.schedule(ms, run));
      return { cancel: () => {} };
    },
  };
  const disk = new HeldFilesDisk(windows, clock);
  await disk.mkdir('/data');
  return { disk, windows, rests };
}

async function write(disk: Disk, path: string, text: string) {
  const file = await disk.open(path, 'create');
  file.writevSync([Buffer.from(text)], 0);
  return file;
}

describe('on a disk that refuses what Windows refuses', () => {
  test('a rename onto an open file takes its place, and readers keep what they had', async () => {
    const { disk, windows } = await world();
    const old = await write(disk, '/data/a', 'old');
    await (await write(disk, '/data/b', 'new')).close();
    await disk.rename('/data/b', '/data/a');
    expect(windows.refused.renameOnto).toBe(1);
    expect((await disk.readFile('/data/a')).toString()).toBe('new');
    const into = Buffer.alloc(3);
    old.readSync(into, 0);
    expect(into.toString()).toBe('old');
    await old.close();
  });

  test('an unlink waits until the file is let go, and gives up after a bound', async () => {
    let close = async (): Promise<void> => {};
    const { disk, rests } = await world(() => close());
    const held = await write(disk, '/data/a', 'x');
    await expect(disk.unlink('/data/a')).rejects.toMatchObject({ code: 'EBUSY' });
    const waited = rests.reduce((sum, ms) => sum + ms, 0);
    expect(waited).toBeGreaterThanOrEqual(LIMITS.heldFileWaitMs);
    expect(Math.max(...rests)).toBe(LIMITS.heldFileRetryMsMax);
    close = async () => {
      close = async () => {};
      await held.close();
    };
    await disk.unlink('/data/a');
    expect(await disk.stat('/data/a')).toBeNull();
  });

  test('a sync of a folder does nothing, and its other failures count', async () => {
    const { disk, windows } = await world();
    await disk.syncDirectory('/data');
    expect(windows.refused.syncDirectory).toBe(1);
    const failing = new SimDisk();
    await failing.mkdir('/data');
    failing.failNext({ op: 'syncDirectory', code: 'EIO' });
    const other = new HeldFilesDisk(failing, restingClock().resting);
    await expect(other.syncDirectory('/data')).rejects.toMatchObject({ code: 'EIO' });
  });

  test('what is not held fails at once', async () => {
    const { disk, rests } = await world();
    await expect(disk.unlink('/data/none')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(disk.rename('/data/none', '/data/b')).rejects.toMatchObject({ code: 'ENOENT' });
    expect(rests).toEqual([]);
  });
});

test('the disk bears that on Windows alone', () => {
  expect(forPlatform(nodeDisk, 'win32')).toBeInstanceOf(HeldFilesDisk);
  expect(forPlatform(nodeDisk, 'linux')).toBe(nodeDisk);
});
