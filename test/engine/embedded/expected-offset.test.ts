import { expect, test } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import { stampBatch } from '../../../engine/batch/stamp.js';
import {
  type AppendOptions,
  type AppendResult,
  type CodecName,
  type EngineError,
  type EventLog,
  type NewEvent,
  seededRandom,
} from '../../../engine/index.js';
import { turns } from '../../support/batches.js';
import { cutPower, killProcess, newWorld, openWorld } from '../../support/sim-engine.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { engineAt, recordsOf, rejectionOf, valuesOf } from './open-logs.js';

test('an append gets the offset that it expects, or none', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  expect(await log.append({ value: 'a' }, { expectedOffset: 0 })).toMatchObject({ baseOffset: 0 });
  for (const expectedOffset of [0, 2, Number.MAX_SAFE_INTEGER]) {
    const error = await rejectionOf(log.append({ value: 'x' }, { expectedOffset }));
    expect(error).toMatchObject({ code: 'OFFSET_MISMATCH', offset: 1 });
    expect(error.message).toBe(`the next offset is 1, not ${expectedOffset}: nothing was appended`);
  }
  await log.append([{ value: 'b' }, { value: 'c' }], { expectedOffset: log.endOffset });
  expect(await valuesOf(log)).toEqual(['a', 'b', 'c']);
});

test('of two writers that saw the same end only one appends', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  const outcomes = await Promise.allSettled(
    Array.from({ length: 5 }, (_, at) =>
      log.append({ value: `writer ${at}` }, { expectedOffset: 0 }),
    ),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', ...Array(4).fill('rejected')]);
  expect(await valuesOf(log)).toEqual(['writer 0']);
});

test('what is appended around it in its turn counts, and shares its write and its sync', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  await log.append({ value: 'first' });
  const before = { ...engine.counters };
  const calls = [
    log.append([{ value: 'plain 1' }, { value: 'plain 2' }]),
    rejectionOf(log.append({ value: 'no' }, { expectedOffset: 1 })),
    log.append({ value: 'exact' }, { expectedOffset: 3 }),
    log.append({ value: 'exact, too' }, { expectedOffset: 4 }),
    log.append({ value: 'plain 3' }),
    log.append({ value: 'plain 4' }),
  ];
  await Promise.all(calls);
  expect(engine.counters.writes - before.writes).toBe(1);
  expect(engine.counters.syncRounds - before.syncRounds).toBe(1);
  expect(await calls[1]).toMatchObject({ code: 'OFFSET_MISMATCH', offset: 3 });
  const values = ['plain 1', 'plain 2', 'exact', 'exact, too', 'plain 3', 'plain 4'];
  expect(await valuesOf(log)).toEqual(['first', ...values]);
});

test('what comes behind a call that is refused is not in its answer: it may yet fail', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  const [, error] = await Promise.all([
    log.append({ value: 'before' }),
    rejectionOf(log.append({ value: 'no' }, { expectedOffset: 2 })),
    log.append({ value: 'behind' }),
  ]);
  expect(error).toMatchObject({ code: 'OFFSET_MISMATCH', offset: 1 });
  expect(error.message).toBe('the next offset is 1, not 2: nothing was appended');
});

test('a call that expects an offset is one batch: one that is too large is refused whole', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events', { maxBatchBytes: 1000 });
  const five = Array.from({ length: 5 }, () => ({ value: 'x'.repeat(300) }));
  expect(await rejectionOf(log.append(five, { expectedOffset: 0 }))).toMatchObject({
    code: 'BATCH_TOO_LARGE',
  });
  expect(log.partition.logEndOffset).toBe(0);
  await log.append(five.slice(0, 2), { expectedOffset: 0 });
  expect(engine.counters.batchesAppended).toBe(1);
});

