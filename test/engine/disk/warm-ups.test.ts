import { describe, expect, it } from 'vitest';
import { FilePool } from '../../../engine/disk/file-pool.js';
import { WarmUps } from '../../../engine/disk/warm-ups.js';
import { SimDisk } from '../../support/sim-disk.js';

const KIB = 1024;
const always = (): boolean => true;

function fileOf(size: number) {
  const disk = new SimDisk();
  const file = disk.openSync('/a', 'create');
  file.writevSync([Buffer.alloc(size)], 0);
  const reads = (): number[] =>
    disk.journal
      .filter(({ kind, phase }) => kind === 'read' && phase === 'submitted')
      .map(({ position }) => position!);
  return { disk, file, reads };
}

async function settle(): Promise<void> {
  for (let step = 0; step < 50; step++) await new Promise(setImmediate);
}

describe('ranges that are brought into memory', () => {
  it('are read few at a time, in the order in which they were asked for', async () => {
    const { disk, file, reads } = fileOf(1000);
    const warmUps = new WarmUps(2);
    disk.hold();
    const loads = [0, 100, 200, 300, 400].map((at) => warmUps.load(file, at, 10, always));
    await settle();
    expect([reads(), warmUps.count]).toEqual([[0, 100], 5]);
    disk.release();
    expect(await Promise.all(loads)).toEqual([true, true, true, true, true]);
    expect([reads(), warmUps.count]).toEqual([[0, 100, 200, 300, 400], 0]);
  });

  it('are not read when they are unwanted at the front of the queue, and others go on', async () => {
    const { disk, file, reads } = fileOf(1000);
    const warmUps = new WarmUps(1);
    disk.hold();
    let wanted = true;
    const first = warmUps.load(file, 0, 10, always);
    const second = warmUps.load(file, 100, 10, () => wanted);
    const third = warmUps.load(file, 200, 10, always);
    await settle();
    wanted = false;
    disk.release();
    expect(await Promise.all([first, second, third])).toEqual([true, false, true]);
    expect(reads()).toEqual([0, 200]);
  });

  it('are read in pieces, as far as the file goes', async () => {
    const { file, reads } = fileOf(600 * KIB);
    await new WarmUps(1).load(file, 0, 5000 * KIB, always);
    expect(reads()).toEqual([0, 256 * KIB, 512 * KIB]);
  });

  it('fail as reading does, and others go on', async () => {
    const { disk, file } = fileOf(1000);
    const warmUps = new WarmUps(1);
    disk.failNext({ op: 'read', code: 'EIO' });
    const loads = [warmUps.load(file, 0, 10, always), warmUps.load(file, 0, 10, always)];
    expect(await Promise.allSettled(loads)).toMatchObject([
      { status: 'rejected', reason: { code: 'EIO' } },
      { status: 'fulfilled', value: true },
    ]);
    expect(warmUps.count).toBe(0);
  });

  it('keep their descriptor from the request on, and count as resident afterwards', async () => {
    const disk = new SimDisk();
    const pool = new FilePool(disk, { openMax: 1 });
    const file = pool.file('/a');
    file.createSync();
    file.writevSync([Buffer.alloc(1000)], 0);
    await file.datasync();
    expect(file.isResident(0, 1000, 1000)).toBe(true);
    expect(file.isResident(0, 1001, 2000)).toBe(false);
    const again = pool.file('/a');
    expect(again.isResident(0, 10, 1000)).toBe(false);
    disk.hold();
    const warming = again.warm(100, 10, 1000, always);
    expect(again.isPinned).toBe(true);
    disk.release();
    await warming;
    expect(again.isPinned).toBe(false);
    expect(again.isResident(100, 10, 1000)).toBe(true);
    expect(again.isResident(99, 10, 1000)).toBe(false);
  });
});
