import { describe, expect, test } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import { parseSegmentFileName, type SegmentFileName } from '../../../engine/disk/file-names.js';
import type { Log } from '../../../engine/log/log.js';
import { seededRandom } from '../../../engine/random.js';
import { batchOf, readValues, turns } from '../../support/batches.js';
import type { SimDisk } from '../../support/sim-disk.js';
import {
  cutPower,
  folderOf,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  stopCleanly,
} from '../../support/sim-engine.js';

const SMALL_SEGMENTS = { segmentBytes: 250, flush: 'os' } as const;

/** Second names of the files of a log, and what they hold. */
async function linkAll(
  disk: SimDisk,
  copy: string,
  isLinked = (_name: SegmentFileName): boolean => true,
): Promise<() => Promise<void>> {
  await disk.mkdir(copy);
  const held = new Map<string, Buffer>();
  for (const name of await disk.readdir(folderOf())) {
    const parsed = parseSegmentFileName(name);
    if (parsed === null || parsed.state !== null || !isLinked(parsed)) continue;
    await disk.link(`${folderOf()}/${name}`, `${copy}/${name}`);
    held.set(name, await disk.readFile(`${copy}/${name}`));
  }
  return async () => {
    for (const [name, bytes] of held) {
      const found = await disk.readFile(`${copy}/${name}`);
      expect(found.equals(bytes), `${copy}/${name}`).toBe(true);
    }
  };
}

describe('a file with a second name is never changed in place', () => {
  test.each([0, 1, 2, 3, 4, 5, 6, 7])('by a truncation to offset %d, and appends', async (to) => {
    const world = newWorld();
    const engine = await openWorld(world);
    const log = await openLog(engine, SMALL_SEGMENTS);
    for (let at = 0; at < 8; at++) await log.append(batchOf(`value ${at}`));
    await log.flush();
    await log.maintenance.roll();
    const assertUnchanged = await linkAll(world.disk, '/copy');
    await log.truncateTo(to, { evenCommitted: true });
    const values = Array.from({ length: to }, (_, at) => `value ${at}`);
    expect([...(await readValues(log)).values()]).toEqual(values);
    for (const value of ['new', 'newer', 'newest']) await log.append(batchOf(value));
    await log.flush();
    await assertUnchanged();
    const next = await openLog(await openWorld(cutPower(world)), SMALL_SEGMENTS);
    expect([...(await readValues(next)).values()]).toEqual([...values, 'new', 'newer', 'newest']);
  });

  test('by the appends and the recovery of a log that was opened with it', async () => {
    const world = newWorld();
    const engine = await openWorld(world);
    const log = await openLog(engine, { flush: 'os' });
    await log.append(batchOf('a'));
    const stopped = await stopCleanly(world, engine);
    const assertFirst = await linkAll(stopped.disk, '/first');
    const again = await openLog(await openWorld(stopped), { flush: 'os' });
    await again.append(batchOf('b'));
    await assertFirst();
    // Half a batch at the end, which recovery cuts off.
    const killed = killProcess(stopped);
    const path = `${folderOf()}/${'0'.repeat(20)}.log`;
    const file = killed.disk.openSync(path, 'write');
    file.writevSync([batchOf('c').subarray(0, 40)], await file.size());
    await file.close();
    const assertSecond = await linkAll(killed.disk, '/second');
    const last = await openLog(await openWorld(killed), { flush: 'os' });
    expect([...(await readValues(last)).values()]).toEqual(['a', 'b']);
    await assertSecond();
    await last.append(batchOf('d'));
    await assertSecond();
  });

  test('by a truncation that a crash ends anywhere', async () => {
    for (let turn = 0; turn < 90; turn++) {
      const world = newWorld();
      const log = await openLog(await openWorld(world), { segmentBytes: 250 });
      for (let at = 0; at < 8; at++) await log.append(batchOf(`value ${at}`));
      const assertUnchanged = await linkAll(world.disk, '/copy');
      await world.disk.syncDirectory('/copy');
      await world.disk.syncDirectory('/');
      await assertUnchanged();
      log.truncateTo(1, { evenCommitted: true }).catch(() => {});
      await turns(turn);
      const copied = (await linkedBytes(world.disk)).join();
      const next = turn % 2 === 0 ? killProcess(world) : cutPower(world, turn);
      const reopened = await openLog(await openWorld(next), { segmentBytes: 250 });
      const values = [...(await readValues(reopened)).values()];
      expect(values).toEqual(Array.from(values, (_, at) => `value ${at}`));
      expect(values.length).toBeGreaterThanOrEqual(1);
      await reopened.append(batchOf('new'));
      await reopened.flush();
      expect((await linkedBytes(next.disk)).join()).toBe(copied);
      expect(
        (await next.disk.readdir(folderOf())).filter((name) => name.endsWith('.copy')),
      ).toEqual([]);
    }
  });

  test('by anything that is done to a log, in any order', async () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = seededRandom(seed);
      const below = (count: number): number => Math.floor(random.next() * count);
      let world = newWorld();
      let engine = await openWorld(world);
      const settings = { segmentBytes: 300, indexIntervalBytes: 0, flush: 'os' } as const;
      let log = await openLog(engine, settings);
      const copies: (() => Promise<void>)[] = [];
      let copied = 0;
      for (let step = 0; step < 60; step++) {
        const kind = below(10);
        if (kind < 5) {
          const key = Buffer.from(`k${below(3)}`);
          const value = Buffer.from(`${seed}.${step}`);
          await log.append(buildBatchSync([{ key, value, timestamp: Date.UTC(2026, 0, 1) }], {}));
        } else if (kind === 5 && log.logEndOffset > log.logStartOffset) {
          const span = log.logEndOffset - log.logStartOffset;
          await log.truncateTo(log.logStartOffset + below(span + 1), { evenCommitted: true });
        } else if (kind === 6) await log.maintenance.compact();
        else if (kind === 7)
          await log.deleteBefore(Math.min(log.logStartOffset + below(2), log.highWatermark));
        else if (kind === 8 && log.logEndOffset > 0) {
          const { active } = (log as Log).state.segments;
          // What is under way writes to the active segment, and to index files that are open.
          const isSealed = ({ kind, baseOffset }: SegmentFileName): boolean =>
            kind === 'log' && baseOffset < active!.baseOffset;
          copies.push(await linkAll(world.disk, `/copy${copied++}`, isSealed));
        } else if (kind === 9) {
          for (const assertUnchanged of copies.splice(0)) await assertUnchanged();
          world = below(2) === 0 ? killProcess(world) : await stopCleanly(world, engine);
          engine = await openWorld(world);
          log = await openLog(engine, settings);
        }
      }
      for (const assertUnchanged of copies) await assertUnchanged();
    }
  });
});

async function linkedBytes(disk: SimDisk): Promise<string[]> {
  const names = (await disk.readdir('/copy')).sort();
  const files = names.map(async (name) => (await disk.readFile(`/copy/${name}`)).toString('hex'));
  return Promise.all(files);
}
