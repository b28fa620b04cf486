import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Disk } from '../../../engine/disk/disk.js';
import { MemoryDisk } from '../../../engine/disk/memory-disk.js';
import { nodeDisk } from '../../../engine/disk/node-disk.js';
import { seededRandom } from '../../../engine/random.js';
import { SimDisk } from '../../support/sim-disk.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const bytes = (text: string): Buffer => Buffer.from(text);

interface Place {
  readonly disk: Disk;
  readonly root: string;
}

function simulated(disk: SimDisk): Place {
  disk.mkdirSync('/data');
  return { disk, root: '/data' };
}

function inMemory(): Place {
  const disk = new MemoryDisk();
  disk.mkdirSync('/data');
  return { disk, root: '/data' };
}

const places: [string, () => Place][] = [
  ['the real disk', () => ({ disk: nodeDisk, root: temporaryFolder() })],
  ['a disk in memory', () => inMemory()],
  ['a simulated disk', () => simulated(new SimDisk())],
  ['a simulated disk that reorders', () => simulated(new SimDisk({ random: seededRandom(7) }))],
];

describe.each(places)('%s', (_name, place) => {
  const code = (name: string): object => expect.objectContaining({ code: name });

  it('writes gathered buffers at a position and reads them back', async () => {
    const { disk, root } = place();
    const file = disk.openSync(join(root, 'a'), 'create');
    file.writevSync([bytes('hello '), bytes(''), bytes('world')], 0);
    await file.writev([bytes('W'), bytes('O')], 6);
    const into = Buffer.alloc(20, '.');
    expect(file.readSync(into, 3)).toBe(8);
    expect(into.toString()).toBe('lo WOrld............');
    expect(await file.read(into.subarray(0, 5), 0)).toBe(5);
    expect(into.toString('utf8', 0, 5)).toBe('hello');
    expect(await file.size()).toBe(11);
    await file.datasync();
    await file.close();
    expect((await disk.readFile(join(root, 'a'))).toString()).toBe('hello WOrld');
    expect(disk.readFileSync(join(root, 'a')).toString()).toBe('hello WOrld');
  });

  it('writes at the position asked for in append mode as well, and fills a gap with zeros', async () => {
    const { disk, root } = place();
    const file = await disk.open(join(root, 'a'), 'append');
    file.writevSync([bytes('abc')], 0);
    file.writevSync([bytes('X')], 1);
    file.writevSync([bytes('Z')], 5);
    await file.close();
    expect(disk.readFileSync(join(root, 'a')).toString('latin1')).toBe('aXc\0\0Z');
  });

  it('takes more buffers than one system call does', async () => {
    const { disk, root } = place();
    const many = Array.from({ length: 2500 }, (_, at) => Buffer.of(at % 251));
    const file = disk.openSync(join(root, 'a'), 'create');
    file.writevSync(many, 0);
    await file.writev(many, many.length);
    await file.close();
    const once = Buffer.concat(many);
    expect(disk.readFileSync(join(root, 'a'))).toEqual(Buffer.concat([once, once]));
  });

  it('reads nothing at and beyond the end', async () => {
    const { disk, root } = place();
    const file = disk.openSync(join(root, 'a'), 'create');
    file.writevSync([bytes('abc')], 0);
    expect(file.readSync(Buffer.alloc(4), 3)).toBe(0);
    expect(await file.read(Buffer.alloc(4), 9)).toBe(0);
    await file.close();
  });

  it('truncates, and what was cut does not come back when the file grows again', async () => {
    const { disk, root } = place();
    const file = disk.openSync(join(root, 'a'), 'create');
    file.writevSync([Buffer.alloc(10_000, 'x')], 0);
    file.truncateSync(5000);
    await file.truncate(3);
    file.writevSync([bytes('y')], 9000);
    await file.close();
    const expected = Buffer.alloc(9001);
    expected.write('xxx', 0);
    expected.write('y', 9000);
    expect(disk.readFileSync(join(root, 'a'))).toEqual(expected);
  });

  it('opens by mode', async () => {
    const { disk, root } = place();
    const path = join(root, 'a');
    expect(() => disk.openSync(path, 'read')).toThrow(code('ENOENT'));
    await expect(disk.open(path, 'write')).rejects.toEqual(code('ENOENT'));
    await disk.openSync(path, 'create').close();
    expect(() => disk.openSync(path, 'create')).toThrow(code('EEXIST'));
    const writer = disk.openSync(path, 'append');
    writer.writevSync([bytes('kept')], 0);
    await writer.close();
    await disk.openSync(path, 'append').close();
    const reader = await disk.open(path, 'read');
    expect(await reader.size()).toBe(4);
    expect(() => reader.writevSync([bytes('no')], 0)).toThrow(code('EBADF'));
    await reader.close();
  });

  it('makes, lists and removes folders', async () => {
    const { disk, root } = place();
    disk.mkdirSync(join(root, 'a'));
    await disk.mkdir(join(root, 'a', 'b'));
    expect(() => disk.mkdirSync(join(root, 'a'))).toThrow(code('EEXIST'));
    await expect(disk.mkdir(join(root, 'x', 'y'))).rejects.toEqual(code('ENOENT'));
    await disk.openSync(join(root, 'a', 'f'), 'create').close();
    expect((await disk.readdir(join(root, 'a'))).sort()).toEqual(['b', 'f']);
    await expect(disk.rmdir(join(root, 'a'))).rejects.toEqual(code('ENOTEMPTY'));
    await disk.rmdir(join(root, 'a', 'b'));
    await disk.syncDirectory(join(root, 'a'));
    expect(await disk.readdir(join(root, 'a'))).toEqual(['f']);
    await expect(disk.readdir(join(root, 'x'))).rejects.toEqual(code('ENOENT'));
  });

  it('says what a name stands for', async () => {
    const { disk, root } = place();
    const file = disk.openSync(join(root, 'a'), 'create');
    file.writevSync([bytes('abc')], 0);
    await file.close();
    expect(await disk.stat(join(root, 'a'))).toMatchObject({ size: 3, isDirectory: false });
    expect(await disk.stat(root)).toMatchObject({ isDirectory: true });
    expect(await disk.stat(join(root, 'x'))).toBeNull();
    expect(await disk.stat(join(root, 'a', 'below a file'))).toBeNull();
    const { totalBytes, freeBytes } = await disk.space(root);
    expect(freeBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
  });

  it('renames files over files, and folders with what is in them', async () => {
    const { disk, root } = place();
    for (const name of ['a', 'b']) {
      const file = disk.openSync(join(root, name), 'create');
      file.writevSync([bytes(name)], 0);
      await file.close();
    }
    await disk.rename(join(root, 'a'), join(root, 'b'));
    expect(disk.readFileSync(join(root, 'b')).toString()).toBe('a');
    expect(await disk.stat(join(root, 'a'))).toBeNull();
    disk.mkdirSync(join(root, 'd'));
    await disk.rename(join(root, 'b'), join(root, 'd', 'b'));
    await disk.rename(join(root, 'd'), join(root, 'e'));
    expect((await disk.readFile(join(root, 'e', 'b'))).toString()).toBe('a');
    await expect(disk.rename(join(root, 'x'), join(root, 'y'))).rejects.toEqual(code('ENOENT'));
  });

  it('keeps an unlinked file readable through an open descriptor', async () => {
    const { disk, root } = place();
    const file = disk.openSync(join(root, 'a'), 'create');
    file.writevSync([bytes('abc')], 0);
    await disk.unlink(join(root, 'a'));
    expect(() => disk.readFileSync(join(root, 'a'))).toThrow(code('ENOENT'));
    const into = Buffer.alloc(3);
    expect(file.readSync(into, 0)).toBe(3);
    expect(into.toString()).toBe('abc');
    await file.close();
    await expect(disk.unlink(join(root, 'a'))).rejects.toEqual(code('ENOENT'));
  });

  it('refuses a descriptor that was closed', async () => {
    const { disk, root } = place();
    const file = disk.openSync(join(root, 'a'), 'create');
    await file.close();
    await expect(file.datasync()).rejects.toEqual(code('EBADF'));
  });

  it('syncs a whole file system, again and again, where the platform can', async () => {
    const { disk, root } = place();
    const sync = disk.syncFileSystem;
    const expected = process.platform === 'linux' ? 'function' : typeof sync;
    expect(typeof sync).toBe(expected);
    const file = disk.openSync(join(root, 'a'), 'create');
    file.writevSync([bytes('abc')], 0);
    await Promise.all([sync?.(root), sync?.(root)]);
    disk.releaseFileSystem?.(root);
    await sync?.(root);
    const last = sync?.(root);
    disk.releaseFileSystem?.(root);
    await last;
    await file.close();
  });
});
