import { expect, test } from 'vitest';
import { runSeed } from './run-seed.js';

const SEQUENCES = 10_000;
const named = process.env.ODRADEK_SEED;
const seeds = named ? [Number(named)] : Array.from({ length: SEQUENCES }, (_, at) => at + 1);

test(`${seeds.length} random sequences of operations agree with a naive log in memory`, async () => {
  let lostPages = 0;
  for (const seed of seeds) if ((await runSeed(seed)) === 'lost-page') lostPages++;
  // Those end early: they may not be many.
  expect(lostPages).toBeLessThan(seeds.length / 20 + 1);
}, 600_000);
