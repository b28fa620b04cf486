import { describe, expect, it } from 'vitest';
import { AssertionError } from '../../../engine/assert.js';
import { FilePool } from '../../../engine/disk/file-pool.js';
import type { LogFile } from '../../../engine/disk/log-file.js';
import { SimDisk } from '../../support/sim-disk.js';

const bytes = (text: string): Buffer => Buffer.from(text);

function newFile(path = '/a'): { disk: SimDisk; file: LogFile } {
  const disk = new SimDisk();
  const file = new FilePool(disk, { openMax: 4 }).file(path);
  file.createSync();
  return { disk, file };
}

describe('a log file', () => {
  it('is dirty from a write to the sync that covers it', async () => {
    const { file } = newFile();
    expect(file.isDirty).toBe(false);
    file.writevSync([bytes('a')], 0);
    expect(file.isDirty).toBe(true);
    await file.datasync();
    expect(file.isDirty).toBe(false);
    file.truncateSync(0);
    expect(file.isDirty).toBe(true);
  });

  it('stays dirty when bytes were written after the sync was submitted', async () => {
    const { file } = newFile();
    file.writevSync([bytes('a')], 0);
    const synced = file.datasync();
    file.writevSync([bytes('b')], 1);
    await synced;
    expect(file.isDirty).toBe(true);
  });

  it('stays dirty when a sync was submitted while an asynchronous write ran', async () => {
    const { disk, file } = newFile();
    disk.hold();
    const written = file.writev([bytes('a')], 0);
    const synced = file.datasync();
    disk.pending[1]!.run();
    await synced;
    disk.release();
    await written;
    expect(file.isDirty).toBe(true);
  });

  it('stays dirty after a failed write and after a failed sync', async () => {
    const { disk, file } = newFile();
    disk.failNext({ op: 'writevSync', code: 'ENOSPC', short: 1 });
    expect(() => file.writevSync([bytes('ab')], 0)).toThrow('ENOSPC');
    expect(file.isDirty).toBe(true);
    disk.failNext({ op: 'datasync', code: 'EIO' });
    await expect(file.datasync()).rejects.toMatchObject({ code: 'EIO' });
    expect(file.isDirty).toBe(true);
    expect(file.isPinned).toBe(false);
  });

  it('is marked clean up to the write that a sync of the whole file system covered', () => {
    const { file } = newFile();
    file.writevSync([bytes('a')], 0);
    const covered = file.writeCount;
    file.writevSync([bytes('b')], 1);
    file.markClean(covered);
    expect(file.isDirty).toBe(true);
    file.markClean(file.writeCount);
    expect(file.isDirty).toBe(false);
  });

  it('waits with a close until the last pin is gone', async () => {
    const { disk, file } = newFile();
    file.pin();
    file.pin();
    let closed = false;
    const closing = file.close().then(() => {
      closed = true;
    });
    file.unpin();
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect([closed, file.isOpen]).toEqual([false, true]);
    file.unpin();
    await closing;
    expect(disk.openCount).toBe(0);
  });

  it('opens again after a close, under the name that it was renamed to', async () => {
    const { disk, file } = newFile('/a.log');
    file.writevSync([bytes('abc')], 0);
    await disk.rename('/a.log', '/a.log.deleted');
    file.renamed('/a.log.deleted');
    const into = Buffer.alloc(3);
    expect(file.readSync(into, 0)).toBe(3);
    await file.close();
    into.fill(0);
    expect(await file.read(into, 0)).toBe(3);
    expect(into.toString()).toBe('abc');
    expect(await file.size()).toBe(3);
  });

  it('holds no pin after an open that failed', async () => {
    const disk = new SimDisk();
    const file = new FilePool(disk, { openMax: 1 }).file('/missing');
    expect(() => file.pin()).toThrow('ENOENT');
    await expect(file.read(Buffer.alloc(1), 0)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(file.isPinned).toBe(false);
    await file.close();
  });

  it('is never used again once forgotten', async () => {
    const { file } = newFile();
    await file.forget();
    expect(() => file.pin()).toThrow(AssertionError);
  });

  it('is handed out a last time when nothing pins it, if its descriptor is open, and closed then', async () => {
    const { file } = newFile();
    file.pin();
    const seen: string[] = [];
    const forgotten = file.forget(async (last) => {
      seen.push(last.path);
      expect(file.isOpen).toBe(true);
    });
    await Promise.resolve();
    expect(seen).toEqual([]);
    file.unpin();
    await forgotten;
    expect(seen).toEqual([file.path]);
    expect(file.isOpen).toBe(false);
    const { file: closed } = newFile();
    await closed.close();
    await closed.forget(() => Promise.reject(new Error('it is not open')));
  });

  it('refuses to be evicted while pinned or dirty, and to be unpinned too often', () => {
    const { file } = newFile();
    file.pin();
    expect(() => file.evict()).toThrow(AssertionError);
    file.unpin();
    expect(() => file.unpin()).toThrow(AssertionError);
    file.writevSync([bytes('a')], 0);
    expect(() => file.evict()).toThrow(AssertionError);
  });
});
