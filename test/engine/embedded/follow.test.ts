import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import {
  DEFAULT_LOG_SETTINGS,
  type EventLog,
  type EventRecord,
  ManualClock,
} from '../../../engine/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { engineAt, rejectionOf } from './open-logs.js';

/** Takes `count` values off an iterator. */
async function take(records: AsyncIterator<EventRecord>, count: number): Promise<string[]> {
  const values: string[] = [];
  while (values.length < count) {
    const { done, value } = await records.next();
    if (done) break;
    values.push(String(value.value));
  }
  return values;
}

async function appendNumbers(log: EventLog, from: number, to: number): Promise<string[]> {
  const values = Array.from({ length: to - from }, (_, at) => String(from + at));
  for (const value of values) await log.append({ value });
  return values;
}

test('a follower gets what is there and then what comes, across rolls', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events', { segmentBytes: 300 });
  const expected = await appendNumbers(log, 0, 20);
  const writing = appendNumbers(log, 20, 60);
  const seen: string[] = [];
  for await (const record of log.follow()) {
    seen.push(String(record.value));
    expect(record.offset).toBe(seen.length - 1);
    if (seen.length === 60) break;
  }
  expect(seen).toEqual([...expected, ...(await writing)]);
});

test('a follower begins at an offset, within a batch too, or at the end as it was at the call', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  await log.append(['a', 'b', 'c'].map((value) => ({ value })));
  const fromEnd = log.follow({ from: 'end' });
  const fromTwo = log.follow({ from: 2 });
  await log.append({ value: 'd' });
  expect(await take(fromEnd, 1)).toEqual(['d']);
  expect(await take(fromTwo, 2)).toEqual(['c', 'd']);
});

test('under ack a follower sees a record only when it is durable', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  const records = log.follow();
  const next = records.next();
  void log.append({ value: 'v' });
  const { value } = await next;
  expect(log.partition.durableEndOffset).toBeGreaterThan(value.offset);
});

test('an abort ends a waiting follower with an AbortError', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  await log.append({ value: 'a' });
  const controller = new AbortController();
  const records = log.follow({ signal: controller.signal });
  expect(await take(records, 1)).toEqual(['a']);
  const waiting = rejectionOf(records.next());
  await new Promise(setImmediate);
  controller.abort(new Error('stop'));
  expect(await waiting).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
  expect(await records.next()).toEqual({ done: true, value: undefined });
});

test('an abort ends a follower that has records left, and one that has not begun', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  await log.append(['a', 'b'].map((value) => ({ value })));
  const controller = new AbortController();
  const records = log.follow({ signal: controller.signal });
  await records.next();
  controller.abort();
  expect((await rejectionOf(records.next())).name).toBe('AbortError');
  const late = log.follow({ signal: controller.signal });
  expect((await rejectionOf(late.next())).name).toBe('AbortError');
});

test('return ends a follower that waits, at once', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  const records = log.follow();
  const waiting = records.next();
  await new Promise(setImmediate);
  expect(await records.return!()).toEqual({ done: true, value: undefined });
  expect(await waiting).toEqual({ done: true, value: undefined });
});

test('followers end quietly when their log is closed, or deleted, or the engine closes', async () => {
  const engine = await engineAt(temporaryFolder());
  for (const end of ['close', 'delete', 'engine'] as const) {
    const log = await engine.log('events');
    await log.append({ value: 'v' });
    const seen = Array.from({ length: 3 }, async () => {
      const values: string[] = [];
      for await (const { value } of log.follow()) values.push(String(value));
      return values;
    });
    await new Promise(setImmediate);
    const ended = end === 'engine' ? engine.close() : log[end]();
    const count = end === 'delete' ? 2 : 1;
    expect(await Promise.all(seen)).toEqual(Array(3).fill(Array(count).fill('v')));
    await ended;
  }
});

test('a follower whose records are deleted before it reads them is told', async () => {
  const clock = new ManualClock();
  const engine = await engineAt(temporaryFolder(), { clock });
  const log = await engine.log('events', { segmentBytes: 200, retentionMs: 1000 });
  await appendNumbers(log, 0, 10);
  const records = log.follow();
  expect(await take(records, 1)).toEqual(['0']);
  clock.advance(2000);
  const { segments } = await log.partition.maintenance.applyRetention();
  expect(segments).toBeGreaterThan(1);
  const rest = (async () => {
    for await (const record of records) if (record.offset > 10) return;
  })();
  expect(await rejectionOf(rest)).toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
});

test('a follower is told when the log was truncated below it', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  await appendNumbers(log, 0, 5);
  const records = log.follow();
  await take(records, 5);
  const waiting = rejectionOf(records.next());
  await new Promise(setImmediate);
  await log.truncate(2);
  expect(await waiting).toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
});

