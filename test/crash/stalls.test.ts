import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Appended } from '../../engine/index.js';
import { LIMITS } from '../../engine/limits.js';
import { batchOf, readValues, turns } from '../support/batches.js';
import { newWorld, openLog, openWorld, type SimWorld } from '../support/sim-engine.js';
import { slowDisk } from './support/slow-disk.js';

/** How the batches reached the segments, in order. */
function writesOf(world: SimWorld): string[] {
  return world.disk.journal
    .filter((entry) => entry.phase === 'completed' && entry.path.endsWith('.log'))
    .filter(({ kind }) => kind === 'writevSync' || kind === 'writev')
    .map(({ kind }) => kind);
}

test('a write over 50 ms sends the directory to asynchronous writes until it has recovered', async () => {
  const world = newWorld();
  const slow = slowDisk(world);
  const log = await openLog(await openWorld(world, { wrap: () => slow.disk }), { flush: 'os' });
  slow.nextWriteTakes(LIMITS.writeStallMs);
  await log.append(batchOf('not yet a stall'));
  slow.nextWriteTakes(LIMITS.writeStallMs + 1);
  await log.append(batchOf('a stall'));
  for (let at = 0; at < 5; at++) await log.append(batchOf('fast'));
  slow.nextWriteTakes(LIMITS.writeRecoveredMs);
  await log.append(batchOf('not recovered: counting begins again'));
  for (let at = 0; at < LIMITS.writesRecoveredCount; at++) await log.append(batchOf('fast'));
  await log.append(batchOf('recovered'));
  expect(writesOf(world)).toEqual([
    'writevSync',
    'writevSync',
    ...Array.from({ length: 5 + 1 + LIMITS.writesRecoveredCount }, () => 'writev'),
    'writevSync',
  ]);
});

test.each(['ack', 'os'] as const)(
  'bytes and order are what they were through stalls, rolls and buffers that are used again, flush=%s',
  async (flush) => {
    const world = newWorld();
    const slow = slowDisk(world);
    const engine = await openWorld(world, { wrap: () => slow.disk });
    const log = await openLog(engine, { flush, segmentBytes: 600 });
    const sent: string[] = [];
    const offsets: number[] = [];
    const appends: Promise<void>[] = [];
    for (let at = 0; at < 120; at++) {
      if (at % 25 === 3) slow.nextWriteTakes(LIMITS.writeStallMs + 1);
      const value = `${at}-${'x'.repeat(at % 50)}`;
      sent.push(value);
      const batch = batchOf(value);
      appends.push(
        log.append(batch).then((appended) => {
          offsets[at] = appended.baseOffset;
        }),
      );
      if (at % 3 === 0) await turns(at % 4);
    }
    await Promise.all(appends);
    expect(offsets).toEqual(sent.map((_, at) => at));
    expect([...(await readValues(log)).values()]).toEqual(sent);
    expect(new Set(writesOf(world))).toEqual(new Set(['writevSync', 'writev']));
    expect(engine.counters.segmentsRolled).toBeGreaterThan(3);
  },
);

test('an append that comes when writes have recovered waits for those that are still under way', async () => {
  const world = newWorld();
  const slow = slowDisk(world);
  const log = await openLog(await openWorld(world, { wrap: () => slow.disk }), { flush: 'os' });
  slow.nextWriteTakes(LIMITS.writeStallMs + 1);
  await log.append(batchOf('a stall'));
  world.disk.hold();
  const appends: Promise<Appended>[] = [];
  for (let at = 1; at <= LIMITS.writesRecoveredCount + 2; at++) {
    appends.push(log.append(batchOf(`fast ${at}`)));
    await turns();
  }
  const late = appends[LIMITS.writesRecoveredCount - 1]!.then(() => log.append(batchOf('late')));
  world.disk.release();
  const offsets = (await Promise.all([...appends, late])).map(({ baseOffset }) => baseOffset);
  expect(offsets).toEqual(offsets.map((_, at) => at + 1));
  expect([...(await readValues(log)).values()].slice(-2)).toEqual(['fast 18', 'late']);
  expect(writesOf(world).at(-1)).toBe('writev');
});

