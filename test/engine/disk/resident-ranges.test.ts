import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ResidentRanges, warmUpSize } from '../../../engine/disk/resident-ranges.js';

const MIB = 1024 ** 2;
const START = { trafficBytes: 0, nowMs: 0 };

describe('what is known to be in the page cache', () => {
  it('is what was noted, also across ranges that touch, and nothing beside it', () => {
    const ranges = new ResidentRanges();
    ranges.note(1000, 2000, START);
    ranges.note(9000, 9500, { trafficBytes: 10 * MIB, nowMs: 5 });
    ranges.note(2000, 9000, { trafficBytes: 20 * MIB, nowMs: 9 });
    const now = { trafficBytes: 20 * MIB, nowMs: 10 };
    expect(ranges.covers(1000, 9500, now)).toBe(true);
    expect(ranges.covers(1500, 1501, now)).toBe(true);
    expect(ranges.covers(999, 1001, now)).toBe(false);
    expect(ranges.covers(9400, 9501, now)).toBe(false);
    expect(new ResidentRanges().covers(0, 1, now)).toBe(false);
  });

  it('is forgotten when 64 MiB have gone through the cache since, or a second', () => {
    const ranges = new ResidentRanges();
    ranges.note(0, 100, START);
    expect(ranges.covers(0, 100, { trafficBytes: 64 * MIB, nowMs: 1000 })).toBe(true);
    expect(ranges.covers(0, 100, { trafficBytes: 64 * MIB + 1, nowMs: 0 })).toBe(false);
    expect(ranges.covers(0, 100, { trafficBytes: 0, nowMs: 1001 })).toBe(false);
  });

  it('follows a log that grows for a long time', () => {
    const ranges = new ResidentRanges();
    for (let at = 0; at < 1000; at++) {
      ranges.note(at * MIB, (at + 1) * MIB, { trafficBytes: at * MIB, nowMs: at });
    }
    const now = { trafficBytes: 1000 * MIB, nowMs: 1000 };
    expect(ranges.covers(950 * MIB, 1000 * MIB, now)).toBe(true);
    expect(ranges.covers(900 * MIB, 1000 * MIB, now)).toBe(false);
  });

  it('never holds a byte that was not noted within what is trusted, whatever was noted', () => {
    const note = fc.record({
      from: fc.nat(50),
      size: fc.integer({ min: 1, max: 20 }),
      traffic: fc.nat(20 * MIB),
      ms: fc.nat(400),
    });
    fc.assert(
      fc.property(fc.array(note, { maxLength: 30 }), fc.nat(60), fc.nat(20), (notes, at, size) => {
        const ranges = new ResidentRanges();
        const noted = new Map<number, { trafficBytes: number; nowMs: number }>();
        let now = START;
        for (const { from, size: bytes, traffic, ms } of notes) {
          now = { trafficBytes: now.trafficBytes + traffic, nowMs: now.nowMs + ms };
          ranges.note(from, from + bytes, now);
          for (let each = from; each < from + bytes; each++) noted.set(each, now);
        }
        if (!ranges.covers(at, at + size, now)) return;
        for (let each = at; each < at + size; each++) {
          const last = noted.get(each);
          expect(last && now.trafficBytes - last.trafficBytes <= 64 * MIB).toBe(true);
          expect(last && now.nowMs - last.nowMs <= 1000).toBe(true);
        }
      }),
    );
  });
});

describe('how much is brought in', () => {
  it.each([
    ['what was asked for, for a reader that jumps', [MIB, 64, 100 * MIB, false], 64],
    ['a megabyte, for one that goes on', [MIB, 64, 100 * MIB, true], MIB],
    ['no more than the file has', [MIB, 64, MIB + 1000, true], 1000],
    ['what was asked for, if that is more', [MIB, 3 * MIB, 100 * MIB, true], 3 * MIB],
  ] as const)('is %s', (_, [position, size, end, goesOn], expected) => {
    expect(warmUpSize(position, size, end, goesOn)).toBe(expected);
  });
});
