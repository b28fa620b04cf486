import { defineConfig } from 'vitest/config';

/** Every client's scenarios many times in a row; `npm run soak:clients`. */
export default defineConfig({
  test: { pool: 'forks', include: ['test/clients/*.soak.ts'], testTimeout: 6 * 3_600_000 },
});
