import { expect, test } from 'vitest';
import type { Disk } from '../../engine/disk/disk.js';
import { batchOf } from '../support/batches.js';
import { forwarding, forwardingFile } from '../support/forwarding-disk.js';
import type { SimDisk } from '../support/sim-disk.js';
import { killProcess, newWorld, openLog, openWorld, partition } from '../support/sim-engine.js';

const MIB = 2 ** 20;
const SETTINGS = { fileDeleteDelayMs: 1000, segmentBytes: 100 * MIB };

const SEGMENT = /\.log(\.deleted)?$/;

/** Where files larger than a piece are cut before they go, in MiB, and which go. */
function watched(): { wrap: (disk: SimDisk) => Disk; seen: string[] } {
  const seen: string[] = [];
  const wrap = (sim: SimDisk): Disk => ({
    ...forwarding(sim),
    open: async (path, mode) => {
      const file = await sim.open(path, mode);
      if (!SEGMENT.test(path)) return file;
      const truncate = async (size: number): Promise<void> => {
        seen.push(`cut ${path.split('/').at(-1)} to ${size / MIB}`);
        await file.truncate(size);
      };
      return { ...forwardingFile(file), truncate };
    },
    unlink: async (path) => {
      if (SEGMENT.test(path)) seen.push(`unlink ${path.split('/').at(-1)}`);
      await sim.unlink(path);
    },
  });
  return { wrap, seen };
}

/** A log whose first segment has 9 MB. */
async function largeLog(world: ReturnType<typeof newWorld>, wrap?: (disk: SimDisk) => Disk) {
  const engine = await openWorld(world, wrap ? { wrap } : {});
  const log = await openLog(engine, SETTINGS);
  const value = 'x'.repeat(1_000_000);
  for (let at = 0; at < 9; at++) await log.append(batchOf(value));
  return { engine, log };
}

const LOG = '00000000000000000000.log';

test('the files of a deleted partition are cut down piece by piece before they go', async () => {
  const { wrap, seen } = watched();
  const world = newWorld();
  const { engine } = await largeLog(world, wrap);
  await engine.deletePartition(partition());
  expect(seen).toEqual([]);
  world.clock.advance(SETTINGS.fileDeleteDelayMs);
  await expect.poll(() => seen).toEqual([`cut ${LOG} to 8`, `cut ${LOG} to 4`, `unlink ${LOG}`]);
});

test('those of a partition that a crash kept from going are cut down at the next start', async () => {
  const world = newWorld();
  const { engine } = await largeLog(world);
  await engine.deletePartition(partition());
  const { wrap, seen } = watched();
  await openWorld(killProcess(world), { wrap });
  await expect.poll(() => seen).toEqual([`cut ${LOG} to 8`, `cut ${LOG} to 4`, `unlink ${LOG}`]);
});

test('a deleted segment that a crash left is cut down when its log is opened', async () => {
  const world = newWorld();
  const { log } = await largeLog(world);
  await log.maintenance.roll();
  await log.append(batchOf('kept'));
  await log.deleteBefore(9);
  await expect.poll(() => world.disk.readdir('/data/events-0')).toContain(`${LOG}.deleted`);
  const { wrap, seen } = watched();
  const again = await openLog(await openWorld(killProcess(world), { wrap }), SETTINGS);
  expect(again.logStartOffset).toBe(9);
  const deleted = `${LOG}.deleted`;
  await expect
    .poll(() => seen)
    .toEqual([`cut ${deleted} to 8`, `cut ${deleted} to 4`, `unlink ${deleted}`]);
});
