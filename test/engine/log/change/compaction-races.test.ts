import { expect, test } from 'vitest';
import { MemoryCatalog } from '../../../../engine/catalog/memory-catalog.js';
import type { Disk } from '../../../../engine/disk/disk.js';
import { EngineError } from '../../../../engine/errors.js';
import type { Engine, LogSettings } from '../../../../engine/index.js';
import type { Log } from '../../../../engine/log/log.js';
import { forwarding, forwardingFile } from '../../../support/forwarding-disk.js';
import { type KeyedInput, keyedBatch, readRecordsOf } from '../../../support/keyed.js';
import type { SimDisk } from '../../../support/sim-disk.js';
import {
  folderOf,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  partition,
  type SimWorld,
} from '../../../support/sim-engine.js';

interface Opened {
  readonly engine: Engine;
  readonly log: Log;
}

async function open(
  world: SimWorld,
  settings: Partial<LogSettings> = {},
  wrap?: (disk: SimDisk) => Disk,
): Promise<Opened> {
  const engine = await openWorld(world, wrap ? { wrap } : {});
  return { engine, log: (await openLog(engine, { segmentBytes: 400, ...settings })) as Log };
}

/** Appends a batch of each, and rolls: what is there can be compacted. */
async function fill(
  log: Log,
  batches: readonly (readonly KeyedInput[])[],
  timestamp = 1000,
): Promise<void> {
  for (const records of batches) await log.append(await keyedBatch(records, { timestamp }));
  await log.maintenance.roll();
}

async function shown(log: Log): Promise<string[]> {
  const records = await readRecordsOf(log);
  return records.map(({ offset, key, value }) => `${offset}:${key}=${value}`);
}

/** Something waits here until it is let go. */
function gate() {
  let open = (): void => {};
  let reach = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  return {
    open,
    reached,
    async wait(): Promise<void> {
      reach();
      await opened;
    },
  };
}