test('a ready batch may expect an offset, and one that was sent before has the one it got', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  const ready = buildBatchSync([{ key: null, value: 'r', timestamp: 1 }]);
  await log.append({ value: 'a' });
  expect(await rejectionOf(log.appendBatch(ready, { expectedOffset: 0 }))).toMatchObject({
    code: 'OFFSET_MISMATCH',
    offset: 1,
  });
  expect(await log.appendBatch(ready, { expectedOffset: 1 })).toMatchObject({ baseOffset: 1 });
  const producer = { producerId: 7, producerEpoch: 0, baseSequence: 0 };
  const sent = buildBatchSync([{ key: null, value: 'once', timestamp: 1 }], producer);
  stampBatch(sent, { baseOffset: 0, leaderEpoch: 0 });
  expect(await log.appendBatch(sent, { expectedOffset: 2 })).toMatchObject({ baseOffset: 2 });
  expect(await log.appendBatch(sent, { expectedOffset: 2 })).toMatchObject({ baseOffset: 2 });
  expect(await rejectionOf(log.appendBatch(sent, { expectedOffset: 3 }))).toMatchObject({
    code: 'OFFSET_MISMATCH',
  });
  expect(await valuesOf(log)).toEqual(['a', 'r', 'once']);
});

test('what is no offset, and options that there are not, are refused', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  const wrong: unknown[] = [null, 'text', { expectedOffset: -1 }, { expectedOffset: '1' }];
  wrong.push({ expectedOffset: 1.5 }, { expectedOffset: null }, { expectedOfset: 1 });
  for (const options of wrong) {
    const rejection = await rejectionOf(log.append({ value: 'x' }, options as AppendOptions));
    expect(rejection).toMatchObject({ code: 'INVALID_SETTING' });
  }
  expect(log.partition.logEndOffset).toBe(0);
});

test('an offset that appends before it took, and lost, is no mismatch: it fails as they do', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await engine.log('events');
  await log.append({ value: 'a' });
  world.disk.failNext({ op: 'writevSync', code: 'ENOSPC', path: /\.log$/ });
  const lost = [
    log.append({ value: 'lost' }),
    log.append({ value: 'x' }, { expectedOffset: 1 }),
    log.append({ value: 'y' }, { expectedOffset: 2 }),
  ];
  const errors = await Promise.all(lost.map(rejectionOf));
  expect(errors.map(({ code }) => code)).toEqual(Array(3).fill('STORAGE_FULL'));
  await log.append({ value: 'b' }, { expectedOffset: 1 });
  expect(await valuesOf(log)).toEqual(['a', 'b']);
  await engine.close();
});

/** One call of a run, in the order of the calls. */
interface Call {
  readonly values: readonly string[];
  readonly expected: number | null;
  result: AppendResult | null;
  error: EngineError | null;
}

/**
 * Appends in turns, some of whose writes fail; `end` guesses the end of the log, so that expected
 * offsets are right, or wrong by a little.
 */
async function run(
  log: EventLog,
  next: () => number,
  calls: Call[],
  failWrite: () => void,
): Promise<Promise<void>[]> {
  const under: Promise<void>[] = [];
  let guess = log.endOffset;
  for (let at = 0; at < 60; at++) {
    if (next() < 0.3) {
      await turns(Math.floor(next() * 4));
      if (next() < 0.5) guess = log.endOffset;
    }
    if (next() < 0.08) failWrite();
    const values = Array.from({ length: 1 + Math.floor(next() * 3) }, (_, n) => `${at}.${n}`);
    const expected = next() < 0.6 ? Math.max(0, guess + Math.floor(next() * 4) - 1) : null;
    const call: Call = { values, expected, result: null, error: null };
    calls.push(call);
    const options = expected === null ? {} : { expectedOffset: expected };
    const events: NewEvent[] = values.map((value) => ({ value }));
    const appended =
      next() < 0.25
        ? log.appendBatch(
            buildBatchSync(values.map((value) => ({ key: null, value, timestamp: 1 }))),
            options,
          )
        : log.append(events, options);
    under.push(
      appended.then(
        (result) => {
          call.result = result;
        },
        (error: EngineError) => {
          call.error = error;
        },
      ),
    );
    guess += next() < 0.7 ? values.length : 0;
  }
  return under;
}

