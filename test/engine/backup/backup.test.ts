import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { nodeDisk } from '../../../engine/disk/node-disk.js';
import { type EventLog, openEngine, systemClock } from '../../../engine/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

async function openAt(path: string, options = {}): Promise<Awaited<ReturnType<typeof openEngine>>> {
  const engine = await openEngine(path, options);
  onTestFinished(() => engine.close());
  return engine;
}

async function valuesOf(log: EventLog): Promise<string[]> {
  const values: string[] = [];
  for await (const { value } of log.records({})) values.push(String(value));
  return values;
}

/** Two directories to be: one that is open, and the name of a copy of it. */
async function place(options = {}) {
  const folder = temporaryFolder();
  const engine = await openAt(join(folder, 'data'), options);
  return { engine, folder, to: join(folder, 'copy') };
}

const numbers = (end: number): string[] => Array.from({ length: end }, (_, at) => `${at}`);

test('a backup opens as a directory of its own, with logs, cursors and what was committed', async () => {
  const { engine, to } = await place();
  const log = await engine.log('orders', { segmentBytes: 400 });
  for (const value of numbers(50)) await log.append({ value });
  const cursor = await log.cursor('worker');
  await cursor.commit(7);
  await engine.log('never-written');
  const made = await engine.backup(to);
  expect(made).toMatchObject({ path: to, logs: 1 });
  expect(made.bytes).toBe(log.sizeBytes);
  expect(made.bytesLinked).toBeGreaterThan(made.bytes / 2);
  await log.append({ value: 'later' });
  const copy = await openAt(to);
  const copied = await copy.log('orders');
  expect(await valuesOf(copied)).toEqual(numbers(50));
  expect((await copied.cursor('worker')).position).toBe(7);
  expect((await copy.logs()).map(({ name }) => name)).toEqual(['never-written', 'orders']);
  await copied.append({ value: 'own' });
  expect(await valuesOf(log)).toEqual([...numbers(50), 'later']);
  expect(await valuesOf(copied)).toEqual([...numbers(50), 'own']);
});

test('neither directory harms the other: cuts, trims, compaction, deletion', async () => {
  const { engine, to } = await place();
  const log = await engine.log('orders', { segmentBytes: 300 });
  for (const value of numbers(40)) await log.append({ value });
  await engine.backup(to);
  await log.truncate(3);
  for (const value of ['a', 'b', 'c']) await log.append({ value });
  const copy = await openAt(to);
  const copied = await copy.log('orders');
  expect(await valuesOf(copied)).toEqual(numbers(40));
  await copied.truncate(2);
  await copied.append({ value: 'z' });
  expect(await valuesOf(log)).toEqual(['0', '1', '2', 'a', 'b', 'c']);
  await log.delete();
  expect(await valuesOf(copied)).toEqual(['0', '1', 'z']);
});

test('under load, an append that followed the acknowledgement of another is not there without it', async () => {
  const { engine, folder } = await place();
  const logs = await Promise.all(
    ['a', 'b', 'c'].map((name) => engine.log(name, { segmentBytes: 2000 })),
  );
  let isOver = false;
  let last = 0;
  // Each number goes to a log in turn, once the one before is acknowledged.
  const writing = (async () => {
    while (!isOver) await logs[last % 3]!.append({ value: `${last++}` });
  })();
  for (let round = 0; round < 6; round++) {
    const to = join(folder, `copy${round}`);
    await engine.backup(to);
    const copy = await openAt(to);
    const found: number[] = [];
    for (const name of ['a', 'b', 'c']) {
      for (const value of await valuesOf(await copy.log(name))) found.push(Number(value));
    }
    found.sort((one, other) => one - other);
    expect(found).toEqual(Array.from(found, (_, at) => at));
    await copy.close();
  }
  isOver = true;
  await writing;
  expect(last).toBeGreaterThan(0);
});

test('logs that are not open, or are opened and deleted meanwhile, are there whole', async () => {
  const { engine, folder } = await place();
  for (const name of ['closed', 'doomed', 'open']) {
    const log = await engine.log(name, { segmentBytes: 300 });
    for (const value of numbers(20)) await log.append({ value });
  }
  await engine.close();
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const disk = {
    ...nodeDisk,
    syncFileSystem: nodeDisk.syncFileSystem,
    link: (from: string, to: string) => {
      begin();
      return nodeDisk.link(from, to);
    },
  };
  const again = await openAt(join(folder, 'data'), { disk });
  const doomed = await again.log('doomed');
  await again.log('open');
  const made = again.backup(join(folder, 'copy'));
  await begun;
  const deleted = doomed.delete();
  const opened = again.log('closed').then((log) => log.append({ value: 'later' }));
  expect(await made).toMatchObject({ logs: 3 });
  await Promise.all([deleted, opened]);
  const copy = await openAt(join(folder, 'copy'));
  for (const name of ['closed', 'doomed', 'open']) {
    expect(await valuesOf(await copy.log(name)), name).toEqual(numbers(20));
  }
});

