import { expect, test } from 'vitest';
import { ManualClock } from '../../../engine/index.js';
import { createJobPool } from '../../../engine/maintenance/pool.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { engineAt, recordsOf } from './open-logs.js';

test('a log that is opened as compacted is compacted by itself, on threads', async () => {
  const clock = new ManualClock();
  const jobs = createJobPool({ queueMax: 10 });
  const engine = await engineAt(temporaryFolder(), { clock, jobs });
  const log = await engine.log('state', {
    compacted: true,
    segmentBytes: 4096,
    minCleanableDirtyRatio: 0.1,
    codec: 'lz4',
  });
  for (let at = 0; at < 300; at++) {
    await log.append({ key: `key ${at % 7}`, value: `value ${at}` });
  }
  clock.advance(15_000);
  await expect.poll(() => engine.counters.compactions).toBe(1);
  const [first] = await recordsOf(log, 100_000);
  expect(first!.offset).toBeGreaterThan(200);
  expect(log.startOffset).toBe(0);
  expect(await log.get(0)).toBeNull();
});

test('a log is compacted when its owner says so', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('state', { segmentBytes: 100 });
  for (let at = 0; at < 5; at++) await log.append({ key: 'k', value: `${at}` });
  expect(await log.compact()).toMatchObject({ passes: 1, recordsRemoved: 3 });
  expect((await recordsOf(log)).map(({ offset }) => offset)).toEqual([3, 4]);
});

test.each([
  [{ minCleanableDirtyRatio: 1.1 }, /minCleanableDirtyRatio/],
  [{ minCleanableDirtyRatio: Number.NaN }, /minCleanableDirtyRatio/],
  [{ minCompactionLagMs: -1 }, /minCompactionLagMs/],
  [{ maxCompactionLagMs: 0 }, /maxCompactionLagMs/],
  [{ deleteRetentionMs: -1 }, /deleteRetentionMs/],
  [{ minCompactionLagMs: 10, maxCompactionLagMs: 9 }, /minCompactionLagMs \(10\) is not above/],
])('%j is refused, with the reason', async (options, reason) => {
  const engine = await engineAt(temporaryFolder());
  await expect(engine.log('state', options)).rejects.toThrow(reason);
  await expect(engine.log('state', options)).rejects.toMatchObject({ code: 'INVALID_SETTING' });
});
