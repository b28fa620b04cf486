import { describe, expect, test } from 'vitest';
import type { Disk, DiskFile } from '../../engine/disk/disk.js';
import { seededRandom } from '../../engine/index.js';
import { type SeenAcknowledgement, unprovenAcknowledgements } from '../support/ack-proof.js';
import { batchOf, turns } from '../support/batches.js';
import { forwarding, forwardingFile } from '../support/forwarding-disk.js';
import type { SimDisk } from '../support/sim-disk.js';
import {
  folderOf,
  newWorld,
  openLog,
  openWorld,
  partition,
  type SimWorld,
} from '../support/sim-engine.js';

const PARTITIONS = 9;
const STEPS = 60;

interface Run {
  readonly world: SimWorld;
  readonly seen: SeenAcknowledgement[];
  readonly descriptorNumbersReused: boolean;
  readonly rolls: number;
}

/**
 * Appends to many partitions at random, with rolls, few descriptors, and operations that complete
 * in random order.
 */
async function underLoad(
  seed: number,
  options: { syncFileSystem: boolean; wrap?: (disk: SimDisk) => Disk },
): Promise<Run> {
  const random = seededRandom(seed);
  const world = newWorld({
    random: seededRandom(seed + 1000),
    syncFileSystem: options.syncFileSystem,
  });
  const { disk } = world;
  const engine = await openWorld(world, {
    descriptorsOpenMax: 2 + (seed % 3),
    ...(options.wrap ? { wrap: options.wrap } : {}),
  });
  const logs = await Promise.all(
    Array.from({ length: PARTITIONS }, (_, number) =>
      openLog(engine, { segmentBytes: 700 }, partition(number)),
    ),
  );
  const seen: SeenAcknowledgement[] = [];
  const appends: Promise<void>[] = [];
  for (let step = 0; step < STEPS; step++) {
    const count = 1 + Math.floor(random.next() * 4);
    for (let at = 0; at < count; at++) {
      const number = Math.floor(random.next() * PARTITIONS);
      const values = Array.from({ length: 1 + Math.floor(random.next() * 3) }, () => `v${step}`);
      const folder = folderOf(partition(number));
      appends.push(
        logs[number]!.append(batchOf(values)).then(({ baseOffset, lastOffset }) => {
          seen.push({ folder, baseOffset, lastOffset, sequence: disk.mark('acknowledged') });
        }),
      );
    }
    await turns(Math.floor(random.next() * 6));
  }
  await Promise.all(appends);
  const closes = disk.journal.filter((entry) => entry.kind === 'close').length;
  return {
    world,
    seen,
    descriptorNumbersReused: closes > 0,
    rolls: engine.counters.segmentsRolled,
  };
}

const MUTATIONS = {
  'drops every sync': (disk: SimDisk): Disk => ({
    ...mutated(disk, (file) => ({ ...forwardingFile(file), datasync: nothing })),
    syncFileSystem: disk.syncFileSystem && nothing,
  }),
  'drops one sync in ten': (disk: SimDisk): Disk => {
    let count = 0;
    const isDropped = (): boolean => ++count % 10 === 0;
    const { syncFileSystem } = disk;
    return {
      ...mutated(disk, (file) => ({
        ...forwardingFile(file),
        datasync: () => (isDropped() ? nothing() : file.datasync()),
      })),
      syncFileSystem:
        syncFileSystem && ((root) => (isDropped() ? nothing() : syncFileSystem(root))),
    };
  },
  'aims every sync at another file': (disk: SimDisk): Disk => {
    const other = disk.openSync('/other', 'create');
    return {
      ...mutated(disk, (file) => ({ ...forwardingFile(file), datasync: () => other.datasync() })),
      syncFileSystem: disk.syncFileSystem && (() => other.datasync()),
    };
  },
  'submits each sync before the write': (disk: SimDisk): Disk => {
    const { syncFileSystem } = disk;
    let early: Promise<void> = nothing();
    return {
      ...mutated(disk, (file) => {
        let earlyHere: Promise<void> = nothing();
        return {
          ...forwardingFile(file),
          writevSync: (buffers, position) => {
            earlyHere = file.datasync().catch(() => {});
            early = syncFileSystem?.('/data') ?? nothing();
            file.writevSync(buffers, position);
          },
          datasync: () => earlyHere,
        };
      }),
      syncFileSystem: syncFileSystem && (() => early),
    };
  },
  'drops the sync of every folder': (disk: SimDisk): Disk => ({
    ...forwarding(disk),
    syncDirectory: nothing,
    syncFileSystem: undefined,
  }),
} satisfies Record<string, (disk: SimDisk) => Disk>;

async function nothing(): Promise<void> {
  await turns();
}

/** The disk with its opened files passed through `change`. */
function mutated(disk: SimDisk, change: (file: DiskFile) => DiskFile): Disk {
  return {
    ...forwarding(disk),
    openSync: (path, mode) => change(disk.openSync(path, mode)),
    open: async (path, mode) => change(await disk.open(path, mode)),
  };
}

describe.each([
  ['a sync of each file', false],
  ['one sync of the file system where many files wait', true],
])('with %s', (_, syncFileSystem) => {
  test.each([1, 2, 3, 4, 5, 6])(
    'every acknowledgement comes after a sync of its file and its names, seed %i',
    async (seed) => {
      const run = await underLoad(seed, { syncFileSystem });
      expect(await unprovenAcknowledgements(run.world.disk, run.seen)).toEqual([]);
      expect(run.seen.length).toBeGreaterThan(STEPS);
      expect(run.rolls).toBeGreaterThan(PARTITIONS);
      expect(run.descriptorNumbersReused).toBe(true);
    },
  );

  test.each(Object.keys(MUTATIONS) as (keyof typeof MUTATIONS)[])(
    'the same proof fails on a disk that %s',
    async (mutation) => {
      const run = await underLoad(1, { syncFileSystem, wrap: MUTATIONS[mutation] });
      expect(await unprovenAcknowledgements(run.world.disk, run.seen)).not.toEqual([]);
    },
  );
});
