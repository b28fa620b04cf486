import { expect, onTestFinished, test } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import { openEngine } from '../../../engine/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const VALUE = 'x'.repeat(300);
const FULL = { code: 'APPENDS_PENDING', message: expect.stringContaining('pendingBytesMax is') };

async function logOf(pendingBytesMax: number, options = {}) {
  const engine = await openEngine(temporaryFolder());
  onTestFinished(() => engine.close());
  return engine.log('events', { pendingBytesMax, ...options });
}

test('appends that nobody waits for are refused beyond the bound, and nothing of them is kept', async () => {
  const log = await logOf(1000);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 10 }, () => log.append({ value: VALUE })),
  );
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  expect(outcomes.slice(0, 3).map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'));
  expect(refused).toHaveLength(7);
  for (const { reason } of refused as PromiseRejectedResult[]) expect(reason).toMatchObject(FULL);
  expect(log.endOffset).toBe(3);
});

test('room comes back with each outcome, be it a failure', async () => {
  const log = await logOf(1000);
  for (let round = 0; round < 3; round++) {
    await Promise.all(Array.from({ length: 3 }, () => log.append({ value: VALUE })));
  }
  for (let round = 0; round < 5; round++) {
    const late = log.append({ value: VALUE }, { expectedOffset: 0 });
    await expect(late).rejects.toMatchObject({ code: 'OFFSET_MISMATCH' });
  }
  await Promise.all(Array.from({ length: 3 }, () => log.append({ value: VALUE })));
  expect(log.endOffset).toBe(12);
});

test('a call by itself may be larger, spread over batches, and holds others up', async () => {
  const log = await logOf(1000, { maxBatchBytes: 500 });
  const large = log.append(Array.from({ length: 8 }, () => ({ value: VALUE })));
  await expect(log.append({ value: 'x' })).rejects.toMatchObject(FULL);
  await large;
  await log.append({ value: 'x' });
  expect(log.endOffset).toBe(9);
});

test('ready batches count as well', async () => {
  const log = await logOf(1000);
  const batch = buildBatchSync([{ key: null, value: 'y'.repeat(800), timestamp: Date.now() }]);
  const first = log.appendBatch(batch);
  await expect(log.appendBatch(batch)).rejects.toMatchObject(FULL);
  await expect(log.append({ value: VALUE })).rejects.toMatchObject(FULL);
  await first;
  await log.appendBatch(batch);
  expect(log.endOffset).toBe(2);
});

test('the bound is a count, and that of a log that is open does not change', async () => {
  await expect(logOf(0)).rejects.toMatchObject({ code: 'INVALID_SETTING' });
  const engine = await openEngine(temporaryFolder());
  onTestFinished(() => engine.close());
  await engine.log('events', { pendingBytesMax: 1000 });
  await expect(engine.log('events', { pendingBytesMax: 2000 })).rejects.toMatchObject({
    code: 'INVALID_SETTING',
  });
});
