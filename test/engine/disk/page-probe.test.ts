import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { type PageCalls, residentUntil } from '../../../engine/disk/page-probe.js';

const PAGE = 4096;
const KIB = 1024;
const MIB = 1024 ** 2;
const { EAGAIN, ENOSYS, EOPNOTSUPP } = constants.errno;

/** A kernel whose page cache holds some pages of a file; `arriving` are on their way. */
function kernel(
  isCached: (page: number) => boolean,
  isArriving: (page: number) => boolean = () => false,
): PageCalls & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    pageBytes: PAGE,
    cachedPages: (_, position, size) => {
      asked.push('cachestat');
      let count = 0;
      const last = Math.floor((position + size - 1) / PAGE);
      for (let page = Math.floor(position / PAGE); page <= last; page++) {
        if (isCached(page) || isArriving(page)) count++;
      }
      return count;
    },
    readByteNow: (_, position) => {
      asked.push('preadv2');
      return isCached(Math.floor(position / PAGE)) ? 1 : -EAGAIN;
    },
  };
}

const everything = (): boolean => true;
const END = 100 * MIB;

describe('what the kernel says is resident', () => {
  it('is looked at far ahead, and believed for half of that: two calls for 8 MiB', () => {
    const calls = kernel(everything);
    expect(residentUntil(calls, 3, 5000, 64 * KIB, END)).toBe(5000 + 8 * MIB);
    expect(calls.asked).toEqual(['cachestat', 'preadv2']);
  });

  it('reaches to the end of the file', () => {
    expect(residentUntil(kernel(everything), 3, END - 100, 100, END)).toBe(END);
    expect(residentUntil(kernel(everything), 3, END - 2 * MIB, 100, END)).toBe(END);
  });

  it('covers a range that is larger than the look ahead', () => {
    expect(residentUntil(kernel(everything), 3, 0, 40 * MIB, END)).toBe(40 * MIB);
  });

  it('is nothing when a page of the range is missing, and then nothing is begun to be read', () => {
    const calls = kernel((page) => page !== 7);
    expect(residentUntil(calls, 3, 7 * PAGE + 4000, 10, END)).toBe(-1);
    expect(residentUntil(calls, 3, 0, MIB, END)).toBe(-1);
    expect(calls.asked).toEqual(['cachestat', 'cachestat']);
  });

  it('is nothing at the edge of what is read ahead: sending would begin the next', () => {
    const calls = kernel((page) => page * PAGE < 10 * MIB);
    expect(residentUntil(calls, 3, MIB, MIB, END)).toBe(-1);
  });

  it('is nothing while the pages are still on their way', () => {
    const calls = kernel(
      (page) => page < 10,
      (page) => page >= 10,
    );
    expect(residentUntil(calls, 3, 0, MIB, END)).toBe(-1);
  });

  it.each([
    ['the file system', EOPNOTSUPP],
    ['the kernel', ENOSYS],
  ])('is asked for byte by byte where %s has no cachestat', (_, code) => {
    for (const cachedPages of [null, () => -code]) {
      const calls = { ...kernel(everything), cachedPages };
      expect(residentUntil(calls, 3, 0, MIB, END)).toBe(MIB);
      const one = { ...kernel((page) => page !== 32), cachedPages };
      expect(residentUntil(one, 3, 0, MIB, END)).toBe(-1);
      const last = { ...kernel((page) => page !== 255), cachedPages };
      expect(residentUntil(last, 3, 0, MIB, END)).toBe(-1);
    }
  });

  it('is nothing where the kernel or the file system cannot say', () => {
    for (const code of [ENOSYS, EOPNOTSUPP]) {
      const silent = { ...kernel(everything), readByteNow: () => -code };
      expect(residentUntil(silent, 3, 0, MIB, END)).toBe(-1);
      expect(residentUntil({ ...silent, cachedPages: () => -code }, 3, 0, MIB, END)).toBe(-1);
    }
    expect(residentUntil({ ...kernel(everything), readByteNow: null }, 3, 0, MIB, END)).toBe(-1);
  });

  it('is everything of an empty range', () => {
    const calls = kernel(() => false);
    expect(residentUntil(calls, 3, 500, 0, END)).toBe(500);
    expect(calls.asked).toEqual([]);
  });
});
