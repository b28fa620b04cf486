import { describe, expect, it } from 'vitest';
import { AssertionError } from '../../../engine/assert.js';
import { readSmallFile, writeSmallFile } from '../../../engine/disk/small-file.js';
import { seededRandom } from '../../../engine/random.js';
import { SimDisk } from '../../support/sim-disk.js';

const PATH = '/meta.properties';

function rewrite(disk: SimDisk, bytes: Buffer): void {
  const file = disk.openSync(PATH, 'write');
  file.truncateSync(0);
  file.writevSync([bytes], 0);
}

describe('a small file', () => {
  it('is lines of text and their checksum', async () => {
    const disk = new SimDisk();
    await writeSmallFile(disk, PATH, [
      ['format.version', '1'],
      ['name', 'a=b ü'],
    ]);
    const text = 'format.version=1\nname=a=b ü\ncrc32c=da170248\n';
    expect(disk.readFileSync(PATH).toString()).toBe(text);
    expect(await readSmallFile(disk, PATH)).toEqual({
      kind: 'ok',
      values: new Map([
        ['format.version', '1'],
        ['name', 'a=b ü'],
      ]),
    });
  });

  it('is missing where there is none', async () => {
    expect(await readSmallFile(new SimDisk(), PATH)).toEqual({ kind: 'missing' });
  });

  it('is damaged when any bit of it changed or any of its end is gone', async () => {
    const disk = new SimDisk();
    await writeSmallFile(disk, PATH, [['a.key', 'value']]);
    const good = disk.readFileSync(PATH);
    for (let at = 0; at < good.length; at++) {
      const flipped = Buffer.from(good);
      flipped[at]! ^= 1 << (at % 8);
      rewrite(disk, flipped);
      expect(await readSmallFile(disk, PATH), `byte ${at}`).toEqual({ kind: 'damaged' });
      rewrite(disk, good.subarray(0, at));
      expect(await readSmallFile(disk, PATH), `cut at ${at}`).toEqual({ kind: 'damaged' });
    }
  });

  it('is durable when written', async () => {
    const disk = new SimDisk();
    await writeSmallFile(disk, PATH, [['a', '1']]);
    await writeSmallFile(disk, PATH, [['a', '2']]);
    expect(await readSmallFile(disk.powerCut('strict'), PATH)).toMatchObject({ kind: 'ok' });
  });

  it('holds the old lines or the new ones after a power cut at any moment', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed);
      const disk = new SimDisk();
      await writeSmallFile(disk, PATH, [['a', 'old'.repeat(3000)]]);
      const cuts: SimDisk[] = [];
      disk.hold();
      const writing = writeSmallFile(disk, PATH, [['a', 'new'.repeat(3000)]]);
      let done = false;
      const end = writing.then(() => {
        done = true;
      });
      while (!done) {
        cuts.push(disk.powerCut(random), disk.powerCut('strict'));
        disk.pending[0]?.run();
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
      await end;
      for (const cut of cuts) {
        const file = await readSmallFile(cut, PATH);
        expect(file.kind).toBe('ok');
        const value = file.kind === 'ok' ? file.values.get('a') : undefined;
        expect(['old'.repeat(3000), 'new'.repeat(3000)]).toContain(value);
        await writeSmallFile(cut, PATH, [['a', 'third']]);
      }
    }
  });

  it('keeps the old lines when writing fails', async () => {
    for (const op of ['writev', 'datasync', 'rename'] as const) {
      const disk = new SimDisk();
      await writeSmallFile(disk, PATH, [['a', 'old']]);
      disk.failNext({ op, code: 'ENOSPC' });
      await expect(writeSmallFile(disk, PATH, [['a', 'new']])).rejects.toMatchObject({
        code: 'ENOSPC',
      });
      expect(await readSmallFile(disk, PATH)).toMatchObject({ values: new Map([['a', 'old']]) });
      expect(disk.openCount).toBe(0);
    }
  });

  it('refuses lines that it could not read back', async () => {
    const disk = new SimDisk();
    await expect(writeSmallFile(disk, PATH, [['a=b', '']])).rejects.toThrow(AssertionError);
    await expect(writeSmallFile(disk, PATH, [['a', 'b\nc=d']])).rejects.toThrow(AssertionError);
  });
});
