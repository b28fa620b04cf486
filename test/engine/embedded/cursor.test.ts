import { expect, onTestFinished, test } from 'vitest';
import { type EventLog, openEngine } from '../../../engine/index.js';
import { LIMITS } from '../../../engine/limits.js';
import { killProcess, newWorld, openWorld } from '../../support/sim-engine.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

async function openAt(path: string): Promise<Awaited<ReturnType<typeof openEngine>>> {
  const engine = await openEngine(path);
  onTestFinished(() => engine.close());
  return engine;
}

async function logOf(count: number, path = temporaryFolder()) {
  const engine = await openAt(path);
  const log = await engine.log('jobs');
  for (let at = 0; at < count; at++) await log.append({ value: `${at}` });
  return { engine, log, path };
}

/** Up to `count` records from the cursor on, without committing. */
async function readBy(
  cursor: Awaited<ReturnType<EventLog['cursor']>>,
  count = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const found: string[] = [];
  for await (const { value } of cursor.follow({ live: false })) {
    found.push(String(value));
    if (found.length >= count) break;
  }
  return found;
}

test('a worker goes on where it has committed, after a restart too', async () => {
  const { engine, log, path } = await logOf(5);
  const cursor = await log.cursor('worker');
  expect([cursor.position, cursor.lag]).toEqual([0, 5]);
  for await (const job of cursor.follow()) {
    await cursor.commit(job.offset + 1);
    if (job.offset === 2) break;
  }
  expect([cursor.position, cursor.lag]).toEqual([3, 2]);
  await engine.close();
  const again = await (await openAt(path)).log('jobs');
  expect(await readBy(await again.cursor('worker'))).toEqual(['3', '4']);
});

test('who opens a cursor takes it over: two workers of a name cannot both move it', async () => {
  const { log } = await logOf(3);
  const first = await log.cursor('worker');
  const second = await log.cursor('worker');
  await expect(first.commit(1)).rejects.toMatchObject({ code: 'CURSOR_FENCED' });
  expect(() => first.follow()).toThrow(expect.objectContaining({ code: 'CURSOR_FENCED' }));
  await second.commit(2);
  expect(second.position).toBe(2);
  const [third, fourth] = await Promise.all([log.cursor('worker'), log.cursor('worker')]);
  await expect(third.commit(3)).rejects.toMatchObject({ code: 'CURSOR_FENCED' });
  await fourth.commit(3);
});

test('cursors of other names, and of other logs, are others', async () => {
  const { engine, log } = await logOf(2);
  const other = await engine.log('others');
  await other.append({ value: 'x' });
  await (await log.cursor('a')).commit(2);
  expect((await log.cursor('b')).position).toBe(0);
  expect((await other.cursor('a')).position).toBe(0);
  expect((await log.cursor('c', { from: 'end' })).position).toBe(2);
  expect((await log.cursor('c', { from: 'start' })).position).toBe(2);
});

test('a cursor is never ahead of what is durable', async () => {
  const engine = await openAt(temporaryFolder());
  const log = await engine.log('jobs', { flush: 'os' });
  await log.append({ value: 'x' });
  expect(log.partition.durableEndOffset).toBe(0);
  await (await log.cursor('worker')).commit(1);
  expect(log.partition.durableEndOffset).toBe(1);
});

test('a commit beyond the end is refused, one back gives the records again', async () => {
  const { log } = await logOf(2);
  const cursor = await log.cursor('worker');
  for (const offset of [3, -1, 0.5, Number.NaN, '1' as never]) {
    await expect(cursor.commit(offset)).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
  }
  await cursor.commit(2);
  await cursor.commit(1);
  expect(await readBy(cursor)).toEqual(['1']);
});

test('a truncation moves cursors down, so that what comes there is handled', async () => {
  const { log } = await logOf(4);
  const cursor = await log.cursor('worker');
  const behind = await log.cursor('behind');
  await cursor.commit(4);
  await behind.commit(1);
  await log.truncate(2);
  expect([cursor.position, behind.position]).toEqual([2, 1]);
  await log.append({ value: 'new' });
  expect(await readBy(cursor)).toEqual(['new']);
});

test('a truncation that takes a whole batch moves cursors to the end that is left', async () => {
  const { log } = await logOf(1);
  await log.append([{ value: 'a' }, { value: 'b' }, { value: 'c' }]);
  const cursor = await log.cursor('worker');
  await cursor.commit(4);
  await log.truncate(2);
  expect(log.endOffset).toBe(1);
  expect(cursor.position).toBe(1);
});

