import { expect, test } from 'vitest';
import {
  descriptorsFor,
  descriptorsForConnections,
  leftOf,
  parseOpenFiles,
  shareOf,
} from '../../../engine/disk/descriptor-limit.js';

const LINE = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft.padEnd(20)} 1048576              files\n`;

test('the soft limit is read from the table of limits', () => {
  expect(parseOpenFiles(LINE('20000'))).toBe(20_000);
  expect(parseOpenFiles(LINE('unlimited'))).toBe(Number.POSITIVE_INFINITY);
  expect(parseOpenFiles('something else')).toBeGreaterThan(1000);
});

test('logs get six tenths of a limit, at most what they want, and never none', () => {
  expect(shareOf(20_000, 16_384)).toBe(12_000);
  expect(shareOf(1_048_576, 16_384)).toBe(16_384);
  expect(shareOf(Number.POSITIVE_INFINITY, 16_384)).toBe(16_384);
  expect(shareOf(1, 16_384)).toBe(1);
});

test('this process has a limit', () => {
  expect(descriptorsFor(100)).toBeGreaterThan(0);
  expect(descriptorsFor(100)).toBeLessThanOrEqual(100);
});

test('connections get what logs and the process itself leave of a limit, and never none', () => {
  for (const limit of [256, 1024, 20_000, 1_048_576]) {
    expect(leftOf(limit) + shareOf(limit, 16_384) + 64).toBe(limit);
  }
  expect(leftOf(256)).toBe(39);
  expect(leftOf(64)).toBe(1);
  expect(leftOf(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  expect(descriptorsForConnections()).toBeGreaterThan(0);
});
