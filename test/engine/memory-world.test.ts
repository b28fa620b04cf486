import { existsSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { type EventLog, openEngine } from '../../engine/index.js';

async function opened(options = {}) {
  const engine = await openEngine(':memory:', options);
  onTestFinished(() => engine.close());
  return engine;
}

async function valuesOf(log: EventLog<string, string>, reverse = false): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const { value } of log.records({ reverse })) values.push(value);
  return values;
}

test('an engine in memory has everything, and leaves no file', async () => {
  const engine = await opened();
  const log = await engine.log('orders', { valueEncoding: 'utf8', segmentBytes: 300 });
  for (let at = 0; at < 30; at++) await log.append({ key: `${at % 3}`, value: `${at}` });
  expect(await valuesOf(log)).toEqual(Array.from({ length: 30 }, (_, at) => `${at}`));
  expect((await valuesOf(log, true))[0]).toBe('29');
  const cursor = await log.cursor('worker');
  await cursor.commit(5);
  expect(cursor.lag).toBe(25);
  await log.compact();
  expect((await valuesOf(log)).length).toBeLessThan(30);
  await log.deleteBefore(20);
  await log.truncate(28);
  await log.append({ key: 'a', value: 'b' });
  expect((await log.last())?.value).toBe('b');
  expect((await log.scrub()).damaged).toBeNull();
  await log.close();
  const again = await engine.log('orders', { valueEncoding: 'utf8' });
  expect((await again.last())?.value).toBe('b');
  expect(existsSync(engine.path)).toBe(false);
});

test('each is one of its own, and is gone with its close', async () => {
  const [one, other] = [await opened(), await opened()];
  await (await one.log('a')).append({ value: 'x' });
  expect(await other.logs()).toEqual([]);
  await one.close();
  expect(await (await opened()).logs()).toEqual([]);
});

test('a table and a follower work on it, and appends let others work', async () => {
  const engine = await opened();
  const log = await engine.log('ticks', { valueEncoding: 'utf8' });
  const following = (async () => {
    for await (const { value } of log.follow()) if (value === '99') return value;
    return null;
  })();
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  for (let at = 0; at < 100; at++) await log.append({ value: `${at}` });
  clearInterval(timer);
  expect(await following).toBe('99');
  expect(turns).toBeGreaterThan(0);
  const table = await engine.table<number>('kv', { valueEncoding: 'json' });
  await table.set('a', 1);
  expect(table.get('a')).toBe(1);
});

test('there is nothing to back up, and nothing for a second process to read', async () => {
  const engine = await opened();
  await expect(engine.backup('/tmp/never')).rejects.toMatchObject({ code: 'INVALID_SETTING' });
  await expect(openEngine(':memory:', { readOnly: true })).rejects.toMatchObject({
    code: 'NOT_A_DATA_DIRECTORY',
  });
});
