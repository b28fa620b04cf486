import { expect, test } from 'vitest';
import { lineFormat, parseFormat } from '../../../server/cli/record-format.js';

const PLACE = { topic: 'orders', partition: 3 };
const RECORD = {
  offset: 42,
  timestamp: 1_700_000_000_000,
  key: Buffer.from('k'),
  value: Buffer.from('välue'),
  headers: [
    { key: 'a', value: Buffer.from('1') },
    { key: 'b', value: null },
  ],
};
const EMPTY = { ...RECORD, key: null, value: null, headers: [] };

test.each([
  ['%k\\t%s\\n', 'k\tvälue\n'],
  ['%t-%p@%o %T', 'orders-3@42 1700000000000'],
  ['%S %K', '6 1'],
  ['[%h]', '[a=1,b=NULL]'],
  ['100%% \\\\ %s', '100% \\ välue'],
  ['%s\\x00\\x41\\0', 'välue\0A\0'],
])('--format %j', (format, expected) => {
  expect(parseFormat(format)(RECORD, PLACE).toString()).toBe(expected);
});

test('null is an empty text of size -1', () => {
  expect(parseFormat('<%k|%s|%K|%S|%h>')(EMPTY, PLACE).toString()).toBe('<||-1|-1|>');
  expect(parseFormat('%R')(EMPTY, PLACE)).toEqual(Buffer.from([255, 255, 255, 255]));
  expect(parseFormat('%R%s')({ ...EMPTY, value: Buffer.from('ab') }, PLACE)).toEqual(
    Buffer.from([0, 0, 0, 2, 97, 98]),
  );
});

test('a plain line is the value, or key and value', () => {
  expect(lineFormat(undefined)(RECORD, PLACE).toString()).toBe('välue\n');
  expect(lineFormat('::')(RECORD, PLACE).toString()).toBe('k::välue\n');
});

test('json keeps text as text, and bytes that are none as base64', () => {
  const record = { ...RECORD, value: Buffer.from([0xff, 0x00]) };
  expect(JSON.parse(parseFormat('json')(record, PLACE).toString())).toEqual({
    topic: 'orders',
    partition: 3,
    offset: 42,
    timestamp: 1_700_000_000_000,
    key: 'k',
    valueBase64: '/wA=',
    headers: [
      { key: 'a', value: '1' },
      { key: 'b', value: null },
    ],
  });
});

test.each([
  ['xml', 'json is expected, or text with fields'],
  ['%q', '%q stands for nothing'],
  ['%s\\q', '\\q stands for nothing'],
  ['%', '% stands for nothing'],
])('--format %j is refused', (format, why) => {
  expect(() => parseFormat(format)).toThrow(expect.objectContaining({ exitCode: 2 }));
  expect(() => parseFormat(format)).toThrow(why);
});