async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test('the largest timestamp is found although segments become one while it is looked for', async () => {
  const world = newWorld();
  const reading = gate();
  let isHeld = false;
  const { log } = await open(world, {}, (disk) => ({
    ...forwarding(disk),
    openSync: (path, mode) => {
      const file = disk.openSync(path, mode);
      const read = async (into: Uint8Array, position: number): Promise<number> => {
        if (isHeld) await reading.wait();
        return file.read(into, position);
      };
      return { ...forwardingFile(file), read };
    },
  }));
  await fill(
    log,
    [
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    1000,
  );
  await fill(log, [[['c', '3']]], 3000);
  await log.append(await keyedBatch([['d', '4']], { timestamp: 2000 }));
  // The records of the first batch have to be looked at.
  await log.deleteBefore(1);
  isHeld = true;
  const looking = log.offsetOfLargestTimestamp();
  await reading.reached;
  isHeld = false;
  await log.maintenance.compact();
  expect(log.state.segments.count).toBe(2);
  reading.open();
  expect(await looking).toMatchObject({ offset: 2, timestampMs: 3000 });
});

test('what looks into a segment that was replaced reads no index file: it is of another segment', async () => {
  const world = newWorld();
  const read: string[] = [];
  const { log } = await open(world, { segmentBytes: 2000, indexIntervalBytes: 100 }, (disk) => ({
    ...forwarding(disk),
    readFileSync: (path) => {
      read.push(path);
      return disk.readFileSync(path);
    },
  }));
  await fill(
    log,
    Array.from({ length: 20 }, (_, at) => [[`k${at % 3}`, `${at}`]] as const),
  );
  const old = log.state.segments.first!;
  await log.maintenance.compact();
  expect(old.isRetired).toBe(true);
  read.length = 0;
  log.state.context.indexCache.of(old, 100);
  expect(read).toEqual([]);
});

test('a deletion waits for the job of a compaction, whatever the job is doing: its paths may soon be of another log', async () => {
  const world = newWorld();
  const { engine, log } = await open(world);
  await fill(log, [[['k', '1']], [['k', '2']]]);
  const held = gate();
  const run = log.state.context.jobs.run.bind(log.state.context.jobs);
  log.state.context.jobs.run = async (name, input) => {
    await held.wait();
    return run(name, input);
  };
  const compacting = log.maintenance.compact();
  compacting.catch(() => {});
  await held.reached;
  let isDeleted = false;
  const deleting = engine.deletePartition(partition()).then(() => {
    isDeleted = true;
  });
  await turns();
  expect(isDeleted).toBe(false);
  expect(await world.disk.readdir(folderOf())).not.toEqual([]);
  held.open();
  await deleting;
  await expect(compacting).rejects.toMatchObject({ code: 'LOG_CLOSED' });
});

test('a log is open only when what a compaction has left unfinished is gone', async () => {
  const world = newWorld();
  const { log } = await open(world);
  await fill(log, [[['k', '1']], [['k', '2']]]);
  const next = killProcess(world);
  next.disk.openSync(`${folderOf()}/00000000000000000000.log.cleaned`, 'create');
  const held = gate();
  let isOpen = false;
  const opening = open(next, {}, (disk) => ({
    ...forwarding(disk),
    unlink: async (path) => {
      await held.wait();
      return disk.unlink(path);
    },
  })).then((opened) => {
    isOpen = true;
    return opened;
  });
  await held.reached;
  await turns();
  expect(isOpen).toBe(false);
  held.open();
  const { log: again } = await opening;
  await again.maintenance.compact();
  expect(await shown(again)).toEqual(['1:k=2']);
});

test('what a checkpoint lies behind is compacted, although no further one can be written', async () => {
  const world = newWorld();
  let isFull = false;
  const { catalog } = world;
  const write = catalog.write.bind(catalog);
  catalog.write = (changes) =>
    isFull ? Promise.reject(new EngineError('STORAGE_FULL', 'no room')) : write(changes);
  const { log } = await open(world);
  await fill(log, [[['k', '1']], [['k', '2']]]);
  await log.state.context.checkpoints.run();
  expect(log.state.durability.checkpoint.segmentBase).toBe(2);
  // As an earlier compaction has.
  await log.state.durability.marks.takesGap();
  isFull = true;
  await fill(log, [[['k', '3']], [['k', '4']]]);
  // How far it came cannot be written down either.
  await expect(log.maintenance.compact()).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  expect(await shown(log)).toEqual(['1:k=2', '2:k=3', '3:k=4']);
});

test('a truncation to an offset that is gone ends the log behind the batch before it, and it opens without its catalog', async () => {
  const world = newWorld();
  const { log } = await open(world, { segmentBytes: 1e6 });
  await fill(log, [[['a', '1']], [['k', '1']], [['k', '2']], [['k', '3']], [['b', '1']]]);
  await log.maintenance.compact();
  expect(await shown(log)).toEqual(['0:a=1', '3:k=3', '4:b=1']);
  await log.truncateTo(2, { evenCommitted: true });
  expect(log.logEndOffset).toBe(1);
  await fill(log, [[['c', '1']]]);
  await fill(log, [[['d', '1']]]);
  const left = ['0:a=1', '1:c=1', '2:d=1'];
  expect(await shown(log)).toEqual(left);
  await log.flush();
  const { log: again } = await open({ ...killProcess(world), catalog: new MemoryCatalog() });
  expect(await shown(again)).toEqual(left);
});

test('a truncation to an offset that is gone from the beginning of a segment leaves that segment empty, where it begins', async () => {
  const world = newWorld();
  const { log } = await open(world, { segmentBytes: 100 });
  await fill(log, [[['a', '1']]]);
  await fill(log, [
    [
      ['k', '1'],
      ['x', '2'],
    ],
  ]);
  await fill(log, [[['k', '3']]]);
  await fill(log, [[['x', '4']]]);
  await log.maintenance.compact();
  expect(await shown(log)).toEqual(['0:a=1', '3:k=3', '4:x=4']);
  await log.truncateTo(2, { evenCommitted: true });
  expect(log.logEndOffset).toBeLessThanOrEqual(2);
  await fill(log, [[['c', '1']]]);
  expect((await shown(log)).map((text) => text.replace(/^\d+:/, ''))).toEqual(['a=1', 'c=1']);
  await log.flush();
  const { log: again } = await open({ ...killProcess(world), catalog: new MemoryCatalog() });
  expect((await shown(again)).map((text) => text.replace(/^\d+:/, ''))).toEqual(['a=1', 'c=1']);
});

test.each([Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER, 2 ** 52])(
  'tombstones that stay for %d ms stay, and compaction goes on',
  async (deleteRetentionMs) => {
    const world = newWorld();
    const { log } = await open(world, { deleteRetentionMs });
    await fill(log, [[['k', '1']], [['k', null]], [['x', '1']], [['x', '2']]]);
    await log.maintenance.compact();
    const left = ['1:k=null', '3:x=2'];
    expect(await shown(log)).toEqual(left);
    world.clock.advance(1e12);
    await fill(log, [[['x', '3']]]);
    await log.maintenance.compact();
    expect(await shown(log)).toEqual(['1:k=null', '4:x=3']);
  },
);
