import { expect, test } from 'vitest';
import { often } from '../support/often.js';
import { runSeed } from './run-seed.js';

const SEQUENCES = often(300, 10_000);
/** Each of these is a test, so that a busy machine has time for it. */
const AT_A_TIME = 500;
const named = process.env.ODRADEK_SEED;
const seeds = named ? [Number(named)] : Array.from({ length: SEQUENCES }, (_, at) => at + 1);
const parts = Array.from({ length: Math.ceil(seeds.length / AT_A_TIME) }, (_, part) =>
  seeds.slice(part * AT_A_TIME, (part + 1) * AT_A_TIME),
).map((part) => ({ part, first: part[0]!, last: part.at(-1)! }));

test.each(parts)(
  'random sequences of operations $first to $last agree with a naive log in memory',
  async ({ part }) => {
    let lostPages = 0;
    for (const seed of part) if ((await runSeed(seed)) === 'lost-page') lostPages++;
    // Those end early: they may not be many.
    expect(lostPages).toBeLessThan(part.length / 20 + 1);
  },
  600_000,
);
