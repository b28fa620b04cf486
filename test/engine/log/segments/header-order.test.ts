import { describe, expect, test } from 'vitest';
import { lastOffset } from '../../../../engine/batch/header.js';
import { writeInt64 } from '../../../../engine/batch/int64.js';
import {
  HeaderOrder,
  type OrderedHeader,
  UNKNOWN_EPOCHS,
} from '../../../../engine/log/segments/header-order.js';
import { LeaderEpochs } from '../../../../engine/log/state/leader-epochs.js';
import { batchOf } from '../../../support/batches.js';

function header(baseOffset: number, count = 1, epoch = 0): OrderedHeader {
  const bytes = batchOf(Array.from({ length: count }, () => 'v'));
  writeInt64(bytes, 0, baseOffset);
  bytes.writeInt32BE(epoch, 12);
  return { bytes, at: 0, baseOffset, lastOffset: lastOffset(bytes) };
}

const order = new HeaderOrder();
const fitting = (...headers: OrderedHeader[]): boolean[] => headers.map((each) => order.fits(each));

test('without gaps each batch begins where the one before ended', () => {
  order.begin({ isGapless: true }, 7, UNKNOWN_EPOCHS);
  expect(fitting(header(7, 3), header(10), header(12), header(11), header(10))).toEqual([
    true,
    true,
    false,
    true,
    false,
  ]);
});

test('with gaps each begins above the one before and ends below what is known to come', () => {
  order.begin({ isGapless: false }, 7, UNKNOWN_EPOCHS, 20);
  expect(fitting(header(6), header(9), header(9), header(18, 2), header(21))).toEqual([
    false,
    true,
    false,
    true,
    false,
  ]);
  expect(order.begin({ isGapless: false }, 7, UNKNOWN_EPOCHS, 20).fits(header(18, 3))).toBe(false);
});

test('where the first offset is unknown, the second follows it', () => {
  order.begin({ isGapless: true }, -1, UNKNOWN_EPOCHS);
  expect(fitting(header(1000), header(1001), header(1003))).toEqual([true, true, false]);
});

test('an offset beyond 2^53 fits nowhere', () => {
  const beyond = { ...header(7), baseOffset: Infinity, lastOffset: Infinity };
  expect(order.begin({ isGapless: false }, 0, UNKNOWN_EPOCHS).fits(beyond)).toBe(false);
});

describe('an epoch', () => {
  const epochs = new LeaderEpochs([
    { epoch: 2, startOffset: 10 },
    { epoch: 5, startOffset: 20 },
  ]);

  test.each([
    [10, 2, true],
    [19, 2, true],
    [10, 3, false],
    [20, 2, false],
    [20, 5, true],
    [2000, 5, true],
    [2000, 6, false],
    [2000, -1, true],
    [2000, -2, false],
    [9, -2, false],
    // Below all that is known of nothing can be said.
    [9, 77, true],
  ])('of a batch at %i that is %i fits: %s', (offset, epoch, fits) => {
    order.begin({ isGapless: false }, -1, epochs);
    expect(order.fits(header(offset, 1, epoch))).toBe(fits);
  });

  test('may be any in a log that has those of another directory', () => {
    const foreign = new LeaderEpochs(epochs.entries());
    foreign.noteForeign();
    order.begin({ isGapless: false }, -1, foreign);
    expect(order.fits(header(2000, 1, 1))).toBe(true);
    expect(order.fits(header(2000, 1, -2))).toBe(false);
  });
});
