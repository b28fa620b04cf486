import { expect, test } from 'vitest';
import { runSeed } from './run-seed.js';
import { soak } from './soak.js';

test('a soak of random sequences', async () => {
  const { failedSeeds, failure } = await soak({
    results: 'model.jsonl',
    sequences: 100_000,
    firstSeed: 100_000,
    run: async (seed) => ({ lostPages: (await runSeed(seed)) === 'lost-page' ? 1 : 0 }),
  });
  if (failure !== null) throw failure;
  expect(failedSeeds).toEqual([]);
});
