import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import { type CodecName, ManualClock, type NewEvent } from '../../../engine/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { engineAt, recordsOf, rejectionOf, valuesOf } from './open-logs.js';

const CODECS: readonly CodecName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

test.each(CODECS)('records appended with codec %s are read back as they were', async (codec) => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events', { codec });
  const bytes = Buffer.from([0, 255, 10, 128]);
  const result = await log.append([
    { key: 'k', value: 'ü'.repeat(1000), timestamp: 1_700_000_000_000 },
    {
      key: bytes,
      value: null,
      headers: [['a', 'one'], { key: 'a', value: null }],
      timestamp: new Date(5),
    },
    { key: null, value: '', headers: { x: bytes }, timestamp: 7 },
    { value: new Uint8Array([1]), headers: new Map([['m', 'two']]), timestamp: 8 },
  ]);
  expect(result).toEqual({ baseOffset: 0, lastOffset: 3, timestamp: 1_700_000_000_000 });
  expect(await recordsOf(log)).toEqual([
    {
      offset: 0,
      timestamp: 1_700_000_000_000,
      key: Buffer.from('k'),
      value: Buffer.from('ü'.repeat(1000)),
      headers: [],
    },
    {
      offset: 1,
      timestamp: 5,
      key: bytes,
      value: null,
      headers: [
        { key: 'a', value: Buffer.from('one') },
        { key: 'a', value: null },
      ],
    },
    {
      offset: 2,
      timestamp: 7,
      key: null,
      value: Buffer.alloc(0),
      headers: [{ key: 'x', value: bytes }],
    },
    {
      offset: 3,
      timestamp: 8,
      key: null,
      value: Buffer.from([1]),
      headers: [{ key: 'm', value: Buffer.from('two') }],
    },
  ]);
});

test('all calls of one turn become one batch, one write and one sync round', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  const before = { ...engine.counters };
  const calls = Array.from({ length: 500 }, async (_, at) => {
    // Some of them come later in the same turn.
    for (let wait = 0; wait < at % 5; wait++) await null;
    return log.append({ value: `v${at}` });
  });
  const results = await Promise.all(calls);
  expect(engine.counters.batchesAppended - before.batchesAppended).toBe(1);
  expect(engine.counters.writes - before.writes).toBe(1);
  expect(engine.counters.syncRounds - before.syncRounds).toBe(1);
  const stored = await valuesOf(log);
  for (const [at, { baseOffset, lastOffset }] of results.entries()) {
    expect(lastOffset).toBe(baseOffset);
    expect(stored[baseOffset]).toBe(`v${at}`);
  }
});

test('a turn that does not fit into one batch becomes several, and a call that fits into one stays whole', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events', { maxBatchBytes: 1000 });
  const value = 'x'.repeat(300);
  const [one, pair, many] = await Promise.all([
    log.append({ value }),
    log.append([{ value }, { value }]),
    log.append(Array.from({ length: 5 }, () => ({ value }))),
  ]);
  expect([one, pair, many].map(({ baseOffset, lastOffset }) => [baseOffset, lastOffset])).toEqual([
    [0, 0],
    [1, 2],
    [3, 7],
  ]);
  // 1 + 2 would take more than 1000 bytes, and so do three records.
  expect(engine.counters.batchesAppended).toBe(1 + 1 + 3);
});

