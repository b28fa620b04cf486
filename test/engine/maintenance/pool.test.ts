import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import { createJobPool } from '../../../engine/maintenance/pool.js';
import { ANY_ORDER } from '../../support/any-order.js';

/** For a job's module: resolves once a file is there. */
const WHEN_THERE = `import { existsSync, writeFileSync } from 'node:fs';
  const whenThere = async (path) => {
    while (!existsSync(path)) await new Promise(setImmediate);
  };`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'odradek-pool-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('jobs run in compiled worker threads, on real files', async () => {
  const pool = createJobPool({ queueMax: 10 });
  const path = join(folder, 'segment.log');
  const batch = buildBatchSync([{ key: 'k', value: 'v', timestamp: 1 }], { baseOffset: 4 });
  await writeFile(path, Buffer.concat([batch, Buffer.from('torn')]));
  expect(
    await pool.run('scrub', { ...ANY_ORDER, path, baseOffset: 4, endPosition: batch.length + 4 }),
  ).toEqual({
    batches: 1,
    nextOffset: 5,
    bad: { position: batch.length, expectedOffset: 5 },
  });
  expect(await pool.run('unlink', { paths: [path] })).toEqual({ bytes: batch.length + 4 });
  expect(await readdir(folder)).toEqual([]);
  await pool.close();
});

test('the error of a job comes back with its message and its code', async () => {
  const pool = createJobPool({ queueMax: 10 });
  const path = join(folder, 'none.log');
  await expect(
    pool.run('scrub', { ...ANY_ORDER, path, baseOffset: 0, endPosition: 1 }),
  ).rejects.toMatchObject({
    code: 'ENOENT',
    message: expect.stringContaining('none.log'),
  });
  await pool.close();
});

test('a worker that cannot start rejects every job, and the next job tries again', async () => {
  const missing = createJobPool({
    queueMax: 10,
    workerUrl: pathToFileURL(join(folder, 'no.js')).href,
  });
  for (let round = 0; round < 2; round++) {
    const jobs = [1, 2, 3].map(() => missing.run('unlink', { paths: [] }));
    for (const result of await Promise.allSettled(jobs)) {
      expect(result).toMatchObject({
        status: 'rejected',
        reason: { message: expect.stringContaining('no.js') },
      });
    }
  }
  await missing.close();

  const throwing = join(folder, 'throwing.mjs');
  await writeFile(throwing, `throw new Error('cannot start');`);
  const broken = createJobPool({ queueMax: 10, workerUrl: pathToFileURL(throwing).href });
  await expect(broken.run('unlink', { paths: [] })).rejects.toThrow('cannot start');
  await broken.close();
});

test('the queue is bounded: a job too many rejects at once', async () => {
  const held = join(folder, 'held.mjs');
  const go = join(folder, 'go-on');
  await writeFile(
    held,
    `${WHEN_THERE}
     export default async ({ input }) => {
       await whenThere(input.path);
       return { output: { batches: 0, bad: null } };
     };`,
  );
  const pool = createJobPool({ threadsMax: 1, queueMax: 2, workerUrl: pathToFileURL(held).href });
  const jobs = Array.from({ length: 6 }, () =>
    pool.run('scrub', { ...ANY_ORDER, path: go, baseOffset: 0, endPosition: 1 }),
  );
  const outcome = Promise.allSettled(jobs);
  // The thread is held: nothing leaves the queue until these are refused.
  for (const job of jobs.slice(-2)) await expect(job).rejects.toThrow('queue');
  await writeFile(go, '');
  const [first, second] = await outcome;
  expect([first?.status, second?.status]).toEqual(['fulfilled', 'fulfilled']);
  await pool.close();
});

