import { expect, test } from 'vitest';
import { seededRandom } from '../../../engine/index.js';
import { knownText } from '../../../server/protocol/known-text.js';

const read = (bytes: Buffer): string => {
  const frame = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('behind')]);
  return knownText(frame, 6, bytes.length);
};

test('text is what UTF-8 says, whatever came before: by length, by case, by letters that look alike', () => {
  const random = seededRandom(20);
  const alphabets = ['ab', 'abcdefghijklmnopqrstuvwxyz-.0123456789', 'aé', 'a\u{1f600}', 'ÿþ'];
  for (let round = 0; round < 20_000; round++) {
    const letters = [...alphabets[Math.floor(random.next() * alphabets.length)]!];
    const length = Math.floor(random.next() * (round % 10 === 0 ? 300 : 8));
    const pick = (): string => letters[Math.floor(random.next() * letters.length)]!;
    const text = Array.from({ length }, pick).join('');
    expect(read(Buffer.from(text))).toBe(text);
  }
});

test('bytes that are no UTF-8 are replaced, and never taken for the Latin-1 text of the same bytes', () => {
  const e9 = Buffer.from([0x61, 0xe9]);
  expect(read(Buffer.from('aé'))).toBe('aé');
  expect(read(e9)).toBe('a\ufffd');
  expect(read(Buffer.from('aé'))).toBe('aé');
  expect(read(e9)).toBe(e9.toString());
});

test('the empty text has no bytes', () => {
  expect(read(Buffer.alloc(0))).toBe('');
});
