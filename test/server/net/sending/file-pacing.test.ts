import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fileBytesLeft, isPaced } from '../../../../server/net/sending/file-pacing.js';

const LIMITS = { pacedTurnBytesMax: 256 * 1024, pacedBytes: 16 * 1024 ** 2 };

test('a sender with the broker for itself is not paced', () => {
  expect(isPaced({ sinceBriskBytes: LIMITS.pacedBytes }, LIMITS)).toBe(false);
  const inTurnBytes = 100 * LIMITS.pacedTurnBytesMax;
  expect(fileBytesLeft({ sinceBriskBytes: LIMITS.pacedBytes, inTurnBytes }, LIMITS)).toBe(Infinity);
});

test('while a client with small answers is about, a turn never sends more than its share, and never less than nothing is left', () => {
  fc.assert(
    fc.property(
      fc.nat(LIMITS.pacedBytes - 1),
      fc.nat(4 * LIMITS.pacedTurnBytesMax),
      (sinceBriskBytes, inTurnBytes) => {
        const left = fileBytesLeft({ sinceBriskBytes, inTurnBytes }, LIMITS);
        expect(left).toBeGreaterThanOrEqual(0);
        expect(left === 0 || left + inTurnBytes === LIMITS.pacedTurnBytesMax).toBe(true);
        expect(left > 0).toBe(inTurnBytes < LIMITS.pacedTurnBytesMax);
      },
    ),
  );
});
