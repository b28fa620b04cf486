import { expect, test } from 'vitest';
import { coordinatorPartition, javaHashCode } from '../../../server/metadata/coordinator-for.js';

test('a key hashes as in Java, beyond 32 bits and outside of ASCII too', () => {
  expect(javaHashCode('')).toBe(0);
  expect(javaHashCode('a')).toBe(97);
  expect(javaHashCode('hello')).toBe(99162322);
  expect(javaHashCode('polygenelubricants')).toBe(-2147483648);
  expect(javaHashCode('Groß😀')).toBe(
    [...Buffer.from('Groß😀', 'utf16le').swap16()].reduce(
      (hash, _byte, at, bytes) =>
        at % 2 === 1 ? (Math.imul(31, hash) + bytes[at - 1]! * 256 + bytes[at]!) | 0 : hash,
      0,
    ),
  );
});

test('the partition of a key is never negative', () => {
  expect(coordinatorPartition('polygenelubricants', 50)).toBe(0);
  expect(coordinatorPartition('hello', 50)).toBe(99162322 % 50);
});
