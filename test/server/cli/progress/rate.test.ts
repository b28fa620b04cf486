import { expect, test } from 'vitest';
import { Rate } from '../../../../server/cli/progress/rate.js';

test('a rate is that of the last ten seconds, and unknown until time has passed', () => {
  const rate = new Rate();
  expect(rate.perSecond()).toBe(null);
  rate.note(0, 0);
  rate.note(0, 5);
  expect(rate.perSecond()).toBe(null);
  for (let second = 1; second <= 60; second++) rate.note(second * 1000, second * 100);
  expect(rate.perSecond()).toBe(100);
  for (let second = 61; second <= 70; second++) rate.note(second * 1000, 6000);
  expect(rate.perSecond()).toBe(0);
});

test('an amount that falls begins anew', () => {
  const rate = new Rate();
  rate.note(0, 1000);
  rate.note(1000, 10);
  expect(rate.perSecond()).toBe(null);
  rate.note(2000, 30);
  expect(rate.perSecond()).toBe(20);
});
