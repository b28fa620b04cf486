import { expect, test } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import { type EventLog, ManualClock, type Table } from '../../../engine/index.js';
import { newWorld, openWorld } from '../../support/sim-engine.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { engineAt, rejectionOf } from './open-logs.js';

const JSON_TABLE = { valueEncoding: 'json' } as const;

function raw(
  log: { readonly partition: EventLog['partition'] },
  key: string | null,
  value: string,
) {
  const batch = buildBatchSync([{ key, value, timestamp: Date.now() }]);
  return log.partition.append(batch, key === null ? 'coordinator' : 'client');
}

async function changesIn<Value>(changes: AsyncIterable<Value>, count: number): Promise<Value[]> {
  const found: Value[] = [];
  for await (const change of changes) if (found.push(change) === count) break;
  return found;
}

async function jsonTable(root = temporaryFolder()) {
  const engine = await engineAt(root);
  return { engine, table: await engine.table<number>('kv', JSON_TABLE) };
}

test('a table reads its writes, forgets what is deleted, and is there again after a restart', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const table = await engine.table<unknown>('kv', JSON_TABLE);
  expect(await table.set('a', { n: 1 })).toBe(0);
  expect(table.get('a')).toEqual({ n: 1 });
  await table.set('a', { n: 2 });
  await table.set('b', [false, null]);
  await table.set('c', '');
  expect(await table.delete('c')).toBe(4);
  await table.delete('never there');
  const same = (each: typeof table) => {
    expect([...each]).toEqual([
      ['a', { n: 2 }],
      ['b', [false, null]],
    ]);
    expect([each.size, each.has('b'), each.has('c'), each.get('c')]).toEqual([
      2,
      true,
      false,
      undefined,
    ]);
  };
  same(table);
  await engine.close();
  const next = await openWorld({ ...world, catalog: world.catalog.crash() });
  same(await next.table('kv', JSON_TABLE));
  await next.close();
});

test('bytes and text are values too, and stay what they are', async () => {
  const engine = await engineAt(temporaryFolder());
  const bytes = await engine.table('bytes');
  await bytes.set('k', Buffer.from([0, 255]));
  expect(bytes.get('k')).toEqual(Buffer.from([0, 255]));
  expect(bytes.get('k')!.buffer.byteLength).toBeLessThan(10_000);
  const text = await engine.table('text', { valueEncoding: 'utf8' });
  await text.set('k', 'ü');
  expect(text.get('k')).toBe('ü');
});

test('two tables and the log beside them come to the same state: the order of the log', async () => {
  const { engine, table } = await jsonTable();
  const other = await engine.table<number>('kv', JSON_TABLE);
  const log = await engine.log('kv');
  await Promise.all([
    ...Array.from({ length: 50 }, (_, n) => (n % 2 ? table : other).set('same', n)),
    log.append({ key: 'plain', value: 7 as never }),
    table.set('same', 99),
    other.set('own', 5),
  ]);
  await Promise.all([table.set('last', 1), other.set('last', 2)]);
  await expect.poll(() => [...table]).toEqual([...other]);
  const last = await log.last();
  expect(table.get('last')).toBe(last!.value);
  expect([table.get('same'), table.get('plain'), table.get('own')]).toEqual([99, 7, 5]);
});

test('changes tell what came, what was before, and where', async () => {
  const { table } = await jsonTable();
  await table.set('a', 1);
  const coming = changesIn(table.changes(), 3);
  await table.set('a', 2);
  await table.set('b', 3);
  await table.delete('a');
  expect(await coming).toEqual([
    { key: 'a', value: 2, previous: 1, offset: 1 },
    { key: 'b', value: 3, previous: undefined, offset: 2 },
    { key: 'a', value: null, previous: 2, offset: 3 },
  ]);
  expect((await changesIn(table.changes({ from: 'start' }), 2))[1]).toMatchObject({ previous: 1 });
  expect((await changesIn(table.changes({ from: 1 }), 1))[0]).toMatchObject({
    value: 2,
    previous: undefined,
  });
  const waiting = table.changes();
  const next = waiting.next();
  await waiting.return?.();
  expect(await next).toEqual({ done: true, value: undefined });
  expect(() => table.changes({ form: 1 } as never)).toThrow(/did you mean from/);
});

test('a value that cannot be read fails the opening, and names its offset', async () => {
  const root = temporaryFolder();
  const { engine, table } = await jsonTable(root);
  await table.set('a', 1);
  await table.set('b', 2);
  await raw(table.log, 'a', '{ no JSON');
  const error = await rejectionOf(engine.table('kv', JSON_TABLE));
  expect(error).toMatchObject({ code: 'INVALID_VALUE', offset: 2 });
  expect(error.message).toContain("onUnreadable: 'skip'");
  const skipping = await engine.table('kv', { ...JSON_TABLE, onUnreadable: 'skip' });
  // What it had before goes with the next compaction, and so it is gone at once.
  expect([...skipping]).toEqual([['b', 2]]);
});

test('while it follows, a value that cannot be read ends a table, or is passed over', async () => {
  const { engine, table } = await jsonTable();
  const skipping = await engine.table<number>('kv', { ...JSON_TABLE, onUnreadable: 'skip' });
  await table.set('a', 1);
  const change = rejectionOf(table.changes().next());
  await raw(table.log, 'a', 'no JSON');
  expect(await change).toMatchObject({ code: 'INVALID_VALUE', offset: 1 });
  await expect.poll(() => skipping.has('a')).toBe(false);
  expect(() => table.get('a')).toThrow(
    expect.objectContaining({ code: 'INVALID_VALUE', offset: 1 }),
  );
  expect(await rejectionOf(table.set('a', 2))).toMatchObject({ code: 'INVALID_VALUE' });
  await skipping.set('a', 3);
  expect(skipping.get('a')).toBe(3);
});

