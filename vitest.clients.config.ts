import { defineConfig } from 'vitest/config';

/**
 * Suites that need programs of other projects; `npm run test:clients`. One file at a time: brokers
 * and JVMs share two cores.
 */
export default defineConfig({
  test: {
    pool: 'forks',
    include: ['test/clients/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