/** Every call had its place, which is behind what was kept of the calls before it. */
function judge(calls: readonly Call[], from: number): string[] {
  const kept: string[] = [];
  for (const { values, expected, result, error } of calls) {
    const place = from + kept.length;
    if (result !== null) {
      expect(result).toMatchObject({ baseOffset: place, lastOffset: place + values.length - 1 });
      expect([null, place]).toContain(expected);
      kept.push(...values);
      continue;
    }
    expect(['OFFSET_MISMATCH', 'STORAGE_FULL']).toContain(error?.code);
    if (error?.code === 'OFFSET_MISMATCH') expect(expected).not.toBe(place);
  }
  return kept;
}

const CODECS: readonly CodecName[] = ['none', 'none', 'gzip'];
/** What the runs have met. */
const seen = new Set<string>();
const SEEDS = Array.from({ length: 60 }, (_, at) => at + 1);

test.each(SEEDS)(
  'every append is exact beside all others, whatever fails: seed %i',
  async (seed) => {
    const { next } = seededRandom(seed);
    const world = newWorld();
    const engine = await openWorld(world, { seed });
    const log = await engine.log('events', {
      codec: CODECS[seed % 3]!,
      flush: next() < 0.7 ? 'ack' : 'os',
      segmentBytes: next() < 0.5 ? 700 : 1 << 20,
      validate: next() < 0.5 ? 'records' : 'header',
    });
    const calls: Call[] = [];
    const failWrite = (): void =>
      world.disk.failNext({ op: 'writevSync', code: 'ENOSPC', path: /\.log$/ });
    await Promise.all(await run(log, next, calls, failWrite));
    const kept = judge(calls, 0);
    for (const { expected, result, error } of calls) {
      if (error !== null) seen.add(error.code);
      else if (expected !== null && result !== null) seen.add('kept where expected');
    }
    expect(await valuesOf(log)).toEqual(kept);
    await engine.close();
  },
);

test('the runs have met what they are about', () => {
  expect(seen).toEqual(new Set(['OFFSET_MISMATCH', 'STORAGE_FULL', 'kept where expected']));
});

test.each(SEEDS)(
  'after a power cut or a kill the log goes on where it ends: seed %i',
  async (seed) => {
    const { next } = seededRandom(seed);
    const world = newWorld();
    const engine = await openWorld(world, { seed });
    const log = await engine.log('events', { codec: CODECS[seed % 3]! });
    const calls: Call[] = [];
    void (await run(log, next, calls, () => {}));
    await turns(Math.floor(next() * 6));

    const after = seed % 2 === 0 ? cutPower(world) : killProcess(world);
    const again = await (await openWorld(after, { seed })).log('events');
    const stored = await recordsOf(again);
    const values = stored.map(({ value }) => String(value));
    const places = new Map(values.map((value, offset) => [value, offset]));
    for (const call of calls) {
      const found = call.values.map((value) => places.get(value));
      if (call.result !== null) expect(found[0]).toBe(call.result.baseOffset);
      if (call.expected === null) continue;
      // All of it or nothing, at its place or nowhere.
      expect(new Set(found.map((offset) => offset === undefined)).size).toBe(1);
      if (found[0] !== undefined) expect(found[0]).toBe(call.expected);
    }
    const end = again.endOffset;
    for (const expectedOffset of [end - 1, end + 1]) {
      if (expectedOffset < 0) continue;
      const refused = await rejectionOf(again.append({ value: 'no' }, { expectedOffset }));
      expect(refused).toMatchObject({ code: 'OFFSET_MISMATCH', offset: end });
    }
    await again.append({ value: 'on' }, { expectedOffset: end });
    expect(await valuesOf(again)).toEqual([...values, 'on']);
  },
);