test('a bad call does not fail the other calls of the turn', async () => {
  const clock = new ManualClock();
  const engine = await engineAt(temporaryFolder(), { clock });
  const log = await engine.log('events', {
    maxBatchBytes: 1000,
    compacted: true,
    timestampBeforeMaxMs: 1000,
  });
  const wrong: readonly [code: string, events: unknown][] = [
    ['BATCH_TOO_LARGE', { key: 'k', value: 'x'.repeat(1000) }],
    [
      'BATCH_TOO_LARGE',
      [
        { key: 'k', value: 'kept out too' },
        { key: 'k', value: Buffer.alloc(1000) },
      ],
    ],
    ['NULL_KEY', { value: 'v' }],
    ['INVALID_TIMESTAMP', { key: 'k', value: 'v', timestamp: clock.wallMs() + 3_600_001 }],
    ['INVALID_TIMESTAMP', { key: 'k', value: 'v', timestamp: clock.wallMs() - 1001 }],
    ['INVALID_RECORD', []],
    ['INVALID_RECORD', 'text'],
    ['INVALID_RECORD', null],
    ['INVALID_RECORD', { key: 'k' }],
    ['INVALID_RECORD', { key: 5, value: 'v' }],
    ['INVALID_RECORD', { key: 'k', value: [1, 2] }],
    ['INVALID_RECORD', { key: 'k', value: 'v', timestamp: 1.5 }],
    ['INVALID_RECORD', { key: 'k', value: 'v', timestamp: new Date(Number.NaN) }],
    ['INVALID_RECORD', { key: 'k', value: 'v', headers: 'text' }],
    ['INVALID_RECORD', { key: 'k', value: 'v', headers: [[null, 'v']] }],
    ['INVALID_RECORD', { key: 'k', value: 'v', headers: { h: 7 } }],
  ];
  const good: Promise<unknown>[] = [];
  const bad: Promise<Error & { code?: unknown }>[] = [];
  for (const [at, [, events]] of wrong.entries()) {
    good.push(log.append({ key: 'k', value: `good ${at}` }));
    bad.push(rejectionOf(log.append(events as NewEvent)));
  }
  await Promise.all(good);
  expect((await Promise.all(bad)).map(({ code }) => code)).toEqual(wrong.map(([code]) => code));
  expect(await valuesOf(log)).toEqual(wrong.map((_, at) => `good ${at}`));
});

test.each(CODECS)(
  'bytes that are transferred away fail their batch with codec %s, and nothing else',
  async (codec) => {
    const engine = await engineAt(temporaryFolder());
    const log = await engine.log('events', { codec, pendingBytesMax: 1000 });
    for (let round = 0; round < 3; round++) {
      const bytes = new Uint8Array(400);
      const calls = [
        rejectionOf(log.append({ value: bytes })),
        rejectionOf(log.append({ value: 'in its batch' })),
        log.append({ value: 'alone' }, { expectedOffset: round }),
      ] as const;
      structuredClone(bytes, { transfer: [bytes.buffer] });
      const [taken, beside] = await Promise.all(calls);
      expect(taken).toMatchObject({
        code: 'INVALID_RECORD',
        message: expect.stringContaining('taken away'),
      });
      expect(beside).toMatchObject({ code: 'INVALID_RECORD' });
    }
    expect(await valuesOf(log)).toEqual(['alone', 'alone', 'alone']);
  },
);

test('a record that fills a batch to the last byte is taken, one more byte is not', async () => {
  const engine = await engineAt(temporaryFolder());
  const value = 'x'.repeat(500);
  const exact = buildBatchSync([{ key: null, value, timestamp: 0 }]).length;
  for (const codec of CODECS) {
    const log = await engine.log(`log-${codec}`, { codec, maxBatchBytes: exact });
    await log.append({ value });
    expect((await rejectionOf(log.append({ value: `${value}x` }))).code).toBe('BATCH_TOO_LARGE');
  }
});

test('records that compression makes larger are stored as they are', async () => {
  const engine = await engineAt(temporaryFolder());
  const noise = Buffer.from(
    Array.from({ length: 400 }, (_, at) => (at * 7919 + at * at * 31) % 251),
  );
  const exact = buildBatchSync([{ key: null, value: noise, timestamp: 0 }]).length;
  const log = await engine.log('events', { codec: 'gzip', maxBatchBytes: exact });
  await log.append({ value: noise });
  expect((await log.get(0))!.value).toEqual(noise);
});

