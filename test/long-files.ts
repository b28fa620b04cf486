/**
 * What `npm test` leaves out and `npm run test:long` has: files that take long for what they tell.
 */
export const LEFT_OUT = [
  'test/faults/*.test.ts',
  'test/crash/compaction.test.ts',
  'test/crash/power-cut.test.ts',
  'test/docs/testing-with-odradek.test.ts',
  'test/engine/log/ten-terabytes.test.ts',
  'test/model/real-disk.test.ts',
  'test/server/bad-input/compacted-topics.test.ts',
  'test/server/bad-input/connections.test.ts',
  'test/server/bad-input/large-requests.test.ts',
  'test/server/bad-input/slow-clients.test.ts',
  'test/server/bad-input/unpacked-memory.test.ts',
  'test/server/cli/consume-group.test.ts',
  'test/server/cli/groups.test.ts',
  'test/server/cli/pipes.test.ts',
  'test/server/cli/repair-log.test.ts',
  'test/server/cold-fetch.test.ts',
  'test/server/groups/idle-members.test.ts',
  'test/server/groups/kill.test.ts',
  'test/server/turns/large-requests.test.ts',
];

/** What both have, `npm run test:long` with more seeds and rounds (`support/often.ts`). */
export const MORE_OFTEN = [
  'test/model/compaction.test.ts',
  'test/model/model.test.ts',
  'test/crash/kill.test.ts',
  'test/server/groups/group-model.test.ts',
  'test/server/groups/leadership.test.ts',
  'test/server/handlers/fetch-sessions-model.test.ts',
  'test/server/protocol/messages.test.ts',
];
