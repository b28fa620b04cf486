import { expect, test } from 'vitest';
import { runCompactionSeed } from './compaction-run.js';
import { soak } from './soak.js';

test('a soak of random histories of a compacted log', async () => {
  const { failedSeeds, failure } = await soak({
    results: 'compaction.jsonl',
    sequences: 10_000,
    firstSeed: 100_000,
    run: async (seed) => ({ ...(await runCompactionSeed(seed)) }),
  });
  if (failure !== null) throw failure;
  expect(failedSeeds).toEqual([]);
});