test('calls keep their order whatever their size, codec and turn', async () => {
  const sizes = fc.array(
    fc.record({
      bytes: fc.nat(3000),
      count: fc.integer({ min: 1, max: 4 }),
      waits: fc.nat(2),
      ready: fc.boolean(),
    }),
    { minLength: 1, maxLength: 25 },
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...CODECS), sizes, async (codec, calls) => {
      const engine = await engineAt(temporaryFolder());
      const log = await engine.log('events', {
        codec,
        flush: 'os',
        maxBatchBytes: 4000,
        segmentBytes: 20_000,
      });
      const expected: string[] = [];
      const results: Promise<void>[] = [];
      for (const [at, { bytes, count, waits, ready }] of calls.entries()) {
        for (let turn = 0; turn < waits; turn++) await new Promise(setImmediate);
        const values = Array.from({ length: count }, (_, n) => `${at}.${n} `.padEnd(bytes, 'abc'));
        const baseOffset = expected.length;
        expected.push(...values);
        const appended =
          ready && bytes * count < 3000
            ? log.appendBatch(
                buildBatchSync(values.map((value) => ({ key: null, value, timestamp: 9 }))),
              )
            : log.append(values.map((value) => ({ value })));
        results.push(
          appended.then((result) => {
            expect(result).toMatchObject({ baseOffset, lastOffset: baseOffset + count - 1 });
          }),
        );
      }
      await Promise.all(results);
      expect(await valuesOf(log, 3000)).toEqual(expected);
      await engine.close();
    }),
    { numRuns: 25 },
  );
});

test('a ready batch is copied: the bytes handed over stay as they are', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events', { timestampType: 'append' });
  const batch = buildBatchSync([
    { key: 'a', value: '1', timestamp: 10 },
    { key: 'b', value: '2', timestamp: 20 },
  ]);
  const before = Buffer.from(batch);
  await log.append({ value: 'first' });
  const appended = log.appendBatch(new Uint8Array(batch));
  expect(await log.appendBatch(batch)).toMatchObject({ baseOffset: 3, lastOffset: 4 });
  expect(await appended).toMatchObject({ baseOffset: 1, lastOffset: 2 });
  expect(batch).toEqual(before);
  expect((await appended).timestamp).toBe((await log.get(2))!.timestamp);
});

test('a ready batch that is none is refused, and nothing of it kept', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events');
  const batch = buildBatchSync([{ key: 'a', value: '1', timestamp: 10 }]);
  const flipped = Buffer.from(batch);
  flipped[flipped.length - 1]! ^= 1;
  expect((await rejectionOf(log.appendBatch(flipped))).code).toBe('CORRUPT_BATCH');
  expect((await rejectionOf(log.appendBatch(Buffer.concat([batch, batch])))).code).toBe(
    'INVALID_BATCH',
  );
  expect((await rejectionOf(log.appendBatch(Buffer.alloc(0)))).code).toBe('CORRUPT_BATCH');
  expect(log.endOffset).toBe(0);
});

test('under append time every record has the time of the log, and so has the answer', async () => {
  const clock = new ManualClock();
  const engine = await engineAt(temporaryFolder(), { clock });
  const log = await engine.log('events', { timestampType: 'append' });
  const result = await log.append({ value: 'v', timestamp: 1 });
  expect(result.timestamp).toBe(clock.wallMs());
  expect((await log.get(0))!.timestamp).toBe(clock.wallMs());
});

test('without a timestamp a record has that of its call', async () => {
  const clock = new ManualClock();
  const engine = await engineAt(temporaryFolder(), { clock });
  const log = await engine.log('events');
  const first = log.append({ value: 'v' });
  clock.advance(10);
  const second = log.append({ value: 'w' });
  expect((await first).timestamp).toBe(clock.wallMs() - 10);
  expect((await second).timestamp).toBe(clock.wallMs());
});
