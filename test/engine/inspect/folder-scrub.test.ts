import { describe, expect, test } from 'vitest';
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
    if (n > 0 && n % 4 === 0) await log.roll();
    await log.append(batchOf('value'));
  }
  return { world, log };
}

async function write(world: SimWorld, base: number, at: number, bytes: number[]): Promise<void> {
  const file = world.disk.openSync(pathOf(base), 'write');
  file.writevSync([Buffer.from(bytes)], at);
  await file.close();
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

test('a segment that is missing between two is a finding', async () => {
  const { world } = await threeSegments();
  await world.disk.unlink(pathOf(4));
  const { findings } = await scrubFolder(world.disk, folderOf());
  const problem = 'a segment is missing; reads go on at offset 8';
  expect(findings).toEqual([{ path: pathOf(0), position: 4 * SIZE, offset: 4, problem }]);
});

test('what a compaction is about to put in the place of segments is not missed', async () => {
  const { world } = await threeSegments();
  await world.disk.rename(pathOf(4), `${pathOf(4)}.swap`);
  expect(await scrubFolder(world.disk, folderOf())).toMatchObject({ segments: 2, findings: [] });
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
  const disk = new Proxy(world.disk, {
    get: (target, key) => {
      if (key !== 'open') {
        const value = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return async (...args: Parameters<typeof target.open>) => {
        if (isFirst) await log.deleteBefore(4);
        isFirst = false;
        return target.open(...args);
      };
    },
  });
  expect(await scrubFolder(disk, folderOf())).toMatchObject({ segments: 2, findings: [] });
});
