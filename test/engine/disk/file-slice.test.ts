import { describe, expect, it } from 'vitest';
import { AssertionError } from '../../../engine/assert.js';
import { FilePool } from '../../../engine/disk/file-pool.js';
import { FileSlice } from '../../../engine/disk/file-slice.js';
import type { LogFile } from '../../../engine/disk/log-file.js';
import { SimDisk } from '../../support/sim-disk.js';

async function newFile(): Promise<{ disk: SimDisk; pool: FilePool; file: LogFile }> {
  const disk = new SimDisk();
  const pool = new FilePool(disk, { openMax: 1 });
  const file = pool.file('/a');
  file.createSync();
  file.writevSync([Buffer.from('0123456789')], 0);
  await file.datasync();
  return { disk, pool, file };
}

describe('a file slice', () => {
  it('reads its own range and nothing beyond it', async () => {
    const { file } = await newFile();
    const slice = new FileSlice(file, 2, 5);
    expect((await slice.bytes()).toString()).toBe('23456');
    const into = Buffer.alloc(10, '.');
    expect(await slice.read(into, 3)).toBe(2);
    expect(slice.readSync(into.subarray(4), 0)).toBe(5);
    expect(into.toString()).toBe('56..23456.');
    expect(await slice.read(into, 5)).toBe(0);
    expect(slice.readSync(into, 5)).toBe(0);
    slice.release();
  });

  it('keeps the descriptor open and the same until it is released, once however often', async () => {
    const { pool, file } = await newFile();
    const slice = new FileSlice(file, 0, 10);
    const second = new FileSlice(file, 0, 1);
    const other = pool.file('/b');
    other.createSync();
    expect(file.isOpen).toBe(true);
    expect(file.pin()).toBe(slice.file);
    file.unpin();
    slice.release();
    slice.release();
    expect(file.isPinned).toBe(true);
    second.release();
    expect(file.isPinned).toBe(false);
  });

  it('lets a read that is running finish when it is released', async () => {
    const { disk, pool, file } = await newFile();
    const slice = new FileSlice(file, 0, 10);
    disk.hold();
    const reading = slice.bytes();
    slice.release();
    pool.file('/b').createSync();
    expect(file.isOpen).toBe(true);
    disk.release();
    expect((await reading).toString()).toBe('0123456789');
    expect(() => slice.readSync(Buffer.alloc(1), 0)).toThrow(AssertionError);
  });

  it('is shorter where the file was cut', async () => {
    const { file } = await newFile();
    const slice = new FileSlice(file, 2, 5);
    file.truncateSync(4);
    expect((await slice.bytes()).toString()).toBe('23');
    slice.release();
  });
});
