import { expect, test } from 'vitest';
import { tableLines } from '../../../server/cli/report.js';
import { sizeText } from '../../../server/cli/size-text.js';

test('a column of numbers stands at the right, also where one is unknown', () => {
  const rows: [string, number | string][] = [
    ['a', 5],
    ['long name', '-'],
  ];
  const columns = [
    { title: 'NAME', cell: ([name]: (typeof rows)[number]) => name },
    { title: 'SIZE', cell: ([, size]: (typeof rows)[number]) => size },
  ];
  expect(tableLines(rows, columns)).toEqual([
    'NAME       SIZE',
    'a             5',
    'long name     -',
  ]);
  expect(tableLines([], columns)).toEqual(['NAME  SIZE']);
});

test('sizes have three digits and the largest unit that fits', () => {
  const sizes = [0, 1023, 1024, 1536, 1_048_575, 1_048_576, 5_000_000_000, 2 ** 60];
  expect(sizes.map(sizeText)).toEqual([
    '0 B',
    '1023 B',
    '1 KiB',
    '1.5 KiB',
    '1 MiB',
    '1 MiB',
    '4.66 GiB',
    '1020 PiB',
  ]);
});
