import { describe, expect, it } from 'vitest';
import { FilePool } from '../../../engine/disk/file-pool.js';
import { seededRandom } from '../../../engine/random.js';
import { SimDisk } from '../../support/sim-disk.js';

const bytes = (text: string): Buffer => Buffer.from(text);

async function settled(disk: SimDisk): Promise<void> {
  while (disk.pending.length > 0) await new Promise<void>((resolve) => setImmediate(resolve));
}

describe('a pool of descriptors', () => {
  it('opens nothing before a file is used', () => {
    const disk = new SimDisk();
    const pool = new FilePool(disk, { openMax: 2 });
    expect(pool.file('/a').isOpen).toBe(false);
    expect(disk.journal).toEqual([]);
  });

  it('closes the least recently used file when there are too many, and opens it again', async () => {
    const disk = new SimDisk();
    const pool = new FilePool(disk, { openMax: 2 });
    const [a, b, c] = ['/a', '/b', '/c'].map((path) => pool.file(path));
    for (const file of [a!, b!]) {
      file.createSync();
      file.writevSync([bytes(file.path)], 0);
      await file.datasync();
    }
    a!.readSync(Buffer.alloc(1), 0);
    c!.createSync();
    expect([a!.isOpen, b!.isOpen, c!.isOpen]).toEqual([true, false, true]);
    const into = Buffer.alloc(2);
    expect(b!.readSync(into, 0)).toBe(2);
    expect(into.toString()).toBe('/b');
    expect(pool.openCount).toBe(2);
    await settled(disk);
    expect(disk.openCount).toBe(2);
    await pool.close();
    expect(disk.openCount).toBe(0);
  });

  it('leaves pinned files open beyond the limit, and closes them when they are let go', async () => {
    const disk = new SimDisk();
    const pool = new FilePool(disk, { openMax: 1 });
    const files = ['/a', '/b', '/c'].map((path) => pool.file(path));
    for (const file of files) {
      file.createSync();
      file.pin();
    }
    expect(pool.openCount).toBe(3);
    for (const file of files) file.unpin();
    expect(files.map((file) => file.isOpen)).toEqual([false, false, true]);
    await pool.close();
  });

  it('never closes a file whose bytes were not synced', async () => {
    const disk = new SimDisk();
    const pool = new FilePool(disk, { openMax: 1 });
    const [a, b] = ['/a', '/b'].map((path) => pool.file(path));
    a!.createSync();
    a!.writevSync([bytes('a')], 0);
    b!.createSync();
    b!.writevSync([bytes('b')], 0);
    expect(pool.openCount).toBe(2);
    await a!.datasync();
    expect([a!.isOpen, b!.isOpen]).toEqual([false, true]);
    await pool.close();
  });

  it('never closes a descriptor with a queued operation: the sync reaches the file it was meant for', async () => {
    const disk = new SimDisk();
    const pool = new FilePool(disk, { openMax: 1 });
    const meant = pool.file('/meant');
    meant.createSync();
    meant.writevSync([bytes('acknowledged')], 0);
    await disk.syncDirectory('/');
    disk.hold();
    const synced = meant.datasync();
    // The owner thinks that the file is clean already; only the pin is left to keep it open.
    meant.markClean();
    const other = pool.file('/other');
    other.createSync();
    for (const operation of disk.pending) if (operation.kind === 'close') operation.run();
    pool.file('/third').createSync();
    disk.release();
    await synced;
    const after = disk.powerCut('strict');
    expect(after.readFileSync('/meant').toString()).toBe('acknowledged');
    await pool.close();
  });

  it('reports a close that failed', async () => {
    const disk = new SimDisk();
    const failed: string[] = [];
    const pool = new FilePool(disk, { openMax: 1, onCloseFailed: (path) => failed.push(path) });
    disk.failNext({ op: 'close', code: 'EIO' });
    pool.file('/a').createSync();
    pool.file('/b').createSync();
    await settled(disk);
    await pool.close();
    expect(failed).toEqual(['/a']);
  });

  it('closes everything, and tells the first failure after it tried all', async () => {
    const disk = new SimDisk();
    const pool = new FilePool(disk, { openMax: 9 });
    for (const path of ['/a', '/b', '/c']) pool.file(path).createSync();
    disk.failNext({ op: 'close', path: /a/, code: 'EIO' });
    await expect(pool.close()).rejects.toMatchObject({ code: 'EIO' });
    expect(pool.openCount).toBe(0);
    expect(disk.openCount).toBe(1);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'keeps every acknowledged byte of many files under few descriptors (seed %i)',
    async (seed) => {
      const random = seededRandom(seed);
      const disk = new SimDisk({ random });
      const pool = new FilePool(disk, { openMax: 3 });
      const files = Array.from({ length: 10 }, (_, at) => pool.file(`/${at}`));
      const acknowledged = files.map(() => '');
      for (const file of files) file.createSync();
      await disk.syncDirectory('/');
      const work = async (at: number): Promise<void> => {
        const file = files[at]!;
        for (let step = 0; step < 12; step++) {
          const text = `${acknowledged[at]}${at}:${step};`;
          if (random.next() < 0.5) file.writevSync([bytes(text)], 0);
          else await file.writev([bytes(text)], 0);
          await file.datasync();
          acknowledged[at] = text;
          const into = Buffer.alloc(text.length);
          expect(await file.read(into, 0)).toBe(text.length);
          expect(into.toString()).toBe(text);
        }
      };
      await Promise.all(files.map((_, at) => work(at)));
      const after = disk.powerCut('strict');
      for (const [at, file] of files.entries()) {
        expect(after.readFileSync(file.path).toString()).toBe(acknowledged[at]);
      }
      expect(pool.openCount).toBeLessThanOrEqual(3);
      await pool.close();
      expect(disk.openCount).toBe(0);
    },
  );
});

describe('room for files with unsynced bytes', () => {
  const pools = (openMax: number) => {
    const disk = new SimDisk();
    let crowded = 0;
    const pool = new FilePool(disk, { openMax, onCrowded: () => void crowded++ });
    const write = (path: string) => {
      const file = pool.file(path);
      file.createSync();
      file.writevSync([bytes('x')], 0);
      return file;
    };
    return { disk, pool, write, crowded: () => crowded };
  };

  it('is there until as many as may be open have some, and again after a sync', async () => {
    const { pool, write } = pools(2);
    const first = write('/a');
    expect(pool.hasRoom).toBe(true);
    write('/b');
    expect([pool.dirtyCount, pool.hasRoom]).toEqual([2, false]);
    let isTold = false;
    const told = pool.whenRoom().then(() => {
      isTold = true;
    });
    await Promise.resolve();
    expect(isTold).toBe(false);
    await first.datasync();
    await told;
    expect([pool.dirtyCount, pool.hasRoom]).toEqual([1, true]);
  });

  it('is asked for before it runs out, once, and again when it was there meanwhile', async () => {
    const { write, crowded } = pools(10);
    const files = Array.from({ length: 8 }, (_, at) => write(`/${at}`));
    expect(crowded()).toBe(0);
    files.push(write('/8'), write('/9'));
    expect(crowded()).toBe(1);
    for (const file of files) await file.datasync();
    for (const file of files) file.writevSync([bytes('y')], 1);
    expect(crowded()).toBe(2);
  });

  it('wakes no more than there is room for', async () => {
    const { pool, write } = pools(2);
    const [a] = [write('/a'), write('/b')];
    let woken = 0;
    for (let at = 0; at < 3; at++) void pool.whenRoom().then(() => void woken++);
    await a!.datasync();
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    expect(woken).toBe(1);
    pool.endWaiting();
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    expect([woken, pool.hasRoom]).toEqual([3, true]);
  });

  it('closes a file that its owner is done with as soon as it is synced', async () => {
    const { disk, pool, write } = pools(9);
    const file = write('/a');
    file.finish();
    expect(file.isOpen).toBe(true);
    await file.datasync();
    await settled(disk);
    expect([file.isOpen, disk.openCount, pool.openCount]).toEqual([false, 0, 0]);
  });
});
