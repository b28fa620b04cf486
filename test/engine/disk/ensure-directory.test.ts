import { describe, expect, it } from 'vitest';
import { ensureDirectory, syncAncestors } from '../../../engine/disk/ensure-directory.js';
import { SimDisk } from '../../support/sim-disk.js';

describe('ensuring a folder', () => {
  it('creates every missing folder above it, durably', async () => {
    const disk = new SimDisk();
    disk.mkdirSync('/srv');
    await disk.syncDirectory('/');
    await ensureDirectory(disk, '/srv/a/b/c');
    expect(await disk.powerCut('strict').stat('/srv/a/b/c')).toMatchObject({ isDirectory: true });
  });

  it('does nothing where the folder is', async () => {
    const disk = new SimDisk();
    await ensureDirectory(disk, '/a');
    const before = disk.journal.length;
    await ensureDirectory(disk, '/a');
    expect(disk.journal.slice(before).map(({ kind }) => kind)).toEqual(['stat', 'stat']);
  });

  it('rejects where a file is in the way', async () => {
    const disk = new SimDisk();
    disk.openSync('/a', 'create');
    await expect(ensureDirectory(disk, '/a')).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(ensureDirectory(disk, '/a/b')).rejects.toMatchObject({ code: 'EEXIST' });
  });

  it('may be asked twice at once', async () => {
    const disk = new SimDisk();
    await Promise.all([ensureDirectory(disk, '/a/b'), ensureDirectory(disk, '/a/b')]);
    expect(await disk.powerCut('strict').readdir('/a')).toEqual(['b']);
  });
});

describe('syncing the names above a folder', () => {
  it('makes durable what a killed process created', async () => {
    const disk = new SimDisk();
    for (const path of ['/a', '/a/b', '/a/b/c']) disk.mkdirSync(path);
    await syncAncestors(disk, '/a/b/c');
    expect(await disk.powerCut('strict').readdir('/a/b')).toEqual(['c']);
  });

  it('passes over what may not be opened, and nothing else', async () => {
    const disk = new SimDisk();
    disk.mkdirSync('/a');
    disk.failNext({ op: 'syncDirectory', code: 'EACCES' });
    await syncAncestors(disk, '/a');
    disk.failNext({ op: 'syncDirectory', code: 'EIO' });
    await expect(syncAncestors(disk, '/a')).rejects.toMatchObject({ code: 'EIO' });
  });
});
