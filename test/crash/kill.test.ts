import { expect, test } from 'vitest';
import { seededRandom } from '../../engine/index.js';
import { often } from '../support/often.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { type Acknowledged, startAppender, verifyDirectory } from './support/appender.js';

const ROUNDS = often(4, 10);
const SEED = 20261122;
const NUMBERS_PER_ROUND = 1_000_000;

test(`a process that is killed ${ROUNDS} times while it appends loses nothing it acknowledged`, async () => {
  const directory = temporaryFolder();
  const random = seededRandom(SEED);
  const acknowledged: Acknowledged = new Map();
  for (let round = 0; round < ROUNDS; round++) {
    const appender = startAppender(
      directory,
      { flush: 'ack', seed: SEED + round, firstNumber: round * NUMBERS_PER_ROUND },
      acknowledged,
    );
    await appender.reached(1 + Math.floor(random.next() * 300));
    await appender.kill();
    const found = await verifyDirectory(directory, 'ack', acknowledged);
    expect(found.lost).toBe(0);
    // Each kill is an unclean stop, and each verification a clean one.
    expect(found.leaderEpoch).toBe(round + 1);
  }
});
