import { mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ManualClock, openEngine } from '../../../engine/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** A writer and a reader of one directory, with a log of three records. */
async function both() {
  const path = join(temporaryFolder(), 'data');
  const writer = await openEngine(path);
  const written = await writer.log('orders');
  await written.append(['a', 'b', 'c'].map((value) => ({ value })));
  const clock = new ManualClock();
  const reader = await openEngine(path, { readOnly: true, clock });
  onTestFinished(async () => {
    await reader.close();
    await writer.close();
  });
  return { path, writer, written, reader, clock };
}

test('what changes a log is refused, and the log is read on', async () => {
  const { reader } = await both();
  const log = await reader.log('orders', { valueEncoding: 'utf8' });
  const refused: (() => Promise<unknown>)[] = [
    () => log.append({ value: 'x' }),
    () => log.appendBatch(Buffer.alloc(70)),
    () => log.truncate(1),
    () => log.deleteBefore(1),
    () => log.compact(),
    () => log.delete(),
    () => log.cursor('worker'),
    () => log.partition.append(Buffer.alloc(70)),
    () => log.partition.truncateTo(0),
    () => log.partition.beginAt(0),
    () => log.partition.maintenance.roll(),
    () => log.partition.maintenance.applyRetention(),
  ];
  for (const change of refused) {
    await expect(change(), String(change)).rejects.toMatchObject({ code: 'READ_ONLY' });
  }
  expect((await log.read({ offset: 0 })).records.map(({ value }) => value)).toEqual([
    'a',
    'b',
    'c',
  ]);
  expect((await log.get(1))?.value).toBe('b');
});

test('a log that is not there is named with the nearest one', async () => {
  const { reader } = await both();
  await expect(reader.log('order')).rejects.toMatchObject({ code: 'NO_SUCH_LOG' });
  await expect(reader.log('order')).rejects.toThrow("did you mean 'orders'?");
  await expect(reader.log('a/b')).rejects.toMatchObject({ code: 'INVALID_NAME' });
  expect((await reader.logs()).map(({ name, isOpen }) => [name, isOpen])).toEqual([
    ['orders', false],
  ]);
});

test('a folder that is no data directory is refused, and options that it has no use for', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'empty'));
  for (const name of ['empty', 'missing']) {
    await expect(openEngine(join(folder, name), { readOnly: true })).rejects.toMatchObject({
      code: 'NOT_A_DATA_DIRECTORY',
    });
  }
  const { path, reader } = await both();
  for (const options of [{ compaction: {} }, { pollIntervalMs: 0 }, { pollIntervalMs: '1s' }]) {
    const opening = openEngine(path, { readOnly: true, ...options } as never);
    await expect(opening).rejects.toMatchObject({ code: 'INVALID_SETTING' });
  }
  await expect(reader.log('orders', { flush: 'os' } as never)).rejects.toMatchObject({
    code: 'INVALID_SETTING',
  });
});

test('a follower gets what is appended at the next look, and ends when the log is deleted', async () => {
  const { written, reader, clock } = await both();
  const log = await reader.log('orders', { valueEncoding: 'utf8' });
  expect(await reader.log('orders')).toBe(log);
  const values: (string | null)[] = [];
  const following = (async () => {
    for await (const { value } of log.follow({ from: 'end' })) values.push(value);
  })();
  await written.append({ value: 'd' });
  expect(log.endOffset).toBe(3);
  clock.advance(50);
  await log.flush();
  expect(log.endOffset).toBe(4);
  await written.delete();
  await log.flush();
  await following;
  expect(values).toEqual(['d']);
  await expect(log.read({ offset: 0 })).rejects.toMatchObject({ code: 'LOG_CLOSED' });
  await expect(reader.log('orders')).rejects.toMatchObject({ code: 'NO_SUCH_LOG' });
});

test('a log that is made anew under the name is another one', async () => {
  const { writer, written, reader } = await both();
  const log = await reader.log('orders', { valueEncoding: 'utf8' });
  await written.delete();
  await (await writer.log('orders')).append({ value: 'new' });
  await log.flush();
  await expect(log.read({ offset: 0 })).rejects.toMatchObject({ code: 'LOG_CLOSED' });
  const again = await reader.log('orders', { valueEncoding: 'utf8' });
  expect((await again.last())?.value).toBe('new');
});

test('callers that open a log together get one object, which is looked at', async () => {
  const { written, reader, clock } = await both();
  const [one, other] = await Promise.all([reader.log('orders'), reader.log('orders')]);
  expect(one).toBe(other);
  await written.append({ value: 'd' });
  const next = one.follow({ from: 3 }).next();
  clock.advance(50);
  expect(String((await next).value?.value)).toBe('d');
});

/** Descriptors of files in the folder that are open for reading only. */
function openForReading(path: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      const flags = /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'));
      const isReadOnly = (Number.parseInt(flags?.[1] ?? '1', 8) & 3) === 0;
      return isReadOnly && readlinkSync(`/proc/self/fd/${fd}`).startsWith(`${path}/`);
    } catch {
      return false;
    }
  }).length;
}

test.runIf(process.platform === 'linux')(
  'a close in the middle of a look ends it without an error, and leaves no file open',
  async () => {
    const { path, written } = await both();
    const before = openForReading(path);
    for (let round = 0; round < 30; round++) {
      const reader = await openEngine(path, { readOnly: true, clock: new ManualClock() });
      const log = await reader.log('orders');
      await written.append({ value: `${round}` });
      await written.partition.maintenance.roll();
      const looks = [log.flush(), log.flush()];
      for (let turn = 0; turn < round; turn++) await null;
      await reader.close();
      await Promise.all(looks);
    }
    expect(openForReading(path)).toBe(before);
  },
);

test('a closed engine ends its followers and refuses what comes', async () => {
  const { reader } = await both();
  const log = await reader.log('orders');
  const following = (async () => {
    let count = 0;
    for await (const _ of log.follow()) count++;
    return count;
  })();
  await log.read({ offset: 0 });
  await reader.close();
  expect(await following).toBe(3);
  await expect(reader.log('orders')).rejects.toMatchObject({ code: 'LOG_CLOSED' });
  await reader.close();
});