test.each([-1, 1, 1.5, Number.NaN])(
  'a follower cannot begin at %d of an empty log',
  async (from) => {
    const engine = await engineAt(temporaryFolder());
    const log = await engine.log('events');
    const error = await rejectionOf((async () => log.follow({ from }).next())());
    expect(error.code).toBe('OFFSET_OUT_OF_RANGE');
  },
);

test('a follower that waits listens once, and one that has ended not at all', async () => {
  const engine = await engineAt(temporaryFolder());
  const { partition } = await engine.log('events', { flush: DEFAULT_LOG_SETTINGS.flush });
  const log = await engine.log('events');
  let listening = 0;
  const { watermark } = partition;
  const { onAdvance } = watermark;
  watermark.onAdvance = (listener) => {
    const stop = onAdvance.call(watermark, listener);
    listening++;
    return () => {
      listening--;
      stop();
    };
  };
  const records = log.follow();
  for (let at = 0; at < 5; at++) {
    const next = records.next();
    await new Promise(setImmediate);
    expect(listening).toBe(1);
    await log.append({ value: 'v' });
    await next;
    expect(listening).toBe(0);
  }
  const waiting = records.next();
  await new Promise(setImmediate);
  await records.return!();
  await waiting;
  expect(listening).toBe(0);
});

test('a follower that is not live ends where the log ended at the call', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  await log.append(['a', 'b', 'c'].map((value) => ({ value })));
  const records = log.follow({ live: false });
  await log.append({ value: 'd' });
  expect(await take(records, 9)).toEqual(['a', 'b', 'c']);
});

test('records are those of a range, whatever batches they stand in', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events', { segmentBytes: 300 });
  await log.append(['0', '1', '2', '3'].map((value) => ({ value })));
  await appendNumbers(log, 4, 20);
  const range = (from: number, to: number) => take(log.records({ from, to }), 99);
  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => String(from + at));
  expect(await range(1, 3)).toEqual(numbers(1, 3));
  expect(await range(2, 17)).toEqual(numbers(2, 17));
  expect(await range(18, 999)).toEqual(numbers(18, 20));
  expect(await range(5, 5)).toEqual([]);
  expect(await range(9, 5)).toEqual([]);
  expect(await take(log.records(), 99)).toEqual(numbers(0, 20));
});

test('a time is a place: the first record at or after it, or the end', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  for (const ms of [1000, 2000, 3000]) await log.append({ value: String(ms), timestamp: ms });
  const values = (from: Date, to?: Date) => take(log.records({ from, to }), 9);
  expect(await values(new Date(1500))).toEqual(['2000', '3000']);
  expect(await values(new Date(1000), new Date(3000))).toEqual(['1000', '2000']);
  expect(await values(new Date(9000))).toEqual([]);
});

test('a time that cannot be looked up fails the first record, and nothing if none is asked for', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  await log.append({ value: 'a' });
  await log.close();
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on('unhandledRejection', note);
  log.records({ from: new Date(0), to: new Date(1) });
  log.follow({ from: new Date(0) });
  const asked = log.records({ to: new Date(1) });
  expect(await rejectionOf(asked.next())).toMatchObject({ code: 'LOG_CLOSED' });
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

test('what is no place in a log is refused, with the places that there are', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  const said = "from is 'start', 'end', an offset, a Date or an ISO time, not";
  for (const from of ['beginning', '5', new Date(Number.NaN), {}, null]) {
    const code = { code: 'INVALID_SETTING', message: expect.stringContaining(said) as string };
    const caught = (open: () => unknown): unknown => {
      try {
        return open();
      } catch (error) {
        return error;
      }
    };
    expect(caught(() => log.follow({ from: from as number }))).toMatchObject(code);
    expect(caught(() => log.records({ from: from as number }))).toMatchObject(code);
  }
});

test('a follower that waits keeps the process alive, unless it is unref’d', () => {
  const door = new URL('../../../dist/engine/index.js', import.meta.url).href;
  const program = `
    import { openEngine } from ${JSON.stringify(door)};
    const engine = await openEngine(process.argv[1]);
    const log = await engine.log('events');
    const follower = log.follow();
    const held = async (turns) => {
      while (turns-- > 0) await new Promise(setImmediate);
      console.log(process.getActiveResourcesInfo().includes('Timeout'));
    };
    void follower.next();
    await held(20);
    follower.unref();
    await held(0);
    follower.ref();
    await held(0);
    await follower.return();
    await held(0);
    process.exit(0);
  `;
  const { stdout } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', program, temporaryFolder()],
    { encoding: 'utf8' },
  );
  expect(stdout.trim().split('\n')).toEqual(['true', 'false', 'true', 'false']);
});
