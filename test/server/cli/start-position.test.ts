import { expect, test } from 'vitest';
import { parsePosition, parseStartPosition } from '../../../server/cli/start-position.js';

test.each([
  ['beginning', { kind: 'beginning' }],
  ['earliest', { kind: 'beginning' }],
  ['end', { kind: 'end' }],
  ['latest', { kind: 'end' }],
  ['0', { kind: 'offset', offset: 0 }],
  ['9007199254740', { kind: 'offset', offset: 9_007_199_254_740 }],
  ['-10', { kind: 'tail', count: 10 }],
  ['2026-11-22T09:30:00Z', { kind: 'time', timestampMs: Date.UTC(2026, 10, 22, 9, 30) }],
  [
    '2026-11-22T09:30:00.5+01:00',
    { kind: 'time', timestampMs: Date.UTC(2026, 10, 22, 8, 30, 0, 500) },
  ],
  ['2026-11-22', { kind: 'time', timestampMs: Date.UTC(2026, 10, 22) }],
])('--from %s', (text, expected) => {
  expect(parseStartPosition(text)).toEqual(expected);
});

test('a time without a zone is local', () => {
  const timestampMs = new Date(2026, 10, 22, 9, 30).getTime();
  expect(parseStartPosition('2026-11-22T09:30')).toEqual({ kind: 'time', timestampMs });
  expect(parseStartPosition('2026-11-22 09:30')).toEqual({ kind: 'time', timestampMs });
});

test.each([
  ['500ms', 500],
  ['1h', 3_600_000],
  ['1.5d', 129_600_000],
  ['0s', 0],
])('%s is so long ago', (text, agoMs) => {
  const nowMs = Date.UTC(2026, 10, 22);
  const timestampMs = nowMs - agoMs;
  expect(parsePosition('--from', text, nowMs)).toEqual({ kind: 'time', timestampMs });
});

test.each([
  '',
  '1w',
  '-1h',
  'h',
  '999999999d',
  'begin',
  '1.5',
  '--1',
  '2026-13-01',
  '9'.repeat(20),
  'yesterday',
])('--from %j is refused with examples', (text) => {
  expect(() => parseStartPosition(text)).toThrow(expect.objectContaining({ exitCode: 2 }));
  expect(() => parseStartPosition(text)).toThrow('an offset such as 42');
});
