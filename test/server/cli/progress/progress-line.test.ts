import fc from 'fast-check';
import { expect, test } from 'vitest';
import { progressLine } from '../../../../server/cli/progress/progress-line.js';

const MIB = 1024 * 1024;
const half = { done: 128 * MIB, total: 256 * MIB, unit: 'bytes' };

test('a wide line has a bar, per cent, amount, rate and what is left', () => {
  expect(progressLine('Sending lines', half, 32 * MIB, 120)).toBe(
    'Sending lines  [###############...............]   50%  128 MiB of 256 MiB  32 MiB/s  4 s left',
  );
});

test('of a pipe nobody knows the end: amount and rate alone', () => {
  const piped = { done: 128 * MIB, total: null, unit: 'bytes' };
  expect(progressLine('Sending lines', piped, 32 * MIB, 80)).toBe(
    'Sending lines  128 MiB  32 MiB/s',
  );
  const counted = { done: 12_345, unit: 'records' };
  expect(progressLine('Reading', counted, 1234.4, 80)).toBe('Reading  12,345 records  1,234/s');
});

test('a narrow line leaves out the bar, then the rate, then the amount, then what is left', () => {
  const at = (width: number): string => progressLine('Sending', half, 32 * MIB, width);
  expect(at(80)).toBe(
    'Sending  [#########..........]   50%  128 MiB of 256 MiB  32 MiB/s  4 s left',
  );
  expect(at(60)).toBe('Sending   50%  128 MiB of 256 MiB  32 MiB/s  4 s left');
  expect(at(50)).toBe('Sending   50%  128 MiB of 256 MiB  4 s left');
  expect(at(39)).toBe('Sending   50%  4 s left');
  expect(at(20)).toBe('Sending   50%');
  expect(at(5)).toBe('50%');
  expect(at(0)).toBe('');
});

test('nothing to do, more than all, and a standstill make sense', () => {
  expect(progressLine('Reading', { done: 0, total: 0, unit: 'bytes' }, null, 80)).toBe(
    'Reading  0 B',
  );
  expect(progressLine('Reading', { done: 12, total: 10, unit: 'logs' }, 1, 80)).toMatch(
    /\[#+\] {2}100% {2}12 of 10 logs {2}1\/s {2}finishing$/,
  );
  expect(progressLine('Reading', { done: 5, total: 10, unit: 'logs' }, 0, 80)).toMatch(
    / 50% {2}5 of 10 logs {2}0\/s$/,
  );
});

test('the time that is left is told in its two largest units', () => {
  const left = (seconds: number): string =>
    progressLine('x', { done: 0, total: seconds, unit: 'logs' }, 1, 200).replace(/.*\/s {2}/, '');
  expect([1, 59.2, 125, 11_400, 1e9].map(left)).toEqual([
    '1 s left',
    '1 min 0 s left',
    '2 min 5 s left',
    '3 h 10 min left',
    'days left',
  ]);
});

test('no line is longer than asked for, and the end is not told before it', () => {
  const amount = fc.double({ min: 0, max: 1e15, noNaN: true });
  fc.assert(
    fc.property(
      fc.nat(150),
      amount,
      fc.option(amount),
      fc.option(amount),
      fc.constantFrom('bytes', 'logs'),
      (width, done, total, perSecond, unit) => {
        const line = progressLine('Working', { done, total, unit }, perSecond, width);
        expect(line.length).toBeLessThanOrEqual(width);
        if (total !== null && done < total) expect(line).not.toContain('100%');
      },
    ),
  );
});
