import { expect, test } from 'vitest';
import { type Duration, durationMs } from '../../../server/testing/duration.js';

test.each<[Duration, number]>([
  ['500ms', 500],
  ['10s', 10_000],
  ['1.5s', 1500],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['7d', 604_800_000],
  [250, 250],
  [0, 0],
  [0.4, 1],
  ['0.4ms', 1],
  ['0ms', 0],
])('%j is %d ms', (duration, ms) => {
  expect(durationMs(duration)).toBe(ms);
});

test.each(['', '7', '7 d', '-1s', '1w', 's', '1e9s', -1, Number.NaN, Number.POSITIVE_INFINITY])(
  '%j is refused with examples of what is meant',
  (text) => {
    expect(() => durationMs(text as Duration)).toThrow(RangeError);
    expect(() => durationMs(text as Duration)).toThrow("such as '500ms'");
  },
);
