import { expect, test } from 'vitest';
import { AppendWaiters } from '../../../../engine/log/append/append-waiters.js';

interface Told {
  readonly kept: number[];
  readonly lost: number[];
}

function waitersFor(ends: readonly number[]): { waiters: AppendWaiters; told: Told } {
  const waiters = new AppendWaiters();
  const told: Told = { kept: [], lost: [] };
  for (const endOffset of ends) {
    const appended = {
      baseOffset: endOffset - 1,
      lastOffset: endOffset - 1,
      appendTimeMs: -1,
      logStartOffset: 0,
      duplicate: false,
    };
    waiters.push({
      endOffset,
      appended,
      resolve: () => void told.kept.push(endOffset),
      reject: () => void told.lost.push(endOffset),
    });
  }
  return { waiters, told };
}

test('those that end at or below the durable end are told, in order', () => {
  const { waiters, told } = waitersFor([1, 2, 3, 4]);
  waiters.resolveUpTo(2);
  expect(told.kept).toEqual([1, 2]);
  expect(waiters.count).toBe(2);
  waiters.resolveUpTo(4);
  expect(told.kept).toEqual([1, 2, 3, 4]);
  expect(waiters.count).toBe(0);
});

test('those that reach beyond a cut are told of their loss, the others go on waiting', () => {
  const { waiters, told } = waitersFor([1, 2, 3, 4]);
  waiters.resolveUpTo(1);
  waiters.rejectFrom(2, new Error('cut'));
  expect(told).toEqual({ kept: [1], lost: [3, 4] });
  waiters.resolveUpTo(4);
  expect(told.kept).toEqual([1, 2]);
});

test('a duplicate that waits behind a later append is told with it', () => {
  const { waiters, told } = waitersFor([5, 3]);
  waiters.resolveUpTo(5);
  expect(told.kept).toEqual([5, 3]);
});

test('thousands are told once each', () => {
  const ends = Array.from({ length: 5000 }, (_, at) => at + 1);
  const { waiters, told } = waitersFor(ends);
  for (let end = 7; end <= 5000; end += 7) waiters.resolveUpTo(end);
  waiters.resolveUpTo(5000);
  expect(told.kept).toEqual(ends);
});