test('a cursor that is found beyond the end begins at the end, and none of what comes is left out', async () => {
  const { log } = await logOf(4);
  await (await log.cursor('worker')).commit(4);
  // Past the cursors, as a crash in the middle of a truncation would leave them.
  await log.partition.truncateTo(2, { evenCommitted: true });
  const cursor = await log.cursor('worker');
  expect([cursor.position, cursor.lag]).toEqual([2, 0]);
  await log.append({ value: 'new' });
  expect(await readBy(cursor)).toEqual(['new']);
});

test('a cursor that is opened below the start of the log is told, and goes on from there', async () => {
  const { log } = await logOf(4);
  await (await log.cursor('worker')).commit(1);
  await log.deleteBefore(3);
  const cursor = await log.cursor('worker');
  await expect(readBy(cursor)).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
  await cursor.commit(log.startOffset);
  expect(await readBy(cursor)).toEqual(['3']);
});

test('records that were deleted below a cursor are told, and the start can be committed', async () => {
  const { log } = await logOf(4);
  const cursor = await log.cursor('worker');
  await log.deleteBefore(2);
  expect(cursor.lag).toBe(2);
  await expect(readBy(cursor)).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
  await cursor.commit(log.startOffset);
  expect(await readBy(cursor)).toEqual(['2', '3']);
});

test('a log that is deleted and made anew has no cursors', async () => {
  const { engine, log } = await logOf(2);
  const cursor = await log.cursor('worker');
  await cursor.commit(2);
  await log.delete();
  await expect(cursor.commit(1)).rejects.toMatchObject({ code: 'LOG_CLOSED' });
  const anew = await engine.log('jobs');
  await anew.append({ value: 'x' });
  expect((await anew.cursor('worker')).position).toBe(0);
});

test('a log that a broker deletes takes its name, its id and its cursors with it', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await engine.log('jobs');
  await log.append([{ value: '0' }, { value: '1' }]);
  await (await log.cursor('worker')).commit(2);
  await log.close();
  await engine.deletePartition(log.partition.name);
  // The next process forgets the deletion as well.
  const next = await openWorld(killProcess(world));
  expect(await next.logs()).toEqual([]);
  const anew = await next.log('jobs');
  expect(anew.topicId).not.toBe(log.topicId);
  await anew.append([{ value: 'a' }, { value: 'b' }]);
  const cursor = await anew.cursor('worker');
  expect(cursor.position).toBe(0);
  expect(await readBy(cursor)).toEqual(['a', 'b']);
});

test('another partition that is deleted, or another topic of the name, leaves the log alone', async () => {
  const { engine, log } = await logOf(2);
  await (await log.cursor('worker')).commit(1);
  const { name } = log.partition;
  await engine.deletePartition({ ...name, partition: 1 });
  await engine.deletePartition({ ...name, topicId: 'A'.repeat(22) });
  expect(await engine.logs()).toMatchObject([{ name: 'jobs', topicId: log.topicId }]);
  expect((await log.cursor('worker')).position).toBe(1);
});

test('a cursor that was deleted moves no more', async () => {
  const { log } = await logOf(1);
  const cursor = await log.cursor('worker');
  await cursor.delete();
  await expect(cursor.commit(1)).rejects.toMatchObject({ code: 'CURSOR_FENCED' });
  expect(() => cursor.position).toThrow(expect.objectContaining({ code: 'CURSOR_FENCED' }));
});

test('names, options and the number of cursors are bounded', async () => {
  const { log } = await logOf(1);
  for (const name of ['', 'x'.repeat(LIMITS.nameLengthMax + 1), 7, null, undefined]) {
    await expect(log.cursor(name as string)).rejects.toMatchObject({ code: 'INVALID_NAME' });
  }
  await expect(log.cursor('a', { form: 0 } as never)).rejects.toMatchObject({
    code: 'INVALID_SETTING',
    message: expect.stringContaining('from'),
  });
  await expect(log.cursor('a', { from: 5 })).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
  await Promise.all(Array.from({ length: LIMITS.cursorsMax }, (_, at) => log.cursor(`${at}`)));
  await expect(log.cursor('one more')).rejects.toMatchObject({ code: 'INVALID_SETTING' });
  expect((await log.cursor('0')).position).toBe(0);
});
