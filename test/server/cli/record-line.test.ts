import { expect, test } from 'vitest';
import { type LineOptions, lineParser, parseHeader } from '../../../server/cli/record-line.js';

const NOW_MS = 1_700_000_000_000;

function parse(line: string, options: Partial<LineOptions> = {}) {
  const all = { json: false, emptyIsNull: false, headers: [], ...options };
  const { key, value, headers, timestamp, partition } = lineParser(all)(
    Buffer.from(line),
    7,
    NOW_MS,
  );
  const text = (bytes: unknown): unknown => (Buffer.isBuffer(bytes) ? bytes.toString() : bytes);
  return {
    key: text(key),
    value: text(value),
    headers: headers.map((header) => [header.key, text(header.value)]),
    timestamp,
    partition,
  };
}

test.each<[string, Partial<LineOptions>, unknown, unknown]>([
  ['a:b:c', {}, null, 'a:b:c'],
  ['a:b:c', { keySeparator: ':' }, 'a', 'b:c'],
  [':b', { keySeparator: ':' }, '', 'b'],
  ['b', { keySeparator: ':' }, null, 'b'],
  ['a=>', { keySeparator: '=>' }, 'a', ''],
  ['a=>', { keySeparator: '=>', emptyIsNull: true }, 'a', null],
  ['', { emptyIsNull: true }, null, null],
])('the line %j with %j has key %j and value %j', (line, options, key, value) => {
  expect(parse(line, options)).toMatchObject({ key, value, timestamp: NOW_MS, partition: null });
});

test('a line of JSON gives every part of a record', () => {
  const line = JSON.stringify({
    topic: 'from another one',
    offset: 9,
    key: 'k',
    valueBase64: Buffer.from('bytes').toString('base64'),
    headers: [{ key: 'a', value: '1' }, { key: 'b', valueBase64: 'Mg==' }, { key: 'c' }],
    partition: 2,
    timestamp: 5,
  });
  expect(parse(line, { json: true, headers: [parseHeader('from=shell=yes')] })).toEqual({
    key: 'k',
    value: 'bytes',
    headers: [
      ['from', 'shell=yes'],
      ['a', '1'],
      ['b', '2'],
      ['c', null],
    ],
    partition: 2,
    timestamp: 5,
  });
  expect(parse('{}', { json: true })).toMatchObject({ key: null, value: null, timestamp: NOW_MS });
});

test.each([
  ['-62135596800000', -62_135_596_800_000],
  ['"1800000000000000001"', 1_800_000_000_000_000_001n],
  ['"-5"', -5],
])('the timestamp %s is exact', (text, timestamp) => {
  expect(parse(`{"timestamp":${text}}`, { json: true }).timestamp).toBe(timestamp);
});

test.each(['1800000000000000001', '1.5', '"9223372036854775808"', '""', 'null'])(
  'the timestamp %s is refused, since it would not be exact or is none',
  (text) => {
    expect(() => parse(`{"timestamp":${text}}`, { json: true })).toThrow('"timestamp" is a whole');
  },
);

test.each([
  ['hello', 'line 7: not JSON: with --format json each line is an object such as'],
  ['[1]', 'an object such as'],
  ['null', 'an object such as'],
  ['{"value":{"a":1}}', '"value" is text or null; write an object as text'],
  ['{"value":"a","valueBase64":"YQ=="}', 'exclude each other'],
  ['{"keyBase64":"a b"}', '"keyBase64" is not base64'],
  ['{"keyBase64":1}', '"keyBase64" is not base64'],
  ['{"partition":-1}', '"partition" is a whole number from 0 on'],
  [
    '{"timestamp":"now"}',
    '"timestamp" is a whole number, milliseconds since 1970; beyond 2^53 as text',
  ],
  ['{"headers":{"a":"b"}}', '"headers" is a list of objects'],
  ['{"headers":[{"value":"b"}]}', 'a header is an object'],
])('the line %j is refused', (line, why) => {
  expect(() => parse(line, { json: true })).toThrow(why);
});

test('a header without a name is refused', () => {
  expect(() => parseHeader('=x')).toThrow('expected NAME=VALUE');
});
