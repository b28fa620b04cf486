import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readVarint, readVarlong, varintSize, writeVarint } from '../../../engine/batch/varint.js';

const cursorOf = (hex: string) => {
  const bytes = Buffer.from(hex, 'hex');
  return { bytes, position: 0, end: bytes.length };
};

describe('a varint', () => {
  it.each([
    [0, '00'],
    [-1, '01'],
    [1, '02'],
    [63, '7e'],
    [-64, '7f'],
    [64, '8001'],
    [-65, '8101'],
    [8191, 'fe7f'],
    [8192, '808001'],
    [2 ** 31 - 1, 'feffffff0f'],
    [-(2 ** 31), 'ffffffff0f'],
  ])('of %i is %s', (value, hex) => {
    const buffer = Buffer.alloc(5);
    const end = writeVarint(buffer, 0, value);
    expect(buffer.toString('hex', 0, end)).toBe(hex);
    expect(varintSize(value)).toBe(end);
    expect(readVarint(cursorOf(hex))).toBe(value);
    expect(readVarlong(cursorOf(hex))).toBe(value);
  });

  it('comes back as a varlong for every safe integer, in the size announced', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer()), (value) => {
        const bytes = Buffer.alloc(10);
        const end = writeVarint(bytes, 0, value);
        const cursor = { bytes, position: 0, end };
        expect(readVarlong(cursor)).toBe(value);
        expect(cursor.position).toBe(end);
        expect(varintSize(value)).toBe(end);
      }),
      { numRuns: 2000, examples: [[Number.MAX_SAFE_INTEGER], [Number.MIN_SAFE_INTEGER]] },
    );
  });

  it.each([
    ['2^53', '80808080808080 20', Infinity],
    ['-2^53', 'ffffffffffffff 1f', -Infinity],
    ['2^63 - 1', 'feffffffffffffffff 01', Infinity],
    ['-2^63', 'ffffffffffffffffff 01', -Infinity],
  ])('of %s is infinite', (_, hex, expected) => {
    expect(readVarlong(cursorOf(hex.replace(' ', '')))).toBe(expected);
  });

  it('that does not end is corrupt', () => {
    for (const hex of ['', '80', '8080808080', '808080808000']) {
      expect(() => readVarint(cursorOf(hex))).toThrow('varint');
    }
    for (const hex of ['', 'ff', 'ff'.repeat(10), `${'80'.repeat(10)}00`]) {
      expect(() => readVarlong(cursorOf(hex))).toThrow('varlong');
    }
  });

  it('is not read beyond the end of its record', () => {
    const cursor = { bytes: Buffer.from('8001', 'hex'), position: 0, end: 1 };
    expect(() => readVarint(cursor)).toThrow('varint');
  });
});
