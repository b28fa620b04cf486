import { defineConfig } from 'vitest/config';

/**
 * The scenarios of every client, those of the normal suite too: what `npm run soak:clients` repeats
 * and `npm run capture:wire` records.
 */
export default defineConfig({
  test: {
    pool: 'forks',
    include: ['test/clients/**/*.test.ts'],
    exclude: ['test/clients/real-events.test.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
