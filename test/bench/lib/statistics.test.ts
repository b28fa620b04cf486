import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  hasStoppedRising,
  judge,
  median,
  pairedRatio,
  quantile,
  sliceOrder,
} from '../../../bench/lib/statistics.js';

const rate = fc.double({ min: 1e-3, max: 1e9, noNaN: true });

describe('median and quantile', () => {
  test('the median of an even count lies between the two in the middle', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([5])).toBe(5);
    expect(median([])).toBeNaN();
  });

  test('a quantile is interpolated and the ends are the extremes', () => {
    expect(quantile([10, 20, 30], 0)).toBe(10);
    expect(quantile([10, 20, 30], 1)).toBe(30);
    expect(quantile([10, 20, 30], 0.25)).toBe(15);
  });
});

describe('pairedRatio', () => {
  test('a drift that hits both slices of a pair alike leaves the ratio exact', () => {
    const drift = Array.from({ length: 15 }, (_, i) => 1 + i);
    const ratio = pairedRatio(
      drift.map((x) => 3 * x),
      drift.map((x) => 2 * x),
    )!;
    expect(ratio.median).toBeCloseTo(1.5, 10);
    expect(ratio.low).toBeCloseTo(1.5, 10);
    expect(ratio.high).toBeCloseTo(1.5, 10);
    expect(ratio.pairs).toBe(15);
  });

  test('the median lies in its interval, the interval within the pairs, and swapping the sides turns it over', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(rate, rate), { minLength: 1, maxLength: 20 }), (pairs) => {
        const ours = pairs.map(([a]) => a);
        const theirs = pairs.map(([, b]) => b);
        const forth = pairedRatio(ours, theirs)!;
        const back = pairedRatio(theirs, ours)!;
        const ratios = pairs.map(([a, b]) => a / b);
        const slack = 1 + 1e-9;
        expect(forth.low).toBeLessThanOrEqual(forth.median * slack);
        expect(forth.median).toBeLessThanOrEqual(forth.high * slack);
        expect(forth.low * slack).toBeGreaterThanOrEqual(Math.min(...ratios));
        expect(forth.high).toBeLessThanOrEqual(Math.max(...ratios) * slack);
        expect(back.median * forth.median).toBeCloseTo(1, 9);
      }),
      { numRuns: 30 },
    );
  });

  test('the same slices give the same interval every time', () => {
    const ours = [5, 6, 7, 8, 5, 9, 4];
    const theirs = [3, 4, 3, 5, 2, 4, 3];
    expect(pairedRatio(ours, theirs)).toEqual(pairedRatio(ours, theirs));
  });

  test('one wild slice of fifteen does not move the interval much', () => {
    const theirs = Array.from({ length: 15 }, () => 100);
    const ours = theirs.map((x, i) => (i === 7 ? x / 50 : x * 2 + i));
    const ratio = pairedRatio(ours, theirs)!;
    expect(ratio.low).toBeGreaterThan(1.9);
  });

  test('a missing slice, a zero or an infinity makes no ratio', () => {
    expect(pairedRatio([], [])).toBeNull();
    expect(pairedRatio([1, 2], [1])).toBeNull();
    expect(pairedRatio([0, 2], [1, 1])).toBeNull();
    expect(pairedRatio([1, 2], [0, 1])).toBeNull();
    expect(pairedRatio([Number.POSITIVE_INFINITY], [1])).toBeNull();
  });
});

describe('judge', () => {
  const ratio = { median: 3, low: 2.5, high: 4, pairs: 15 };

  test('a row passes when the whole interval is on the good side, the bound included', () => {
    expect(judge(ratio, { direction: 'at-least', value: 2.5 })).toBe('pass');
    expect(judge(ratio, { direction: 'at-most', value: 4 })).toBe('pass');
  });

  test('where only the median is good, it says so', () => {
    expect(judge(ratio, { direction: 'at-least', value: 2.6 })).toBe('median-only');
    expect(judge(ratio, { direction: 'at-most', value: 3.5 })).toBe('median-only');
  });

  test('a bad median fails, however wide the interval', () => {
    expect(judge(ratio, { direction: 'at-least', value: 3.1 })).toBe('fail');
    expect(judge(ratio, { direction: 'at-most', value: 2.9 })).toBe('fail');
  });

  test('five pairs can never pass', () => {
    const few = { ...ratio, pairs: 5 };
    expect(judge(few, { direction: 'at-least', value: 1 })).toBe('median-only');
  });
});

test('slices go AB, BA, AB', () => {
  expect(sliceOrder(3, ['A', 'B'])).toEqual([
    ['A', 'B'],
    ['B', 'A'],
    ['A', 'B'],
  ]);
});

describe('hasStoppedRising', () => {
  test('a rate that still climbs is warming up', () => {
    expect(hasStoppedRising([10, 20, 30, 40, 50, 60, 70])).toBe(false);
  });

  test('a level rate is warm, and so is one that falls', () => {
    expect(hasStoppedRising([10, 60, 100, 101, 99, 100])).toBe(true);
    expect(hasStoppedRising([100, 100, 100, 90, 80, 70])).toBe(true);
  });

  test('too few slices say nothing', () => {
    expect(hasStoppedRising([])).toBe(false);
    expect(hasStoppedRising([100, 100, 100, 100, 100])).toBe(false);
  });
});
