import { expect, test } from 'vitest';
import { often } from '../support/often.js';
import { runCopyingSeed } from './copying-run.js';

const named = process.env.ODRADEK_SEED;
const seeds = named ? [Number(named)] : Array.from({ length: often(30, 100) }, (_, at) => at + 1);

test('a log that follows another has its bytes, through compaction, truncation, retention and restarts', async () => {
  const all = { batches: 0, beginnings: 0, truncations: 0 };
  for (const seed of seeds) {
    const { batches, beginnings, truncations } = await runCopyingSeed(seed);
    all.batches += batches;
    all.beginnings += beginnings;
    all.truncations += truncations;
  }
  if (named) return;
  expect(all.batches).toBeGreaterThan(seeds.length * 10);
  expect(all.beginnings).toBeGreaterThan(seeds.length / 10);
  expect(all.truncations).toBeGreaterThan(seeds.length / 10);
}, 600_000);
