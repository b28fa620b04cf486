import { expect, test } from 'vitest';
import { Turn } from '../../../server/net/turn.js';
import { TurnAllowance } from '../../../server/net/turn-allowance.js';
import { TurnClock } from '../../support/turn-clock.js';

const MAX = 160_000;

function allowance() {
  const clock = new TurnClock();
  return { clock, own: new TurnAllowance(new Turn(clock), MAX) };
}

/** Spends pieces for as long as it may; returns how many bytes that were. */
function spendAll(own: TurnAllowance, pieceBytes: number): number {
  let spentBytes = 0;
  while (own.left > 0) {
    own.spend(pieceBytes);
    spentBytes += pieceBytes;
  }
  return spentBytes;
}

test('a turn allows what it is meant to, and at most a sixteenth and a piece more', () => {
  const { clock, own } = allowance();
  for (let turn = 0; turn < 20; turn++) {
    const spentBytes = spendAll(own, 1000);
    expect(spentBytes).toBeGreaterThanOrEqual(MAX);
    expect(spentBytes).toBeLessThanOrEqual(MAX + MAX / 16 + 1000);
    clock.endTurn();
  }
});

test('one piece larger than all is let through, and nothing after it in the same turn', () => {
  const { clock, own } = allowance();
  spendAll(own, 1000);
  clock.endTurn();
  expect(own.left).toBe(MAX);
  own.spend(10 * MAX);
  own.spend(1);
  expect(own.left).toBeLessThanOrEqual(0);
});

test('small requests, one a turn, cost a callback at the end of one turn in hundreds', () => {
  const { clock, own } = allowance();
  for (let turn = 0; turn < 10_000; turn++) {
    expect(own.left).toBeGreaterThan(0);
    own.spend(80);
    clock.endTurn();
  }
  expect(clock.asked).toBeLessThanOrEqual((10_000 * 80) / (MAX / 16));
});
