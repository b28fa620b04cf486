import { configDefaults, defineConfig } from 'vitest/config';

// Every Node process reads that file first where it is set, which takes longer than the command.
delete process.env.NODE_EXTRA_CA_CERTS;

/** What takes longer than its files are worth on every change; `npm run test:long` has it. */
const LONG = [
  'test/faults/*.test.ts',
  'test/crash/compaction.test.ts',
  'test/crash/power-cut.test.ts',
  'test/server/bad-input/connections.test.ts',
  'test/server/bad-input/large-requests.test.ts',
  'test/server/bad-input/unpacked-memory.test.ts',
  'test/server/cli/pipes.test.ts',
  'test/server/turns/large-requests.test.ts',
];

export default defineConfig({
  test: {
    pool: 'forks',
    // A file leaves nothing behind, and modules are loaded once.
    isolate: false,
    maxWorkers: '100%',
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/clients/**', 'test/pack/**', ...LONG],
    env: { ODRADEK_VERIFY: '1' },
    // These end what hangs; a busy machine may take a hundred times as long as an idle one.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
