import { expect, test } from 'vitest';
import { timeMsOf } from '../../../engine/embedded/time.js';

test.each([
  ['2026-02-28', Date.UTC(2026, 1, 28)],
  ['2024-02-29', Date.UTC(2024, 1, 29)],
  ['2026-12-31T23:59:59.5Z', Date.UTC(2026, 11, 31, 23, 59, 59, 500)],
  ['2026-01-01T00:30+02:00', Date.UTC(2025, 11, 31, 22, 30)],
])('%s is a time', (text, ms) => {
  expect(timeMsOf(text)).toBe(ms);
});

test.each([
  '2026-02-29',
  '2026-02-31T10:00:00Z',
  '2026-04-31',
  '2026-13-01',
  '2026-00-10',
  '2026-01-01T25:00',
  '1 Jan 2026',
  '',
  0,
  null,
  new Date(Number.NaN),
])('%j is none', (value) => {
  expect(timeMsOf(value)).toBeNull();
});
