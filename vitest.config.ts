import { configDefaults, defineConfig } from 'vitest/config';
import { LEFT_OUT } from './test/long-files.js';

// Every Node process reads that file first where it is set, which takes longer than the command.
delete process.env.NODE_EXTRA_CA_CERTS;

export default defineConfig({
  test: {
    pool: 'forks',
    // A file leaves nothing behind, and modules are loaded once.
    isolate: false,
    maxWorkers: '100%',
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/clients/**', 'test/pack/**', ...LEFT_OUT],
    env: { ODRADEK_VERIFY: '1' },
    // These end what hangs; a busy machine may take a hundred times as long as an idle one.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