test('jobs that take files away wait for one another outside of the queue: none is refused, and others have their place', async () => {
  const path = join(folder, 'any.mjs');
  await writeFile(
    path,
    `export default async ({ name }) =>
       ({ output: name === 'unlink' ? { bytes: 1 } : { batches: 0, bad: null } });`,
  );
  const pool = createJobPool({ threadsMax: 1, queueMax: 2, workerUrl: pathToFileURL(path).href });
  const removals = Array.from({ length: 40 }, () => pool.run('unlink', { paths: [] }));
  const scrub = pool.run('scrub', { ...ANY_ORDER, path: 'x', baseOffset: 0, endPosition: 1 });
  expect((await scrub).bad).toBeNull();
  for (const { bytes } of await Promise.all(removals)) expect(bytes).toBe(1);
  await pool.close();
});

test('close lets the running job end and rejects the queued ones', async () => {
  const gate = join(folder, 'gate.mjs');
  await writeFile(
    gate,
    `${WHEN_THERE}
     export default async ({ input: { paths: [started, go] } }) => {
       writeFileSync(started, '');
       await whenThere(go);
       return { output: { bytes: 1 } };
     };`,
  );
  const pool = createJobPool({ threadsMax: 1, queueMax: 5, workerUrl: pathToFileURL(gate).href });
  const [started, go] = [join(folder, 'started'), join(folder, 'go')];
  const running = pool.run('unlink', { paths: [started, go] });
  while (!(await readdir(folder)).includes('started')) await new Promise(setImmediate);
  const queued = pool.run('unlink', { paths: [started, go] });
  const outcome = Promise.allSettled([running, queued]);
  const closing = pool.close();
  await writeFile(go, '');
  await closing;
  expect(await outcome).toMatchObject([
    { status: 'fulfilled', value: { bytes: 1 } },
    { status: 'rejected', reason: { code: 'ABORTED' } },
  ]);
  await expect(pool.run('unlink', { paths: [] })).rejects.toThrow('closed');
});

test('close tells the running job that it is being closed', async () => {
  const path = join(folder, 'until-told.mjs');
  await writeFile(
    path,
    `import { writeFileSync } from 'node:fs';
     export default ({ input: { paths: [started] }, stop }) => new Promise((resolve) => {
       writeFileSync(started, '');
       const isTold = new Int32Array(stop);
       const timer = setInterval(() => {
         if (isTold[0] === 0) return;
         clearInterval(timer);
         resolve({ failure: { message: 'told to end', code: 'ABORTED' } });
       }, 2);
     });`,
  );
  const pool = createJobPool({ threadsMax: 1, queueMax: 5, workerUrl: pathToFileURL(path).href });
  const running = pool.run('unlink', { paths: [join(folder, 'waits')] });
  const outcome = expect(running).rejects.toMatchObject({ code: 'ABORTED' });
  while (!(await readdir(folder)).includes('waits')) await new Promise(setImmediate);
  await pool.close();
  await outcome;
});

test('a pool that never ran a job starts nothing and closes at once', async () => {
  await createJobPool({ queueMax: 1 }).close();
});

test('a pool that is closed while its threads load waits for them', async () => {
  // Node ends the whole process with a thread that is ended while it loads modules.
  const entry = join(folder, 'loads.mjs');
  const [loading, finish, loaded] = ['loading', 'finish', 'loaded'].map((name) =>
    join(folder, name),
  );
  await writeFile(
    entry,
    `${WHEN_THERE}
     writeFileSync(${JSON.stringify(loading)}, '');
     await whenThere(${JSON.stringify(finish)});
     writeFileSync(${JSON.stringify(loaded)}, '');
     export default () => ({ output: { bytes: 0 } });`,
  );
  const pool = createJobPool({ queueMax: 10, workerUrl: pathToFileURL(entry).href });
  const job = pool.run('unlink', { paths: [] });
  const settled = Promise.allSettled([job]);
  while (!existsSync(loading!)) await new Promise(setImmediate);
  let isClosed = false;
  const closing = pool.close().then(() => {
    isClosed = true;
  });
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  expect(isClosed).toBe(false);
  await writeFile(finish!, '');
  await closing;
  expect(existsSync(loaded!)).toBe(true);
  await settled;
});
