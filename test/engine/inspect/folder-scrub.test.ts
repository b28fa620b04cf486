import { describe, expect, test } from 'vitest';
import type { Disk } from '../../../engine/disk/disk.js';
import { scrubFolder } from '../../../engine/inspect/folder-scrub.js';
import type { Log } from '../../../engine/log/log.js';
import { batchOf } from '../../support/batches.js';
import { folderOf, newWorld, openLog, openWorld, type SimWorld } from '../../support/sim-engine.js';

const SIZE = batchOf('value').length;

const pathOf = (base: number): string => `${folderOf()}/${String(base).padStart(20, '0')}.log`;

/** Three segments of four batches each, one record a batch. */
async function threeSegments(): Promise<{ world: SimWorld; log: Log }> {
  const world = newWorld();
  const log = (await openLog(await openWorld(world))) as Log;
  for (let n = 0; n < 12; n++) {
    if (n > 0 && n % 4 === 0) await log.maintenance.roll();
    await log.append(batchOf('value'));
  }
  return { world, log };
}

async function write(world: SimWorld, base: number, at: number, bytes: number[]): Promise<void> {
  const file = world.disk.openSync(pathOf(base), 'write');
  file.writevSync([Buffer.from(bytes)], at);
  await file.close();
}

/** The disk of a process beside which something else happens before each of these calls. */
function whenever(
  { disk }: SimWorld,
  calls: readonly (string | symbol)[],
  happens: () => Promise<void>,
): Disk {
  return new Proxy<Disk>(disk, {
    get: (_, key) => {
      const value = Reflect.get(disk, key);
      if (typeof value !== 'function') return value;
      const call = value.bind(disk);
      if (!calls.includes(key)) return call;
      return async (...args: unknown[]) => {
        await happens();
        return call(...args);
      };
    },
  });
}

test('a sound log is read whole, while it is open', async () => {
  const { world } = await threeSegments();
  expect(await scrubFolder(world.disk, folderOf())).toEqual({
    segments: 3,
    batches: 12,
    findings: [],
    torn: null,
    firstOffset: 0,
    end: { path: pathOf(8), position: 4 * SIZE, offset: 12 },
  });
});

test('the bytes that were read are told batch by batch', async () => {
  const { world } = await threeSegments();
  const read: number[] = [];
  await scrubFolder(world.disk, folderOf(), 0, (bytes) => void read.push(bytes));
  expect(read).toEqual(Array(12).fill(SIZE));
});

test('a segment that is missing between two is a finding', async () => {
  const { world } = await threeSegments();
  await world.disk.unlink(pathOf(4));
  const { findings } = await scrubFolder(world.disk, folderOf());
  const problem = 'a segment is missing; reads go on at offset 8';
  expect(findings).toEqual([{ path: pathOf(0), position: 4 * SIZE, offset: 4, problem }]);
});

