import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dropBytes, totalSize, writeAll, writeAllSync } from '../../../engine/disk/gather.js';

const someBuffers = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 12 });

/** A file whose calls take at most these numbers of bytes, one after another. */
function stingyFile(takes: readonly number[]) {
  const content: number[] = [];
  let calls = 0;
  return {
    content,
    write(buffers: readonly Uint8Array[], position: number): number {
      const all = Buffer.concat(buffers);
      const count = Math.min(all.length, takes[calls++ % takes.length]!);
      for (let at = 0; at < count; at++) content[position + at] = all[at]!;
      return count;
    },
  };
}

describe('a gather write', () => {
  it('drops bytes from the front without changing the rest', () => {
    void fc.assert(
      fc.property(someBuffers, fc.nat(240), (buffers, wish) => {
        const count = Math.min(wish, totalSize(buffers));
        const rest = dropBytes(buffers, count);
        expect(Buffer.concat(rest)).toEqual(Buffer.concat(buffers).subarray(count));
      }),
    );
  });

  it('goes on after short writes until every byte is written', async () => {
    const takes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(someBuffers, takes, async (buffers, limits) => {
        const sync = stingyFile(limits);
        writeAllSync(sync.write, buffers, 0);
        const later = stingyFile(limits);
        await writeAll(async (left, at) => later.write(left, at), buffers, 0);
        const expected = [...Buffer.concat(buffers)];
        expect(sync.content).toEqual(expected);
        expect(later.content).toEqual(expected);
      }),
    );
  });

  it('learns the reason of a short write by writing the rest', async () => {
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    const makeWrite = () => {
      let calls = 0;
      return (): number => {
        if (calls++ > 0) throw full;
        return 3;
      };
    };
    const sync = makeWrite();
    expect(() => writeAllSync(sync, [Buffer.alloc(5)], 0)).toThrow(full);
    const later = makeWrite();
    await expect(writeAll(async () => later(), [Buffer.alloc(5)], 0)).rejects.toBe(full);
  });

  it('throws ESHORT when a write makes no progress', async () => {
    const short = expect.objectContaining({ code: 'ESHORT' });
    expect(() => writeAllSync(() => 0, [Buffer.alloc(5)], 0)).toThrow(short);
    await expect(writeAll(async () => 0, [Buffer.alloc(5)], 0)).rejects.toEqual(short);
  });

  it('never hands more than 1024 buffers to one call', () => {
    const sizes: number[] = [];
    const buffers = Array.from({ length: 2049 }, () => Buffer.alloc(1));
    writeAllSync(
      (left) => {
        sizes.push(left.length);
        return totalSize(left);
      },
      buffers,
      0,
    );
    expect(sizes).toEqual([1024, 1024, 1]);
  });
});
