import { describe, expect, it } from 'vitest';
import { DataDirectory } from '../../../engine/disk/data-directory.js';
import { SimDisk } from '../../support/sim-disk.js';

describe('a data directory', () => {
  it('goes offline once, for good, with the first reason', () => {
    const directory = new DataDirectory('/data', new SimDisk());
    const heard: string[] = [];
    directory.onOffline((failure) => heard.push(failure.message));
    directory.assertOnline();
    expect(directory.failure).toBeNull();

    const cause = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
    const first = directory.fail('cannot sync /data/a-0/00.log', cause);
    expect(first).toMatchObject({ code: 'STORAGE_OFFLINE', cause, path: '/data' });
    expect(first.message).toBe(
      '/data is offline until a restart: cannot sync /data/a-0/00.log: EIO: i/o error, fdatasync',
    );
    expect(directory.fail('cannot write', new Error('again'))).toBe(first);
    expect(() => directory.assertOnline()).toThrow(first);
    expect(heard).toEqual([first.message]);
  });

  it('tells late listeners at once, and those that left never', () => {
    const directory = new DataDirectory('/data', new SimDisk());
    const heard: string[] = [];
    const leave = directory.onOffline(() => heard.push('left'));
    leave();
    directory.fail('cannot write', 'no reason given');
    directory.onOffline(() => heard.push('late'));
    expect(heard).toEqual(['late']);
  });

  it('asks for asynchronous writes after a stall', () => {
    const directory = new DataDirectory('/data', new SimDisk());
    expect(directory.writesAsynchronously).toBe(false);
    directory.noteWrite(80);
    expect(directory.writesAsynchronously).toBe(true);
    for (let count = 0; count < 16; count++) directory.noteWrite(1);
    expect(directory.writesAsynchronously).toBe(false);
  });

  it('lets go of what the disk holds open for it', () => {
    const released: string[] = [];
    const disk = Object.assign(new SimDisk(), {
      releaseFileSystem: (root: string) => void released.push(root),
    });
    new DataDirectory('/data', disk).close();
    expect(released).toEqual(['/data']);
  });
});
