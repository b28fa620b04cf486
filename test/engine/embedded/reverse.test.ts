import { expect, test, vi } from 'vitest';
import {
  type EventLog,
  type EventLogOptions,
  type EventRecord,
  ManualClock,
  type RecordsOptions,
  seededRandom,
} from '../../../engine/index.js';
import { LIMITS } from '../../../engine/limits.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { engineAt, rejectionOf } from './open-logs.js';

async function offsetsOf(records: AsyncIterable<EventRecord>): Promise<number[]> {
  const offsets: number[] = [];
  for await (const { offset } of records) offsets.push(offset);
  return offsets;
}

/** The bytes that `work` reads from the log, and the number of its reads. */
async function readsOf(
  log: EventLog,
  work: () => Promise<unknown>,
): Promise<{ reads: number; bytes: number }> {
  const read = vi.spyOn(log.partition, 'read');
  await work();
  const sizes = read.mock.results.map(({ value }) => value?.slice?.size ?? 0);
  read.mockRestore();
  return { reads: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** Appends batches of one to `countMax` records of at most `bytesMax` bytes each. */
async function fill(
  log: EventLog,
  next: () => number,
  { batches, countMax, bytesMax, keys = 50 }: Record<string, number> & { batches: number },
): Promise<void> {
  for (let at = 0; at < batches; at++) {
    const count = 1 + Math.floor(next() * countMax!);
    await log.append(
      Array.from({ length: count }, (_, n) => ({
        key: `k${Math.floor(next() * keys)}`,
        value: `${at}.${n} `.padEnd(Math.floor(next() * bytesMax!), 'abcdefg'),
      })),
    );
  }
}

test('records come from high to low; from and to are the ends that they were', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  await log.append(['a', 'b', 'c'].map((value) => ({ value, timestamp: 1000 })));
  await log.append(['d', 'e'].map((value) => ({ value, timestamp: 2000 })));
  const reversed = (options: RecordsOptions = {}) =>
    offsetsOf(log.records({ ...options, reverse: true }));
  expect(await reversed()).toEqual([4, 3, 2, 1, 0]);
  expect(await reversed({ from: 1, to: 4 })).toEqual([3, 2, 1]);
  expect(await reversed({ from: 4 })).toEqual([4]);
  expect(await reversed({ to: 99 })).toEqual([4, 3, 2, 1, 0]);
  expect(await reversed({ from: new Date(2000) })).toEqual([4, 3]);
  expect(await reversed({ to: new Date(2000) })).toEqual([2, 1, 0]);
  expect(await reversed({ from: 3, to: 3 })).toEqual([]);
  expect(await reversed({ from: 'end' })).toEqual([]);
  expect(() => log.records({ reverse: 'yes' as never })).toThrow(/reverse is true or false/);
  const empty = await engine.log('empty');
  expect(await offsetsOf(empty.records({ reverse: true }))).toEqual([]);
});

const SHAPES: readonly (EventLogOptions & { readonly shape: string })[] = [
  { shape: 'one segment' },
  { shape: 'many segments', segmentBytes: 3000 },
  { shape: 'compressed', codec: 'zstd', segmentBytes: 20_000 },
  { shape: 'an entry for every batch', indexIntervalBytes: 0, segmentBytes: 9000 },
  { shape: 'compacted', compacted: true, segmentBytes: 4000 },
];

test.each(SHAPES)(
  'backwards are forwards the other way round: $shape',
  async ({ shape, ...options }) => {
    const engine = await engineAt(temporaryFolder());
    const { next } = seededRandom(shape.length);
    const log = await engine.log('events', { flush: 'os', ...options });
    await fill(log, next, { batches: 80, countMax: 5, bytesMax: 400, keys: 9 });
    if (options.compacted) {
      expect((await log.compact()).recordsRemoved).toBeGreaterThan(0);
      await log.append({ key: 'last', value: 'v' });
    }
    const forwards = await offsetsOf(log.records());
    const backwards = await offsetsOf(log.records({ reverse: true }));
    expect(backwards).toEqual([...forwards].reverse());
    for (let run = 0; run < 25; run++) {
      const from = Math.floor(next() * log.endOffset);
      const to = from + Math.floor(next() * 60);
      const there = await offsetsOf(log.records({ from, to }));
      expect(await offsetsOf(log.records({ from, to, reverse: true }))).toEqual(there.reverse());
    }
  },
);

test('the way back reads what the way there reads, and a block more; to the last record one block', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events', { flush: 'os', segmentBytes: 1_000_000 });
  await fill(log, seededRandom(1).next, { batches: 300, countMax: 8, bytesMax: 5000 });
  const there = await readsOf(log, () => offsetsOf(log.records()));
  const back = await readsOf(log, () => offsetsOf(log.records({ reverse: true })));
  expect(there.bytes).toBeGreaterThan(2_000_000);
  expect(back.bytes).toBeLessThanOrEqual(there.bytes + 2 * LIMITS.embeddedFollowBytes);
  const first = await readsOf(log, async () => {
    for await (const { offset } of log.records({ reverse: true })) {
      expect(offset).toBe(log.endOffset - 1);
      break;
    }
  });
  expect(first.bytes).toBeLessThanOrEqual(LIMITS.embeddedFollowBytes);
});

