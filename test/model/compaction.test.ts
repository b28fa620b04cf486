import { expect, test } from 'vitest';
import { often } from '../support/often.js';
import { runCompactionSeed } from './compaction-run.js';

const SEQUENCES = often(20, 120);
const named = process.env.ODRADEK_SEED;
const seeds = named ? [Number(named)] : Array.from({ length: SEQUENCES }, (_, at) => at + 1);

test(`${seeds.length} random histories of a compacted log keep what a map of keys keeps`, async () => {
  let removed = 0;
  let passes = 0;
  for (const seed of seeds) {
    const done = await runCompactionSeed(seed);
    removed += done.recordsRemoved;
    passes += done.passes;
  }
  // They did compact.
  expect(removed).toBeGreaterThan(seeds.length * 5);
  expect(passes).toBeGreaterThan(seeds.length);
}, 600_000);
