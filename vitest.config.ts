import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks',
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/clients/**', 'test/pack/**'],
    env: { ODRADEK_VERIFY: '1' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // The default of one second is a judgement of the machine.
    expect: { poll: { timeout: 30_000 } },
  },
});
