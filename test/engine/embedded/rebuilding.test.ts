import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../engine/clock.js';
import { asEvent } from '../../../engine/embedded/event-record.js';
import { followLog } from '../../../engine/embedded/follow.js';
import { readBatchBytes } from '../../../engine/embedded/stored-batches.js';
import { EngineError, type PartitionLog, TurnSlices } from '../../../engine/index.js';

const reader = { slices: new TurnSlices(systemClock), decode: asEvent };

/**
 * A log of which an index is being rebuilt, for as long as `warming` takes, and again and again.
 */
function rebuilding(warm: () => Promise<void> | null): PartitionLog {
  const read = (): never => {
    throw new EngineError('INDEX_REBUILDING', 'ask again');
  };
  const log: Partial<PartitionLog> = { warm, read, logStartOffset: 0, logEndOffset: 9 };
  return log as PartitionLog;
}

const NEVER = new Promise<void>(() => {});

describe.each([
  ['that does not end', () => NEVER],
  ['that has to be done again and again', () => new Promise<void>((done) => setImmediate(done))],
])('the rebuild of an index %s', (_, warm) => {
  test('is not waited for by a read that was aborted', async () => {
    const controller = new AbortController();
    const reading = readBatchBytes(rebuilding(warm), 0, 1000, controller.signal);
    controller.abort();
    await expect(reading).rejects.toMatchObject({ code: 'ABORT_ERR', name: 'AbortError' });
  });

  test('is not waited for by a follower that was aborted', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const next = followLog(rebuilding(warm), { signal }, reader).next();
    controller.abort();
    await expect(next).rejects.toMatchObject({ code: 'ABORT_ERR' });
  });
});

test('a follower ends where its log is closed while an index is rebuilt', async () => {
  const log = rebuilding(async () => {
    throw new EngineError('LOG_CLOSED', 'closed');
  });
  expect(await followLog(log, {}, reader).next()).toMatchObject({
    done: true,
  });
});
