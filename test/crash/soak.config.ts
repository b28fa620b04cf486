import { defineConfig } from 'vitest/config';

/** Long runs that write down their results; `npm run soak:crash`. */
export default defineConfig({
  test: {
    pool: 'forks',
    include: ['test/crash/*.soak.ts'],
    testTimeout: 6 * 3_600_000,
    hookTimeout: 600_000,
  },
});
