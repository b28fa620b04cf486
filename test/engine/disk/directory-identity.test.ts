import { describe, expect, it } from 'vitest';
import { openIdentity } from '../../../engine/disk/directory-identity.js';
import type { Disk } from '../../../engine/disk/disk.js';
import { writeSmallFile } from '../../../engine/disk/small-file.js';
import { seededRandom } from '../../../engine/random.js';
import { SimDisk } from '../../support/sim-disk.js';

const ROOT = '/srv/odradek/data';
const FILE = `${ROOT}/meta.properties`;
const open = (disk: Disk) => openIdentity(disk, ROOT, seededRandom(1));

describe('the identity of a data directory', () => {
  it('is made with the folder, and both survive a power cut', async () => {
    const disk = new SimDisk();
    const made = await open(disk);
    expect(made).toMatchObject({ uncleanOpens: 0, wasClean: true });
    expect(made.directoryId).toMatch(/^[\w-]{22}$/);
    const after = await open(disk.powerCut('strict'));
    expect(after).toMatchObject({
      directoryId: made.directoryId,
      uncleanOpens: 1,
      wasClean: false,
    });
  });

  it('survives although the process that made the folder was killed before it synced the name', async () => {
    const disk = new SimDisk();
    for (const path of ['/srv', '/srv/odradek', ROOT]) disk.mkdirSync(path);
    const again = disk.kill();
    await open(again);
    expect(await open(again.powerCut('strict'))).toMatchObject({ wasClean: false });
  });

  it('counts every open after a stop that was not clean, durably, before it resolves', async () => {
    let disk = new SimDisk();
    await open(disk);
    for (let count = 1; count <= 3; count++) {
      disk = disk.powerCut('strict');
      expect(await open(disk)).toMatchObject({ uncleanOpens: count, wasClean: false });
    }
    disk = disk.kill();
    const last = await open(disk);
    expect(last.uncleanOpens).toBe(4);
    await last.markClean();
    disk = disk.powerCut('strict');
    const clean = await open(disk);
    expect(clean).toMatchObject({ uncleanOpens: 4, wasClean: true });
    expect(await open(disk.powerCut('strict'))).toMatchObject({ uncleanOpens: 5 });
  });

  it('never goes back, wherever in opening or closing the power fails', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = seededRandom(seed);
      let disk = new SimDisk();
      let served = -1;
      for (let round = 0; round < 6; round++) {
        let opened = false;
        disk.hold();
        const running = open(disk).then(async (identity) => {
          expect(identity.uncleanOpens).toBeGreaterThanOrEqual(served);
          // A clean stop is the only way to serve under the same count again.
          if (!identity.wasClean) expect(identity.uncleanOpens).toBeGreaterThan(served);
          served = identity.uncleanOpens;
          opened = true;
          await identity.markClean();
        });
        const steps = Math.floor(random.next() * 40);
        for (let step = 0; step < steps; step++) {
          disk.pending[0]?.run();
          await new Promise<void>((resolve) => setImmediate(resolve));
        }
        const next = disk.powerCut(random);
        disk.halt();
        void running;
        if (!opened && random.next() < 0.5) round--;
        disk = next;
      }
    }
  });

  it('has this content', async () => {
    const disk = new SimDisk();
    const identity = await open(disk);
    const text = (clean: boolean): RegExp =>
      new RegExp(
        `^format.version=2\ndirectory.id=${identity.directoryId}\nclean.stop=${clean}\nunclean.opens=0\ncrc32c=[0-9a-f]{8}\n$`,
      );
    expect(disk.readFileSync(FILE).toString()).toMatch(text(false));
    await identity.markClean();
    expect(disk.readFileSync(FILE).toString()).toMatch(text(true));
  });

  it('refuses a newer format and names both versions', async () => {
    const disk = new SimDisk();
    await open(disk);
    await writeSmallFile(disk, FILE, [['format.version', '3']]);
    await expect(open(disk)).rejects.toMatchObject({
      code: 'FORMAT_TOO_NEW',
      path: FILE,
      message: expect.stringMatching(/format version 3.*reads up to 2/),
    });
  });

  it('refuses a damaged file, and one that lacks a line', async () => {
    const disk = new SimDisk();
    await open(disk);
    await writeSmallFile(disk, FILE, [
      ['format.version', '1'],
      ['directory.id', 'x'],
    ]);
    await expect(open(disk)).rejects.toMatchObject({ code: 'DAMAGED_FILE', path: FILE });
    disk.openSync(FILE, 'write').truncateSync(10);
    await expect(open(disk)).rejects.toMatchObject({ code: 'DAMAGED_FILE', path: FILE });
  });

  it('refuses a folder with foreign files', async () => {
    const disk = new SimDisk();
    disk.mkdirSync('/srv');
    disk.mkdirSync('/srv/odradek');
    disk.mkdirSync(ROOT);
    disk.openSync(`${ROOT}/letter.txt`, 'create');
    await expect(open(disk)).rejects.toMatchObject({
      code: 'NOT_A_DATA_DIRECTORY',
      path: ROOT,
      message: expect.stringContaining('letter.txt'),
    });
    await disk.unlink(`${ROOT}/letter.txt`);
    for (const name of ['.lock', '.lock.1.sock', 'lost+found', 'meta.properties.tmp']) {
      disk.openSync(`${ROOT}/${name}`, 'create');
    }
    expect(await open(disk)).toMatchObject({ wasClean: true });
  });

  it('is not had when it cannot be made durable', async () => {
    for (const op of ['mkdir', 'writev', 'datasync', 'rename', 'syncDirectory'] as const) {
      const disk = new SimDisk();
      disk.failNext({ op, code: 'EIO' });
      await expect(open(disk)).rejects.toMatchObject({ code: 'EIO' });
    }
  });

  it('passes over folders above that it may not open', async () => {
    const disk = new SimDisk();
    for (const path of ['/srv', '/srv/odradek', ROOT]) disk.mkdirSync(path);
    disk.failNext({ op: 'syncDirectory', path: /^\/$/, code: 'EACCES' });
    expect(await open(disk)).toMatchObject({ uncleanOpens: 0 });
  });
});
