import { describe, expect, test } from 'vitest';
import { LeaderEpochs } from '../../../../engine/log/state/leader-epochs.js';

/** Epoch 2 from 0, epoch 3 from 10, epoch 6 from 20. */
function history(): LeaderEpochs {
  return new LeaderEpochs([
    { epoch: 2, startOffset: 0 },
    { epoch: 3, startOffset: 10 },
    { epoch: 6, startOffset: 20 },
  ]);
}

describe('the end of an epoch, as Apache Kafka answers (LeaderEpochFileCache.endOffsetFor)', () => {
  test.each([
    ['the latest ends at the log end', 6, { leaderEpoch: 6, endOffset: 33 }],
    ['an earlier one ends where the next begins', 2, { leaderEpoch: 2, endOffset: 10 }],
    ['one that wrote nothing ends with the one before', 5, { leaderEpoch: 3, endOffset: 20 }],
    ['one before all known ends where they begin', 1, { leaderEpoch: 1, endOffset: 0 }],
    ['one above all known is unknown', 7, { leaderEpoch: -1, endOffset: -1 }],
    ['no epoch is unknown', -1, { leaderEpoch: -1, endOffset: -1 }],
  ])('%s', (_what, asked, expected) => {
    expect(history().endOf(asked, 33)).toEqual(expected);
  });

  test('nothing is known of an empty history', () => {
    expect(new LeaderEpochs().endOf(0, 33)).toEqual({ leaderEpoch: -1, endOffset: -1 });
  });
});

test('the epoch of an offset is that of the last start at or below it', () => {
  const epochs = history();
  expect([0, 9, 10, 19, 20, 99].map((offset) => epochs.epochOf(offset))).toEqual([
    2, 2, 3, 3, 6, 6,
  ]);
  expect(new LeaderEpochs().epochOf(5)).toBe(-1);
});

test('only a higher epoch is noted, at its first offset', () => {
  const epochs = new LeaderEpochs();
  epochs.assign(1, 0);
  epochs.assign(1, 5);
  epochs.assign(0, 7);
  epochs.assign(2, 9);
  expect(epochs.entries()).toEqual([
    { epoch: 1, startOffset: 0 },
    { epoch: 2, startOffset: 9 },
  ]);
});

test('an epoch with nothing below the one that follows goes, as in Apache Kafka', () => {
  const epochs = new LeaderEpochs([{ epoch: 1, startOffset: 24 }]);
  epochs.assign(3, 24);
  expect(epochs.entries()).toEqual([{ epoch: 3, startOffset: 24 }]);
});

test('a truncation forgets what began at or above it', () => {
  const epochs = history();
  epochs.truncateEnd(20);
  expect(epochs.entries().map(({ epoch }) => epoch)).toEqual([2, 3]);
  epochs.truncateEnd(11);
  expect(epochs.entries().map(({ epoch }) => epoch)).toEqual([2, 3]);
  epochs.truncateEnd(0);
  expect(epochs.entries()).toEqual([]);
});

test('behind a new log start the epoch that holds it begins there', () => {
  const epochs = history();
  epochs.truncateStart(15);
  expect(epochs.entries()).toEqual([
    { epoch: 3, startOffset: 15 },
    { epoch: 6, startOffset: 20 },
  ]);
  epochs.truncateStart(20);
  expect(epochs.entries()).toEqual([{ epoch: 6, startOffset: 20 }]);
  epochs.truncateStart(40);
  expect(epochs.entries()).toEqual([{ epoch: 6, startOffset: 40 }]);
});

test('a snapshot leaves out what may yet be lost, and keeps the epoch of an empty log', () => {
  const epochs = history();
  expect(epochs.snapshot(20, 0).map(({ epoch }) => epoch)).toEqual([2, 3]);
  epochs.truncateStart(40);
  expect(epochs.snapshot(40, 40)).toEqual([{ epoch: 6, startOffset: 40 }]);
});

test('a failed write takes back what it noted, and no more', () => {
  const epochs = new LeaderEpochs([{ epoch: 1, startOffset: 24 }]);
  const before = epochs.entries();
  epochs.assign(3, 24);
  epochs.backTo(before, 24);
  expect(epochs.entries()).toEqual([{ epoch: 1, startOffset: 24 }]);
});
