import { expect, test } from 'vitest';
import { MemoryCatalog } from '../../../engine/catalog/memory-catalog.js';
import {
  type Engine,
  ManualClock,
  noLocker,
  openEngine,
  seededRandom,
} from '../../../engine/index.js';
import { createInlineRunner } from '../../../engine/maintenance/inline-runner.js';
import { batchOf, readValues, turns } from '../../support/batches.js';
import { restingClock } from '../../support/resting-clock.js';
import { SimDisk } from '../../support/sim-disk.js';
import { partition, settings } from '../../support/sim-engine.js';

/** A disk with catalogs on it, by their paths. */
interface Machine {
  readonly disk: SimDisk;
  readonly catalogs: Map<string, MemoryCatalog>;
}

function open(machine: Machine, path: string): Promise<Engine> {
  const { disk, catalogs } = machine;
  return openEngine(path, {
    disk,
    clock: new ManualClock(),
    random: seededRandom(1),
    jobs: createInlineRunner(disk, restingClock().resting),
    locker: noLocker,
    openCatalog: async (at) => {
      const catalog = catalogs.get(at)?.crash(1000) ?? new MemoryCatalog();
      catalogs.set(at, catalog);
      return catalog;
    },
  });
}

async function filled(count: number) {
  const machine: Machine = { disk: new SimDisk(), catalogs: new Map() };
  const engine = await open(machine, '/data');
  const log = await engine.openPartition(partition(), settings({ segmentBytes: 250 }));
  for (let at = 0; at < count; at++) await log.append(batchOf(`value ${at}`));
  return { machine, engine, log };
}

const values = (end: number): string[] => Array.from({ length: end }, (_, at) => `value ${at}`);

test('a disk that fills up during a backup leaves nothing of it, and the logs go on', async () => {
  let failures = 0;
  for (let room = 0; room < 900; room += 37) {
    const { machine, engine, log } = await filled(12);
    const { disk } = machine;
    const { totalBytes, freeBytes } = await disk.space('/');
    expect(totalBytes).toBe(freeBytes);
    disk.capacity = (await usedBytes(disk)) + room;
    const outcome = await engine.backup('/copy').then(
      () => 'made',
      (error: { code: string }) => error.code,
    );
    disk.capacity = Number.POSITIVE_INFINITY;
    const names = await disk.readdir('/');
    if (outcome === 'made') expect(names.sort()).toEqual(['copy', 'data']);
    else {
      failures++;
      expect([outcome, names]).toEqual(['STORAGE_FULL', ['data']]);
    }
    await log.append(batchOf('value 12'));
    expect([...(await readValues(log)).values()]).toEqual(values(13));
  }
  expect(failures).toBeGreaterThan(3);
});

test.each(['EIO', 'EMFILE'])(
  'a disk that answers %s is told, and only the backup fails',
  async (code) => {
    for (const op of ['link', 'mkdir', 'open', 'writev', 'rename', 'syncFileSystem'] as const) {
      const { machine, engine, log } = await filled(8);
      machine.disk.failNext({ op, path: op === 'link' ? /log$/ : /copy|partial/, code });
      await expect(engine.backup('/copy'), op).rejects.toMatchObject({ code: 'BACKUP_FAILED' });
      expect(await machine.disk.readdir('/')).toEqual(['data']);
      await log.append(batchOf('value 8'));
      expect([...(await readValues(log)).values()]).toEqual(values(9));
    }
  },
);

test('after a power cut at any moment a backup is whole under its name, or not there', async () => {
  const seen = new Set<string>();
  for (let turn = 0; turn < 120; turn++) {
    const { machine, engine } = await filled(6);
    engine.backup('/copy').catch(() => {});
    await turns(turn * 2);
    const disk = machine.disk.powerCut(turn % 2 === 0 ? 'strict' : seededRandom(turn));
    machine.disk.halt();
    const next: Machine = { disk, catalogs: machine.catalogs };
    const isThere = (await disk.stat('/copy')) !== null;
    seen.add(isThere ? 'there' : 'not there');
    for (const path of isThere ? ['/data', '/copy'] : ['/data']) {
      const log = await (await open(next, path)).openPartition(
        partition(),
        settings({ segmentBytes: 250 }),
      );
      expect([...(await readValues(log)).values()], path).toEqual(values(6));
      await log.append(batchOf('value 6'));
    }
    expect((await disk.readdir('/data')).some((name) => name.endsWith('.partial'))).toBe(false);
  }
  expect([...seen].sort()).toEqual(['not there', 'there']);
});

async function usedBytes(disk: SimDisk, folder = '/'): Promise<number> {
  let bytes = 0;
  for (const name of await disk.readdir(folder)) {
    const path = `${folder === '/' ? '' : folder}/${name}`;
    const { size, isDirectory } = (await disk.stat(path))!;
    bytes += isDirectory ? await usedBytes(disk, path) : size;
  }
  return bytes;
}