test('a name that is taken, a place inside, and options that there are not are refused', async () => {
  const { engine, folder, to } = await place();
  mkdirSync(to);
  await expect(engine.backup(join(folder, 'data', 'copy'))).rejects.toMatchObject({
    code: 'INVALID_SETTING',
  });
  await expect(engine.backup(join(folder, 'data'))).rejects.toMatchObject({
    code: 'INVALID_SETTING',
  });
  for (const bad of [undefined, '', 7, {}]) {
    await expect(engine.backup(bad as string)).rejects.toMatchObject({ code: 'INVALID_SETTING' });
  }
  await expect(engine.backup(to, { onprogress: () => {} } as never)).rejects.toThrow('onProgress');
  await engine.backup(to);
  const names = readdirSync(to).sort();
  await expect(engine.backup(to)).rejects.toMatchObject({ code: 'BACKUP_EXISTS', path: to });
  expect(readdirSync(to).sort()).toEqual(names);
  writeFileSync(join(folder, 'file'), '');
  await expect(engine.backup(join(folder, 'file'))).rejects.toMatchObject({
    code: 'BACKUP_EXISTS',
  });
});

test('what is aborted, or ended by the close of the engine, leaves nothing', async () => {
  const controller = new AbortController();
  const disk = {
    ...nodeDisk,
    syncFileSystem: nodeDisk.syncFileSystem,
    link: (from: string, name: string) => {
      controller.abort();
      return nodeDisk.link(from, name);
    },
  };
  const { engine, folder, to } = await place({ disk });
  const log = await engine.log('orders', { segmentBytes: 300 });
  for (const value of numbers(100)) await log.append({ value });
  const aborted = engine.backup(to, { signal: controller.signal });
  await expect(aborted).rejects.toMatchObject({ code: 'ABORT_ERR' });
  await expect(engine.backup(to, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'ABORT_ERR',
  });
  expect(readdirSync(folder)).toEqual(['data']);
  const ended = engine.backup(to);
  const outcome = expect(ended).rejects.toMatchObject({ code: 'LOG_CLOSED' });
  await engine.close();
  await outcome;
  expect(readdirSync(folder)).toEqual(['data']);
  expect(readdirSync(join(folder, 'data')).some((name) => name.includes('partial'))).toBe(false);
});

test('progress ends with all bytes, and what its listener throws is a warning', async () => {
  let nowMs = 0;
  const clock = { ...systemClock, monotonicMs: () => (nowMs += 200) };
  const warnings: string[] = [];
  const logger = {
    info: () => {},
    warn: (_: unknown, text: string) => void warnings.push(text),
    error: () => {},
  };
  const { engine, to } = await place({ clock, logger });
  const log = await engine.log('orders', { segmentBytes: 300 });
  for (const value of numbers(30)) await log.append({ value });
  const told: { done: number; total: number }[] = [];
  await engine.backup(to, { onProgress: (progress) => void told.push(progress) });
  const end = told.at(-1)!;
  expect(end.done).toBe(end.total);
  expect(end.total).toBeGreaterThanOrEqual(log.sizeBytes);
  let calls = 0;
  const failing = engine.backup(`${to}2`, {
    onProgress: () => {
      calls++;
      throw new RangeError('of the listener');
    },
  });
  expect(await failing).toMatchObject({ logs: 1 });
  expect(calls).toBe(1);
  expect(warnings).toEqual(['onProgress failed: it is not called again']);
});

test('where the file system has no second names, or it is another one, files are copied', async () => {
  for (const refused of ['everywhere', 'outside'] as const) {
    const disk = {
      ...nodeDisk,
      syncFileSystem: nodeDisk.syncFileSystem,
      link: async (from: string, to: string) => {
        const isOutside = !to.startsWith(`${join(folder, 'data')}`);
        if (refused === 'everywhere' || isOutside) {
          throw Object.assign(new Error(`EXDEV: ${to}`), { code: 'EXDEV' });
        }
        return nodeDisk.link(from, to);
      },
    };
    const folder = temporaryFolder();
    const engine = await openAt(join(folder, 'data'), { disk });
    const log = await engine.log('orders', { segmentBytes: 300 });
    for (const value of numbers(30)) await log.append({ value });
    const made = await engine.backup(join(folder, 'copy'));
    expect(made.bytesLinked).toBe(0);
    expect(readdirSync(join(folder, 'data')).some((name) => name.includes('partial'))).toBe(false);
    const copy = await openAt(join(folder, 'copy'));
    expect(await valuesOf(await copy.log('orders'))).toEqual(numbers(30));
    const [first] = readdirSync(join(folder, 'copy', 'orders-0')).filter((name) =>
      name.endsWith('.log'),
    );
    expect(statSync(join(folder, 'copy', 'orders-0', first!)).nlink).toBe(1);
  }
});

test('names that a killed backup has left in the directory are gone after its next start', async () => {
  const folder = temporaryFolder();
  const first = await openEngine(join(folder, 'data'));
  await (await first.log('orders')).append({ value: 'a' });
  await first.close();
  const stage = join(folder, 'data', 'backup.0a1b2c3d.partial');
  mkdirSync(stage);
  writeFileSync(join(stage, '0'), 'x');
  await openAt(join(folder, 'data'));
  expect(readdirSync(dirname(stage))).not.toContain(basename(stage));
});

test('a new segment without a record, which a checkpoint names, is in the backup', async () => {
  for (const start of [0, 3, 5, 8, 10]) {
    const { engine, to } = await place();
    const log = await engine.log('orders');
    for (const value of numbers(5)) await log.append({ value });
    await log.partition.maintenance.roll();
    for (const value of numbers(5)) await log.append({ value });
    await log.partition.maintenance.roll();
    await log.deleteBefore(start);
    await log.flush();
    // The close of another log makes a checkpoint of all.
    await (await engine.log('other')).close();
    await engine.backup(to);
    const copied = await (await openAt(to)).log('orders');
    expect([copied.startOffset, copied.endOffset]).toEqual([start, 10]);
    expect((await copied.append({ value: 'next' })).baseOffset).toBe(10);
  }
});
