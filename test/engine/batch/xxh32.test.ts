import { expect, test } from 'vitest';
import { Xxh32 } from '../../../engine/batch/xxh32.js';

test.each([
  ['', 0x02cc5d05],
  ['a', 0x550d7456],
  ['abc', 0x32d153ff],
  ['Nobody inspects the spammish repetition', 0xe2293b2f],
])('XXH32 of %j is what others make of it', (text, sum) => {
  expect(new Xxh32().end(Buffer.from(text))).toBe(sum);
});

test('pieces make the same sum as the whole', () => {
  const bytes = Buffer.from(Array.from({ length: 1_003 }, (_, at) => (at * 7919) & 0xff));
  const inPieces = new Xxh32();
  inPieces.add(bytes.subarray(0, 160));
  inPieces.add(bytes.subarray(160, 992));
  expect(inPieces.end(bytes.subarray(992))).toBe(new Xxh32().end(bytes));
});