test('keys that are no text are refused, and found in the log they are unreadable', async () => {
  const { engine, table } = await jsonTable();
  for (const key of [7, null, undefined, Buffer.from('a'), '\ud800']) {
    expect(await rejectionOf(table.set(key as string, 1))).toMatchObject({
      code: 'INVALID_RECORD',
    });
  }
  for (const value of [null, undefined, () => {}, 1n]) {
    expect(await rejectionOf(table.set('a', value as never))).toMatchObject({
      code: 'INVALID_RECORD',
    });
  }
  await table.log.append({ key: Buffer.from([255]), value: 1 });
  expect(await rejectionOf(engine.table('kv', JSON_TABLE))).toMatchObject({
    code: 'INVALID_VALUE',
    offset: 0,
  });
  expect((await engine.table('kv', { ...JSON_TABLE, onUnreadable: 'skip' })).size).toBe(0);
});

test.each([
  ['the log is deleted', (table: Table<number, number>) => table.log.delete(), 'LOG_CLOSED', false],
  ['the log is closed', (table: Table<number, number>) => table.log.close(), 'LOG_CLOSED', true],
  [
    'it is closed itself',
    async (table: Table<number, number>) => table.close(),
    'LOG_CLOSED',
    true,
  ],
])(
  'when %s, a table says so, and what was set by then has its outcome',
  async (_, end, code, isKept) => {
    const { table } = await jsonTable();
    await table.set('a', 1);
    const set = table.set('b', 2);
    const outcome = set.catch((error) => error.code);
    await end(table);
    expect(await outcome).toBe(isKept ? 1 : code);
    for (const use of [
      () => table.get('a'),
      () => table.size,
      () => [...table],
      () => table.changes(),
    ])
      expect(use).toThrow(expect.objectContaining({ code }));
    expect(await rejectionOf(table.set('c', 3))).toMatchObject({ code });
  },
);

test('a table ends with its engine, and with its disk', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const table = await engine.table<number>('kv', JSON_TABLE);
  const set = table.set('a', 1);
  await engine.close();
  expect(await set).toBe(0);
  expect(() => table.get('a')).toThrow(expect.objectContaining({ code: 'LOG_CLOSED' }));
  const next = await openWorld({ ...world, catalog: world.catalog.crash() });
  const again = await next.table<number>('kv', JSON_TABLE);
  world.disk.failNext({ op: 'datasync', code: 'EIO', path: /\.log$/ });
  expect(await rejectionOf(again.set('a', 2))).toMatchObject({ code: 'STORAGE_OFFLINE' });
  await expect.poll(() => attempt(() => again.get('a'))).toBe('STORAGE_OFFLINE');
  await next.close();
});

function attempt(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

test('a truncation takes its records out of the table, and what comes there is shown', async () => {
  const { table } = await jsonTable();
  await table.set('a', 1);
  await table.set('a', 2);
  await table.set('b', 3);
  await table.log.truncate(1);
  await table.set('c', 4);
  expect([...table]).toEqual([
    ['a', 1],
    ['c', 4],
  ]);
});

test('records below the start of the log are gone from the table too', async () => {
  const { table } = await jsonTable();
  await table.set('a', 1);
  await table.set('b', 2);
  await table.log.deleteBefore(1);
  expect([...table]).toEqual([['b', 2]]);
});

test('compaction changes nothing, tombstones that go neither', async () => {
  const clock = new ManualClock();
  const engine = await engineAt(temporaryFolder(), { clock });
  const options = { ...JSON_TABLE, segmentBytes: 200, deleteRetentionMs: 0 };
  const table = await engine.table<number>('kv', options);
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 20; n++) {
      await table.set(`k${n % 5}`, n + round);
      if (n % 4 === 0) await table.delete(`k${n % 5}`);
    }
    await Promise.all([table.log.compact(), table.set('during', round)]);
    clock.advance(1000);
    const again = await engine.table<number>('kv', JSON_TABLE);
    expect(new Map(again)).toEqual(new Map(table));
    again.close();
  }
});

test('a log of records is not taken for a table, unless that is said', async () => {
  const root = temporaryFolder();
  const engine = await engineAt(root);
  const log = await engine.log('events');
  await log.append({ key: 'k', value: '1' });
  const open = await rejectionOf(engine.table('events'));
  expect(open).toMatchObject({ code: 'INVALID_SETTING' });
  expect(open.message).toContain('is open and not compacted: close it');
  await log.close();
  const closed = await rejectionOf(engine.table('events'));
  expect(closed.message).toContain('say compacted: true');
  const table = await engine.table('events', { compacted: true });
  expect(String(table.get('k'))).toBe('1');
  await table.log.close();
  await engine.table('events');
  for (const options of [{ compacted: false }, { onUnreadable: 'x' }, { onUnreadble: 'skip' }, 7]) {
    expect(await rejectionOf(engine.table('kv', options as never))).toMatchObject({
      code: 'INVALID_SETTING',
    });
  }
  expect(await rejectionOf(engine.table('a/b'))).toMatchObject({ code: 'INVALID_NAME' });
});
