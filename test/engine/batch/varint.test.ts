import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timestampOf } from '../../../engine/batch/timestamp.js';
import {
  readVarint,
  readVarlong,
  varintSize,
  varlongSize,
  writeVarint,
  writeVarlong,
} from '../../../engine/batch/varint.js';

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
    [2n ** 53n, '80808080808080 20'],
    [-(2n ** 53n), 'ffffffffffffff 1f'],
    [2n ** 63n - 1n, 'feffffffffffffffff 01'],
    [-(2n ** 63n), 'ffffffffffffffffff 01'],
  ])('of %i is exact', (value, hex) => {
    expect(readVarlong(cursorOf(hex.replace(' ', '')))).toBe(value);
  });

  it('comes back as a varlong for every int64, in the size announced', () => {
    const all = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(timestampOf);
    fc.assert(
      fc.property(all, (value) => {
        const bytes = Buffer.alloc(10);
        const end = writeVarlong(bytes, 0, value);
        expect(varlongSize(value)).toBe(end);
        const cursor = { bytes, position: 0, end };
        expect(readVarlong(cursor)).toBe(value);
        expect(cursor.position).toBe(end);
      }),
      { numRuns: 2000 },
    );
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