test.each([
  ['batches that are larger than a block', { batches: 12, countMax: 1, bytesMax: 900_000 }, 4096],
  ['an index of few entries', { batches: 300, countMax: 3, bytesMax: 9000 }, 2 ** 31 - 1],
] as const)('%s are read at most twice', async (_, shape, indexIntervalBytes) => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events', { flush: 'os', indexIntervalBytes });
  await fill(log, seededRandom(2).next, shape);
  const forwards: number[] = [];
  const there = await readsOf(log, async () => forwards.push(...(await offsetsOf(log.records()))));
  const back = await readsOf(log, async () => {
    expect(await offsetsOf(log.records({ reverse: true }))).toEqual(forwards.reverse());
  });
  expect(back.bytes).toBeLessThanOrEqual(2 * there.bytes + LIMITS.embeddedReverseBytesMax);
});

test('records that retention takes meanwhile are missed aloud, those that a truncation took are not', async () => {
  const engine = await engineAt(temporaryFolder(), { clock: new ManualClock() });
  const options = { segmentBytes: 3000 };
  const log = await engine.log('events', { flush: 'os', ...options });
  await fill(log, seededRandom(3).next, { batches: 300, countMax: 3, bytesMax: 3000 });
  const deleting = log.records({ reverse: true });
  await deleting.next();
  await log.deleteBefore(100);
  const seen: number[] = [];
  const error = await rejectionOf(
    (async () => {
      for await (const { offset } of deleting) seen.push(offset);
    })(),
  );
  expect(error).toMatchObject({ code: 'OFFSET_OUT_OF_RANGE', offset: 99 });
  expect(seen.at(-1)).toBe(100);
  const truncating = log.records({ from: 120, reverse: true });
  await truncating.next();
  await log.truncate(200);
  const left = (await offsetsOf(truncating)).filter((offset) => offset < 200);
  const kept = await offsetsOf(log.records({ from: 120 }));
  expect(left.slice(-kept.length)).toEqual(kept.reverse());
});

test('damage ends the way back, and so does the close of the log', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events', { flush: 'os', segmentBytes: 100_000 });
  await fill(log, seededRandom(4).next, { batches: 300, countMax: 3, bytesMax: 3000 });
  const controller = new AbortController();
  const aborted = log.records({ reverse: true, signal: controller.signal });
  await aborted.next();
  controller.abort();
  expect(await rejectionOf(aborted.next())).toMatchObject({ name: 'AbortError' });
  const records = log.records({ reverse: true });
  await records.next();
  await log.close();
  expect(await rejectionOf(offsetsOf(records))).toMatchObject({ code: 'LOG_CLOSED' });
});
