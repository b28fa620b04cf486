import { defineConfig } from 'vitest/config';

/** The most expensive requests beside a client that does little; `npm run test:canary`. */
export default defineConfig({
  test: {
    pool: 'forks',
    // One after another: the canary's times would tell of the other files.
    fileParallelism: false,
    include: ['test/canary/*.canary.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