describe('a compaction that is being published', () => {
  const move = (world: SimWorld, base: number, state: string): Promise<void> =>
    world.disk.rename(pathOf(base), `${pathOf(base)}.${state}`);

  /** Offsets 0 to 7 are in one `.log.swap`; its two sources and a segment behind it are there. */
  async function swapOfTwo(): Promise<SimWorld> {
    const { world } = await threeSegments();
    const first = world.disk.readFileSync(pathOf(0));
    await world.disk.rename(pathOf(0), `${pathOf(0)}.aside`);
    const file = world.disk.openSync(pathOf(0), 'create');
    file.writevSync([Buffer.concat([first, world.disk.readFileSync(pathOf(4))])], 0);
    await file.close();
    await move(world, 0, 'swap');
    await world.disk.rename(`${pathOf(0)}.aside`, pathOf(0));
    return world;
  }

  const SOUND = { segments: 2, batches: 12, findings: [], firstOffset: 0, end: { offset: 12 } };

  test.each([
    ['all of its sources', []],
    ['the first of its sources', [4]],
    ['the last of its sources', [0]],
    ['none of its sources', [4, 0]],
  ])('is no finding beside %s', async (_, gone) => {
    const world = await swapOfTwo();
    for (const base of gone) await move(world, base, 'deleted');
    expect(await scrubFolder(world.disk, folderOf())).toMatchObject(SOUND);
  });

  test('of one segment is none either', async () => {
    const { world } = await threeSegments();
    await move(world, 4, 'swap');
    expect(await scrubFolder(world.disk, folderOf())).toMatchObject({ ...SOUND, segments: 3 });
  });

  test('is no finding at any step while a broker goes on with it', async () => {
    for (let round = 0; round < 48; round++) {
      const from = Math.floor(round / 3);
      const every = 1 + (round % 3);
      const world = await swapOfTwo();
      await world.disk.rename(`${pathOf(0)}.swap`, `${pathOf(0)}.cleaned`);
      const steps = [
        () => world.disk.rename(`${pathOf(0)}.cleaned`, `${pathOf(0)}.swap`),
        () => move(world, 4, 'deleted'),
        () => move(world, 0, 'deleted'),
        () => world.disk.rename(`${pathOf(0)}.swap`, pathOf(0)),
      ];
      let calls = 0;
      const disk = whenever(world, ['open', 'readdir', 'stat'], async () => {
        const at = calls++ - from;
        if (at >= 0 && at % every === 0) await steps.shift()?.();
      });
      const { findings, end } = await scrubFolder(disk, folderOf());
      expect({ findings, end }, `from call ${from}, each ${every}`).toMatchObject({
        findings: [],
        end: { offset: 12 },
      });
    }
  });

  test('is damage where the next open cannot finish it: no segment begins where it ends', async () => {
    const world = await swapOfTwo();
    await world.disk.unlink(pathOf(8));
    for (const base of [4, 0]) await move(world, base, 'deleted');
    expect((await scrubFolder(world.disk, folderOf())).findings).toEqual([
      {
        path: `${pathOf(0)}.swap`,
        position: 8 * SIZE,
        offset: 8,
        problem: 'it ends at offset 8, where no segment begins; this compaction cannot be finished',
      },
    ]);
  });

  test.each([
    ['a record', 5 * SIZE + 70, 5 * SIZE],
    ['a base offset', 6 * SIZE + 7, 7 * SIZE],
    ['the last base offset', 7 * SIZE + 7, 8 * SIZE],
    ['a format byte', 7 * SIZE + 16, 7 * SIZE],
  ])('is damage where %s of it has changed', async (_, at, position) => {
    const world = await swapOfTwo();
    const file = world.disk.openSync(`${pathOf(0)}.swap`, 'write');
    file.writevSync([Buffer.from([9])], at);
    await file.close();
    expect((await scrubFolder(world.disk, folderOf())).findings).toMatchObject([
      { path: `${pathOf(0)}.swap`, position },
    ]);
  });
});

test('below a log start that the catalog knows nothing is missed', async () => {
  const { world } = await threeSegments();
  await world.disk.unlink(pathOf(4));
  expect((await scrubFolder(world.disk, folderOf(), 8)).findings).toEqual([]);
  expect((await scrubFolder(world.disk, folderOf(), 7)).findings).toHaveLength(1);
});

describe('damage is named with file, byte and offset, and the rest is read', () => {
  test.each([
    ['a record', 4, SIZE + 70, 5, 'the checksum of a batch', 11],
    ['a format byte', 0, 2 * SIZE + 16, 2, '(magic 1); reads go on at offset 4', 10],
    ['a base offset', 4, SIZE + 7, 5, 'its offsets are not above', 11],
  ])('%s', async (_, base, at, offset, problem, whole) => {
    const { world } = await threeSegments();
    await write(world, base, at, [1]);
    const { batches, findings } = await scrubFolder(world.disk, folderOf());
    expect(findings).toEqual([
      {
        path: pathOf(base),
        position: at - (at % SIZE),
        offset,
        problem: expect.stringContaining(problem),
      },
    ]);
    expect(batches).toBe(whole);
  });

  test('the base offset of the last batch of a segment, which the next one bounds', async () => {
    const { world } = await threeSegments();
    await write(world, 4, 3 * SIZE + 7, [9]);
    const { findings } = await scrubFolder(world.disk, folderOf());
    expect(findings).toMatchObject([{ problem: 'a batch ends within the next segment' }]);
  });
});

test('a segment that is cut is a finding, one that is deleted meanwhile is none', async () => {
  const { world, log } = await threeSegments();
  const file = world.disk.openSync(pathOf(0), 'write');
  file.truncateSync(2 * SIZE + 5);
  await file.close();
  const { findings } = await scrubFolder(world.disk, folderOf());
  expect(findings).toMatchObject([{ path: pathOf(0), position: 2 * SIZE, offset: 2 }]);
  let isFirst = true;
  const disk = whenever(world, ['open'], async () => {
    if (isFirst) await log.deleteBefore(4);
    isFirst = false;
  });
  expect(await scrubFolder(disk, folderOf())).toMatchObject({ segments: 2, findings: [] });
});
