import { expect, test } from 'vitest';
import { parseRange } from '../../../../server/cli/consume/read-range.js';

test('without --to nothing bounds it', () => {
  expect(parseRange(undefined, undefined)).toEqual({ from: { kind: 'beginning' }, to: null });
});

test.each([
  ['5', { kind: 'offset', offset: 5 }],
  ['-5', { kind: 'tail', count: 5 }],
  ['end', { kind: 'end' }],
  ['2026-11-22T09:30:00Z', { kind: 'time', timestampMs: Date.UTC(2026, 10, 22, 9, 30) }],
])('--to %s is written as --from is', (text, to) => {
  expect(parseRange('0', text)).toEqual({ from: { kind: 'offset', offset: 0 }, to });
});

test('an offset behind the end may come', () => {
  expect(parseRange('end', '7').to).toEqual({ kind: 'offset', offset: 7 });
});

test.each([
  [undefined, 'beginning'],
  [undefined, '0'],
  ['5', '5'],
  ['6', '5'],
  ['end', 'end'],
  ['end', '1h'],
  ['-5', '-5'],
  ['1h', '2h'],
  ['2026-11-22', '2026-11-21'],
])('nothing lies between --from %s and --to %s', (from, to) => {
  const read = () => parseRange(from, to);
  expect(read).toThrow(expect.objectContaining({ exitCode: 2 }));
  expect(read).toThrow('nothing lies between');
});

test('what is no place is refused by its option', () => {
  expect(() => parseRange(undefined, 'soon')).toThrow('--to "soon": ');
});
