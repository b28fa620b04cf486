import { defineConfig } from 'vitest/config';

/** As many sequences as the time allows, with seeds that no run has used; `npm run soak:model`. */
export default defineConfig({
  test: {
    pool: 'forks',
    include: ['test/model/*.soak.ts'],
    testTimeout: 6 * 3_600_000,
    hookTimeout: 600_000,
  },
});
