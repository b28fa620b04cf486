import { defineConfig } from 'vitest/config';

delete process.env.NODE_EXTRA_CA_CERTS;

/** Files that `npm test` leaves out, and others with more seeds and rounds; `npm run test:long`. */
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: '100%',
    include: [
      'test/faults/*.test.ts',
      'test/model/*.test.ts',
      'test/crash/compaction.test.ts',
      'test/crash/kill.test.ts',
      'test/crash/power-cut.test.ts',
      'test/server/bad-input/connections.test.ts',
      'test/server/bad-input/large-requests.test.ts',
      'test/server/bad-input/unpacked-memory.test.ts',
      'test/server/cli/pipes.test.ts',
      'test/server/turns/large-requests.test.ts',
      'test/server/groups/group-model.test.ts',
      'test/server/handlers/fetch-sessions-model.test.ts',
      'test/server/protocol/messages.test.ts',
    ],
    env: { ODRADEK_VERIFY: '1', ODRADEK_LONG: '1' },
    testTimeout: 600_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
