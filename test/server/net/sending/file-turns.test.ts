import { expect, test } from 'vitest';
import { seededRandom } from '../../../../engine/random.js';
import { FileTurns } from '../../../../server/net/sending/file-turns.js';
import { Turn } from '../../../../server/net/turn.js';
import { TurnClock } from '../../../support/turn-clock.js';

const LIMITS = { pacedTurnBytesMax: 1000, pacedBytes: 50_000 };

function bed() {
  const clock = new TurnClock();
  const files = new FileTurns(new Turn(clock), LIMITS);
  /**
   * Sends for as long as it may, in pieces up to `pieceBytes`; returns how much it has sent so far.
   */
  const sender = (totalBytes: number, pieceBytes = Number.POSITIVE_INFINITY) => {
    let sent = 0;
    const run = (): void => {
      while (sent < totalBytes) {
        const left = files.leftBytes;
        if (left <= 0) {
          files.wait(run);
          return;
        }
        const bytes = Math.min(left, pieceBytes, totalBytes - sent);
        files.spend(bytes);
        sent += bytes;
      }
    };
    run();
    return () => sent;
  };
  return { clock, files, sender };
}

test('alone, everything leaves at once and no turn is asked for', () => {
  const { clock, sender } = bed();
  expect(sender(1_000_000)()).toBe(1_000_000);
  expect(clock.asked).toBe(0);
});

test('after a request of a client with small answers, a share leaves in each turn until enough has gone', () => {
  const { clock, files, sender } = bed();
  files.brisk();
  const sent = sender(1_000_000);
  for (let turn = 1; turn < LIMITS.pacedBytes / LIMITS.pacedTurnBytesMax; turn++) {
    expect(sent()).toBe(turn * LIMITS.pacedTurnBytesMax);
    clock.endTurn();
  }
  expect(sent()).toBe(1_000_000);
});

test('all who wait share each turn, and get their bytes in turn, whatever their pieces are', () => {
  const random = seededRandom(3);
  for (let round = 0; round < 50; round++) {
    const { clock, files, sender } = bed();
    files.brisk();
    const count = 2 + Math.floor(random.next() * 6);
    const senders = Array.from({ length: count }, () =>
      sender(10_000, 1 + Math.floor(random.next() * 1500)),
    );
    let before = senders.reduce((sum, sent) => sum + sent(), 0);
    for (let turn = 0; turn < 10 * count; turn++) {
      files.brisk();
      clock.endTurn();
      const after = senders.reduce((sum, sent) => sum + sent(), 0);
      expect(after - before).toBeLessThanOrEqual(LIMITS.pacedTurnBytesMax);
      before = after;
      const all = senders.map((sent) => sent());
      const spread = Math.max(...all) - Math.min(...all);
      // The first one had a share before anybody else was there.
      expect(spread).toBeLessThanOrEqual(2 * LIMITS.pacedTurnBytesMax);
    }
    expect(before).toBe(count * 10_000);
  }
});

test('who comes while others wait stands behind them', () => {
  const { clock, files, sender } = bed();
  files.brisk();
  const first = sender(3000);
  clock.endTurn();
  const second = sender(3000);
  expect([first(), second()]).toEqual([2000, 0]);
  clock.endTurn();
  expect([first(), second()]).toEqual([3000, 0]);
  clock.endTurn();
  expect([first(), second()]).toEqual([3000, 1000]);
});
