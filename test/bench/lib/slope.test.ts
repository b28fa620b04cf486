import { describe, expect, it } from 'vitest';
import { fitSlope, formatSlope } from '../../../bench/lib/slope.js';

const along = (slope: number, xs: number[], noise = (_: number): number => 1) =>
  xs.map((x, i) => ({ x, y: 3 * x ** slope * noise(i) }));

describe('a slope on log axes', () => {
  it.each([-1, -0.5, 0, 1, 2])('of a power law is its exponent: %d', (exponent) => {
    const fit = fitSlope(along(exponent, [1, 10, 100, 1000]))!;
    expect(fit.slope).toBeCloseTo(exponent, 10);
    expect(fit.low).toBeCloseTo(exponent, 6);
    expect(fit.high).toBeCloseTo(exponent, 6);
    expect(fit.atOne).toBeCloseTo(3, 10);
    expect(fit.points).toBe(4);
  });

  it('has an interval that grows with the scatter, and holds the truth', () => {
    const wobble = (share: number) => (i: number) => (i % 2 === 0 ? 1 + share : 1 - share);
    const little = fitSlope(along(1, [1, 3, 10, 30, 100], wobble(0.02)))!;
    const much = fitSlope(along(1, [1, 3, 10, 30, 100], wobble(0.3)))!;
    expect(much.high - much.low).toBeGreaterThan(5 * (little.high - little.low));
    for (const { low, high } of [little, much]) {
      expect(low).toBeLessThan(1);
      expect(high).toBeGreaterThan(1);
    }
  });

  it('is what least squares gives, with the interval of Student', () => {
    // By hand: slope 1/2, residuals 1/6, -1/3, 1/6; s² = 1/6; s/√Sxx = √(1/12); t = 12.706.
    const e = Math.E;
    const fit = fitSlope([
      { x: 1, y: 1 },
      { x: e, y: 1 },
      { x: e * e, y: e },
    ])!;
    expect(fit.slope).toBeCloseTo(0.5, 10);
    expect(fit.high - fit.slope).toBeCloseTo(12.706 * Math.sqrt(1 / 12), 8);
    expect(fit.slope - fit.low).toBeCloseTo(fit.high - fit.slope, 10);
  });

  it('needs three points that have a place on the axes, and more than one x', () => {
    expect(fitSlope(along(1, [1, 10]))).toBeNull();
    expect(fitSlope([...along(1, [1, 10]), { x: 100, y: 0 }])).toBeNull();
    expect(fitSlope([...along(1, [1, 10]), { x: 0, y: 5 }])).toBeNull();
    expect(fitSlope([...along(1, [1, 10]), { x: 100, y: Number.NaN }])).toBeNull();
    expect(fitSlope(along(1, [5, 5, 5], (i) => 1 + i))).toBeNull();
  });

  it('is written with its interval, and never as minus nothing', () => {
    const fit = { slope: -0.001, low: -0.204, high: 0.198, atOne: 1, points: 4 };
    expect(formatSlope(fit)).toBe('0.00 (-0.20 to 0.20)');
  });
});
