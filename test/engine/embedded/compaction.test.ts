import { describe, expect, test } from 'vitest';
import { type EventLog, ManualClock } from '../../../engine/index.js';
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

describe('from inside of a gap at the end of a compacted segment', () => {
  /** Offsets 0 and 4 to 6 are left: the first two segments end with a batch that has no records. */
  async function logWithGap(): Promise<EventLog> {
    const engine = await engineAt(temporaryFolder());
    const log = await engine.log('state', { segmentBytes: 400 });
    const value = 'x'.repeat(100);
    for (const key of ['keep', 'hot', 'hot', 'hot', 'hot', 'last', 'new']) {
      await log.append({ key, value });
    }
    await log.compact();
    return log;
  }

  test.each([1, 2, 3])('a read at %d is answered with the next records at once', async (offset) => {
    const log = await logWithGap();
    const { records, nextOffset } = await log.read({ offset, maxBytes: 1 });
    expect(records.map((record) => [record.offset, record.key?.toString()])).toEqual([[4, 'hot']]);
    expect(nextOffset).toBe(5);
  });

  test.each([1, 2, 3])(
    'a follower from %d goes on to what is there and what comes',
    async (from) => {
      const log = await logWithGap();
      const seen: string[] = [];
      for await (const { offset, key } of log.follow({ from })) {
        seen.push(`${offset}:${key}`);
        if (offset === 6) await log.append({ key: 'later', value: 'x' });
        if (offset === 7) break;
      }
      expect(seen).toEqual(['4:hot', '5:last', '6:new', '7:later']);
    },
  );
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