test('a roll waits for the writes that are under way, so that one that fails leaves no segment behind', async () => {
  const world = newWorld();
  const slow = slowDisk(world);
  const engine = await openWorld(world, { wrap: () => slow.disk });
  const log = await openLog(engine, { flush: 'os', segmentBytes: 400 });
  slow.nextWriteTakes(LIMITS.writeStallMs + 1);
  await log.append(batchOf('a stall'));
  world.disk.failNext({ op: 'writev', path: /\.log$/, code: 'ENOSPC' });
  world.disk.hold();
  const failed = expect(log.append(batchOf('x'.repeat(200)))).rejects.toMatchObject({
    code: 'STORAGE_FULL',
  });
  await turns();
  const next = log.append(batchOf('y'.repeat(200)));
  await turns();
  world.disk.release();
  await failed;
  expect(await next).toMatchObject({ baseOffset: 1 });
  expect((await log.append(batchOf('more'))).baseOffset).toBe(2);
  expect([...(await readValues(log)).keys()]).toEqual([0, 1, 2]);
});

test('a receive buffer may be used again at once, though its batch is written later', async () => {
  const world = newWorld();
  const slow = slowDisk(world);
  const log = await openLog(await openWorld(world, { wrap: () => slow.disk }));
  slow.nextWriteTakes(LIMITS.writeStallMs + 1);
  await log.append(batchOf('first'));
  const batch = batchOf('second');
  const appended = log.append(batch);
  await null;
  batch.fill(0);
  await appended;
  expect([...(await readValues(log)).values()]).toEqual(['first', 'second']);
});

test('a write that is still under way when a sync fails is answered too', async () => {
  const world = newWorld();
  const slow = slowDisk(world);
  const engine = await openWorld(world, { wrap: () => slow.disk });
  const log = await openLog(engine);
  slow.nextWriteTakes(LIMITS.writeStallMs + 1);
  await log.append(batchOf('first'));
  await turns(20);
  world.disk.failNext({ op: 'datasync', path: /\.log$/, code: 'EIO' });
  world.disk.hold();
  const second = log.append(batchOf('second'));
  await turns(2);
  world.disk.pending.find(({ kind }) => kind === 'writev')!.run();
  await turns(2);
  const third = log.append(batchOf('third'));
  const settled = Promise.allSettled([second, third]);
  await turns(2);
  world.disk.pending.find(({ kind }) => kind === 'datasync')!.run();
  await turns(2);
  world.disk.release();
  for (const outcome of await settled) {
    expect(outcome).toMatchObject({ reason: { code: 'STORAGE_OFFLINE' } });
  }
});

test('where only a sync begins write-back there is one every 32 MB under os, though no append waits for it', async () => {
  const world = newWorld();
  const log = await openLog(await openWorld(world), { flush: 'os' });
  const megabyte = 'x'.repeat(1_000_000);
  const syncedAt: number[] = [];
  for (let at = 1; at <= 180; at++) {
    await log.append(batchOf(megabyte));
    const from = world.disk.journal.length;
    await turns(3);
    const syncs = world.disk.journal.slice(from).filter(({ kind, phase, path }) => {
      const isSync = kind === 'datasync' ? path.endsWith('.log') : kind === 'syncFileSystem';
      return isSync && phase === 'submitted';
    });
    if (syncs.length > 0) syncedAt.push(at);
  }
  const gaps = syncedAt.map((at, index) => at - (syncedAt[index - 1] ?? 0));
  expect(gaps.length).toBeGreaterThanOrEqual(4);
  for (const gap of gaps) {
    expect(gap).toBeGreaterThanOrEqual(33);
    expect(gap).toBeLessThanOrEqual(64);
  }
});

test('nothing on the event loop unlinks synchronously', () => {
  const engine = fileURLToPath(new URL('../../engine', import.meta.url));
  const sources = readdirSync(engine, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .filter((name) =>
      /\b(unlinkSync|rmSync|rmdirSync)\b/.test(readFileSync(join(engine, name), 'utf8')),
    );
  // A socket, of a lock, has no bytes; a maintenance thread may wait.
  const harmless = [join('disk', 'socket-lock.ts'), join('maintenance', 'thread-disk.ts')];
  expect(sources.filter((name) => !harmless.includes(name))).toEqual([]);
});
