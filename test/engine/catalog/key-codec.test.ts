import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CatalogKey } from '../../../engine/catalog/catalog.js';
import { decodeKey, encodeKey, endOfPrefix } from '../../../engine/catalog/key-codec.js';

const part = fc.oneof(
  fc.double({ noNaN: true }).map((value) => value + 0),
  fc.integer(),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('', '\0', 'a\0', 'a\0b', 'a', 'ab', '\0\0', '\u{1f600}', '\uffff'),
);
const key = fc.array(part, { maxLength: 4 });

test('a key survives its bytes', () => {
  fc.assert(
    fc.property(key, (parts) => {
      expect(decodeKey(encodeKey(parts))).toEqual(parts);
    }),
  );
});

test('bytes sort as keys do: numbers by value before strings by UTF-8, a prefix before what it begins', () => {
  fc.assert(
    fc.property(key, key, (a, b) => {
      expect(Buffer.compare(encodeKey(a), encodeKey(b))).toBe(compareKeys(a, b));
    }),
    { numRuns: 2000 },
  );
});

test('the keys that begin with a prefix are those between its bytes and its end', () => {
  fc.assert(
    fc.property(key, key, fc.boolean(), (prefix, other, isBelow) => {
      const candidate = isBelow ? [...prefix, ...other] : other;
      const bytes = encodeKey(candidate);
      const start = encodeKey(prefix);
      const isInside =
        Buffer.compare(bytes, start) >= 0 && Buffer.compare(bytes, endOfPrefix(start)) < 0;
      expect(isInside).toBe(prefix.every((value, at) => Object.is(candidate[at], value)));
    }),
    { numRuns: 2000 },
  );
});

test('the bytes of a key stay what they are', () => {
  expect(encodeKey(['log', 1, 'a\0']).toString('hex')).toBe(
    '026c6f670000' + '01bff0000000000000' + '026100ff0000',
  );
  expect(encodeKey([-1]).toString('hex')).toBe('01400fffffffffffff');
  expect(encodeKey([-0])).toEqual(encodeKey([0]));
});

test('a key that cannot be told apart or does not fit is a broken program', () => {
  expect(() => encodeKey([Number.NaN])).toThrow('NaN');
  expect(() => encodeKey(['\ud800'])).toThrow('surrogate');
  expect(() => encodeKey(['x'.repeat(1022)])).toThrow('too long');
  expect(encodeKey(['x'.repeat(1021)])).toHaveLength(1024);
});

test('bytes that are no key are refused', () => {
  for (const hex of ['03', '01bff0', '0261', '026100', '026100ff']) {
    expect(() => decodeKey(Buffer.from(hex, 'hex'))).toThrow(RangeError);
  }
});

function compareKeys(a: CatalogKey, b: CatalogKey): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const order = compareParts(a[at]!, b[at]!);
    if (order !== 0) return order;
  }
  return Math.sign(a.length - b.length);
}

function compareParts(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') return Math.sign(a < b ? -1 : a > b ? 1 : 0);
  if (typeof a === 'number') return -1;
  if (typeof b === 'number') return 1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
