import { defineConfig } from 'vitest/config';
import { LEFT_OUT, MORE_OFTEN } from './long-files.js';

delete process.env.NODE_EXTRA_CA_CERTS;

/** Files that `npm test` leaves out, and others with more seeds and rounds; `npm run test:long`. */
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: '100%',
    include: [...LEFT_OUT, ...MORE_OFTEN],
    env: { ODRADEK_VERIFY: '1', ODRADEK_LONG: '1' },
    testTimeout: 600_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
