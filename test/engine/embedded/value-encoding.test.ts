import { expect, test } from 'vitest';
import type { EventLog } from '../../../engine/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { engineAt, rejectionOf } from './open-logs.js';

async function valuesOf<Value>(log: EventLog<Value, never>): Promise<(Value | null)[]> {
  const values: (Value | null)[] = [];
  for await (const { value } of log.records()) values.push(value);
  return values;
}

test('JSON goes in and comes out, by every way of reading', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log<{ n: number } | string>('events', { valueEncoding: 'json' });
  await log.append([{ value: { n: 1 } }, { value: 'text' }, { key: 'k', value: null }]);
  const expected = [{ n: 1 }, 'text', null];
  expect(await valuesOf(log)).toEqual(expected);
  const { records } = await log.read({ offset: 0 });
  expect(records.map(({ value }) => value)).toEqual(expected);
  expect((await log.get(0))!.value).toEqual({ n: 1 });
  expect((await log.last())!.value).toBeNull();
  for await (const { value } of log.follow({ from: 1 })) {
    expect(value).toBe('text');
    break;
  }
});

test('text goes in and comes out', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events', { valueEncoding: 'utf8' });
  await log.append([{ value: 'ü' }, { value: Buffer.from('bytes') }, { value: null }]);
  expect(await valuesOf(log)).toEqual(['ü', 'bytes', null]);
});

test('what JSON cannot hold is refused, and nothing of its call kept', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log<unknown>('events', { valueEncoding: 'json' });
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  for (const value of [undefined, () => {}, Symbol('s'), 1n, circle]) {
    const error = await rejectionOf(log.append([{ value: 'good' }, { value }]));
    expect(error).toMatchObject({ code: 'INVALID_RECORD' });
  }
  expect(log.endOffset).toBe(0);
});

test('a value that is not JSON has its offset in its error, and readers go on behind it', async () => {
  const engine = await engineAt(temporaryFolder());
  const bytes = await engine.log('events');
  await bytes.append([{ value: '1' }, { value: '{bad' }, { value: '3' }]);
  await bytes.close();
  const log = await engine.log<number>('events', { valueEncoding: 'json' });
  const first = await log.read({ offset: 0 });
  expect(first).toMatchObject({ records: [{ value: 1 }], nextOffset: 1 });
  const bad = { code: 'INVALID_VALUE', offset: 1 };
  expect(await rejectionOf(log.read({ offset: 1 }))).toMatchObject(bad);
  expect(await rejectionOf(log.get(1))).toMatchObject(bad);
  expect((await log.get(0))!.value).toBe(1);
  expect((await log.read({ offset: 2 })).records[0]!.value).toBe(3);
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const { value } of log.follow()) seen.push(value);
  })();
  const error = await rejectionOf(reading);
  expect(error).toMatchObject(bad);
  expect(seen).toEqual([1]);
  for await (const { value } of log.follow({ from: 2 })) {
    expect(value).toBe(3);
    break;
  }
});

test('an encoding is an option of the open log, as others are', async () => {
  const engine = await engineAt(temporaryFolder());
  const log = await engine.log('events', { valueEncoding: 'utf8' });
  expect(await engine.log('events')).toBe(log);
  expect(await rejectionOf(engine.log('events', { valueEncoding: 'json' }))).toMatchObject({
    code: 'INVALID_SETTING',
    message: expect.stringContaining('valueEncoding') as string,
  });
  const unknown = engine.log('other', { valueEncoding: 'xml' as 'utf8' });
  expect(await rejectionOf(unknown)).toMatchObject({ code: 'INVALID_SETTING' });
});
