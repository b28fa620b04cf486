import { describe, expect, test } from 'vitest';
import { baseOffset, batchSize, lastOffset } from '../../engine/batch/header.js';
import { systemClock } from '../../engine/clock.js';
import { readBatchBytes, storedBatches } from '../../engine/embedded/stored-batches.js';
import type { Engine } from '../../engine/engine.js';
import type { LogSettings } from '../../engine/index.js';
import { checkpointKey } from '../../engine/log/durability/log-records.js';
import type { Log } from '../../engine/log/log.js';
import { TurnSlices } from '../../engine/turn-slices.js';
import { batchOf, readValues } from '../support/batches.js';
import { keyedBatch, readRecordsOf } from '../support/keyed.js';
import {
  cutPower,
  folderOf,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  partition,
  type SimWorld,
  stopCleanly,
} from '../support/sim-engine.js';

/** What a batch's checksum leaves out: 64 bits of base offset, then 32 of the epoch. */
const BASE_OFFSET_BITS = Array.from({ length: 64 }, (_, bit) => bit);
const EPOCH_BITS = Array.from({ length: 32 }, (_, bit) => 96 + bit);

const SETTINGS = { segmentBytes: 900, indexIntervalBytes: 200 } as const;

async function open(engine: Engine, overrides: Partial<LogSettings> = {}): Promise<Log> {
  return (await openLog(engine, { ...SETTINGS, ...overrides })) as Log;
}

async function segmentsIn(world: SimWorld): Promise<string[]> {
  const names = await world.disk.readdir(folderOf());
  return names
    .filter((name) => name.endsWith('.log'))
    .sort()
    .map((name) => `${folderOf()}/${name}`);
}

/** The same directory, for another process. */
function copyOf({ disk, catalog, clock }: SimWorld): SimWorld {
  return { disk: disk.kill(), catalog: catalog.crash(), clock };
}

function positionsIn(bytes: Buffer): number[] {
  const positions: number[] = [];
  for (let at = 0; at < bytes.length; at += batchSize(bytes, at)) positions.push(at);
  return positions;
}

function flip(world: SimWorld, path: string, position: number, bit: number): void {
  const at = position + (bit >> 3);
  const byte = world.disk.readFileSync(path)[at]!;
  world.disk.openSync(path, 'write').writevSync([Buffer.of(byte ^ (0x80 >> (bit & 7)))], at);
}

/** The same files, moved into a directory that knows nothing of them. */
async function withoutCatalog(world: SimWorld): Promise<SimWorld> {
  const keys = [...world.catalog.range([])].map(({ key }) => key);
  await world.catalog.write(keys.map((key) => ({ key, value: undefined })));
  return world;
}

/**
 * What each offset is answered with, one batch at a time: the offsets of the batch, or the code of
 * the error.
 */
function answers(log: Log): string[] {
  return Array.from({ length: log.logEndOffset }, (_, offset) => {
    try {
      const request = { offset, maxBytes: 1, minOneBatch: true, includeEmpty: true } as const;
      const { slice } = log.read({ ...request, isolation: 'log-end' });
      const header = Buffer.alloc(61);
      slice!.readSync(header, 0);
      slice!.release();
      return `${baseOffset(header)}-${lastOffset(header)}`;
    } catch (error) {
      return (error as { code: string }).code;
    }
  });
}

/** All records, as a program or a group reads them, and what ended the reading. */
async function unpacked(log: Log): Promise<{ values: string[]; code: string | null }> {
  const values: string[] = [];
  const slices = new TurnSlices(systemClock);
  try {
    for (let offset = 0; offset < log.logEndOffset; ) {
      const bytes = await readBatchBytes(log, offset, 100_000);
      for await (const batch of storedBatches(bytes!, offset, slices, log)) {
        for (const { value } of batch.records) values.push(String(value));
        offset = batch.nextOffset;
      }
      if (values.length > 100) return { values, code: 'no end' };
    }
    return { values, code: null };
  } catch (error) {
    return { values, code: (error as { code: string }).code };
  }
}

/** Thirty batches of two records each, stopped cleanly. */
async function filled(): Promise<SimWorld> {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await open(engine);
  for (let at = 0; at < 30; at++) await log.append(batchOf([`a ${at}`, `b ${at}`]));
  return stopCleanly(world, engine);
}

describe('in a log that was never compacted', () => {
  test('no flipped base offset and no flipped epoch is served, wherever it is', async () => {
    const world = await filled();
    const sound = answers(await open(await openWorld(world)));
    for (const path of (await segmentsIn(world)).slice(0, 2)) {
      for (const position of positionsIn(world.disk.readFileSync(path))) {
        for (const bit of [0, 1, 20, 31, 40, 55, 61, 62, 63, 96, 110, 126, 127]) {
          const flipped = copyOf(world);
          flip(flipped, path, position, bit);
          const served = answers(await open(await openWorld(flipped)));
          const where = `bit ${bit} at ${position} of ${path}`;
          const bad = baseOffset(world.disk.readFileSync(path), position);
          expect(served[bad], where).toBe('CORRUPT_BATCH');
          for (const [offset, answer] of served.entries())
            expect([sound[offset], 'CORRUPT_BATCH'], where).toContain(answer);
        }
      }
    }
  }, 60_000);

  test('a slice ends before one that it looks at', async () => {
    const world = await filled();
    const [path] = await segmentsIn(world);
    const positions = positionsIn(world.disk.readFileSync(path!));
    // None that the index leads to.
    flip(world, path!, positions[4]!, 62);
    const log = await open(await openWorld(world));
    const { slice } = log.read({
      offset: 0,
      maxBytes: positions[5]! + 1,
      minOneBatch: true,
      isolation: 'log-end',
    });
    expect(slice!.size).toBe(positions[4]!);
    slice!.release();
  });

  test('a reader that unpacks a slice gets no record at another offset, and no record twice', async () => {
    const world = await filled();
    const [path] = await segmentsIn(world);
    const position = positionsIn(world.disk.readFileSync(path!))[4]!;
    for (const bit of BASE_OFFSET_BITS) {
      const flipped = copyOf(world);
      flip(flipped, path!, position, bit);
      const log = await open(await openWorld(flipped));
      const { values, code } = await unpacked(log);
      const wanted = Array.from({ length: 8 }, (_, at) => `${'ab'[at % 2]} ${at >> 1}`);
      expect({ values, code }, `bit ${bit}`).toEqual({ values: wanted, code: 'CORRUPT_BATCH' });
    }
  }, 60_000);

  test('a scrub finds each bit', async () => {
    const world = await filled();
    const [, path] = await segmentsIn(world);
    const [, position] = positionsIn(world.disk.readFileSync(path!));
    for (const bit of [...BASE_OFFSET_BITS, ...EPOCH_BITS]) {
      flip(world, path!, position!, bit);
      const { damaged } = await (await open(await openWorld(world))).maintenance.scrub();
      expect(damaged, `bit ${bit}`).toMatchObject({ path, position });
      flip(world, path!, position!, bit);
    }
    expect((await (await open(await openWorld(world))).maintenance.scrub()).damaged).toBeNull();
  }, 60_000);

  test('one in the last batch behind the checkpoint is damage, not a gap', async () => {
    for (const bit of BASE_OFFSET_BITS) {
      const world = await filled();
      await (await open(await openWorld(world))).append(batchOf('last'));
      const found = killProcess(world);
      const path = (await segmentsIn(found)).at(-1)!;
      flip(found, path, positionsIn(found.disk.readFileSync(path)).at(-1)!, bit);
      const opening = open(await openWorld(found));
      await expect(opening, `bit ${bit}`).rejects.toMatchObject({ code: 'DAMAGED_LOG' });
    }
  }, 60_000);

  test('an epoch that goes back behind the checkpoint is damage', async () => {
    const world = await filled();
    await openWorld(world);
    const killed = killProcess(world);
    const log = await open(await openWorld(killed));
    await log.append(batchOf('of epoch 1'));
    await log.append(batchOf('of epoch 1, too'));
    const found = killProcess(killed);
    const path = (await segmentsIn(found)).at(-1)!;
    const last = positionsIn(found.disk.readFileSync(path)).at(-1)!;
    flip(found, path, last, 127);
    await expect(open(await openWorld(found))).rejects.toMatchObject({ code: 'DAMAGED_LOG' });
  });

  test('an epoch that no leader has is damage at the start, without a catalog too', async () => {
    for (const bit of [96, 97, 127]) {
      const found = await withoutCatalog(await filled());
      const path = (await segmentsIn(found))[0]!;
      const position = positionsIn(found.disk.readFileSync(path))[1]!;
      flip(found, path, position, 96);
      if (bit !== 96) flip(found, path, position, bit);
      const opening = open(await openWorld(found));
      await expect(opening, `bit ${bit}`).rejects.toMatchObject({ code: 'DAMAGED_LOG' });
    }
  });

  test('an offset behind all is damage at the start, without a catalog too', async () => {
    // The batch has two.
    for (const base of [(1n << 53n) - 1n, (1n << 53n) - 2n]) {
      const found = await withoutCatalog(await filled());
      const path = (await segmentsIn(found)).at(-1)!;
      const bytes = found.disk.readFileSync(path);
      bytes.writeBigInt64BE(base, positionsIn(bytes).at(-1)!);
      found.disk.openSync(path, 'write').writevSync([bytes], 0);
      const opening = open(await openWorld(found));
      await expect(opening, `offset ${base}`).rejects.toMatchObject({ code: 'DAMAGED_LOG' });
    }
  });

  test('one does not make a compaction take the records of its keys for overwritten', async () => {
    for (const bit of BASE_OFFSET_BITS) {
      const world = newWorld();
      const engine = await openWorld(world);
      const log = await open(engine);
      await log.append(await keyedBatch([['k', 'old']]));
      await log.maintenance.roll();
      await log.append(await keyedBatch([['k', 'new']]));
      await log.maintenance.roll();
      const next = await stopCleanly(world, engine);
      // The last batch of its segment: nothing behind it there shows where it ended.
      flip(next, (await segmentsIn(next))[0]!, 0, bit);
      const again = await open(await openWorld(next));
      await expect(again.maintenance.compact(), `bit ${bit}`).rejects.toMatchObject({
        code: 'CORRUPT_BATCH',
      });
      const [record] = await readRecordsFrom(again, 1);
      expect(record, `bit ${bit}`).toBe('new');
    }
  }, 60_000);
});

describe('a log whose epochs are those of another directory', () => {
  async function killed(world: SimWorld, times: number): Promise<SimWorld> {
    let found = world;
    for (let left = times; left > 0; left--) {
      await openWorld(found);
      found = killProcess(found);
    }
    return found;
  }

  /** Written in epoch 3, then moved to a directory of epochs below. */
  async function moved(): Promise<SimWorld> {
    const from = await killed(newWorld(), 3);
    await (await open(await openWorld(from))).append(batchOf('of epoch 3'));
    const to = newWorld();
    await openWorld(to);
    to.disk.mkdirSync(folderOf());
    const [path] = await segmentsIn(from);
    to.disk.openSync(path!, 'append').writevSync([from.disk.readFileSync(path!)], 0);
    return to;
  }

  test('takes appends in the lower epoch, which are read when that has passed them', async () => {
    let world = await moved();
    const engine = await openWorld(world);
    await (await open(engine)).append(batchOf('of epoch 0'));
    world = await stopCleanly(world, engine);
    world = await killed(world, 5);
    expect(answers(await open(await openWorld(world)))).toEqual(['0-0', '1-1']);
  });

  test('opens again when that has passed them and a tail is behind the checkpoint', async () => {
    let world = await moved();
    const engine = await openWorld(world);
    await open(engine);
    world = await stopCleanly(world, engine);
    world = await killed(world, 2);
    await (await open(await openWorld(world))).append(batchOf('of epoch 2'));
    world = killProcess(world);
    expect(answers(await open(await openWorld(world)))).toEqual(['0-0', '1-1']);
    expect(await values(await open(await openWorld(killProcess(world))))).toEqual([
      'of epoch 3',
      'of epoch 2',
    ]);
  });

  test('opens without its catalog too', async () => {
    let world = await moved();
    await (await open(await openWorld(world))).append(batchOf('of epoch 0'));
    world = await killed(await withoutCatalog(killProcess(world)), 5);
    expect(answers(await open(await openWorld(world)))).toEqual(['0-0', '1-1']);
  });
});

async function values(log: Log): Promise<string[]> {
  return [...(await readValues(log)).values()];
}

async function readRecordsFrom(log: Log, offset: number): Promise<string[]> {
  await log.deleteBefore(offset);
  return values(log);
}

describe('in a compacted log', () => {
  /** Offsets 0, 9, 19 … with what compaction has left between them. */
  async function compacted(): Promise<{ world: SimWorld; engine: Engine; log: Log }> {
    const world = newWorld();
    const engine = await openWorld(world);
    const log = await open(engine, { segmentBytes: 3000 });
    for (let at = 0; at < 60; at++) {
      await log.append(await keyedBatch([[at % 10 === 9 ? `kept ${at}` : 'k', `value ${at}`]]));
    }
    await log.maintenance.roll();
    await log.maintenance.compact();
    return { world, engine, log };
  }

  test('a flipped base offset that leaves the gap it stands in is not served', async () => {
    const { world, engine } = await compacted();
    const next = await stopCleanly(world, engine);
    const sound = answers(await open(await openWorld(next)));
    const path = (await segmentsIn(next))[0]!;
    let unseen = 0;
    for (const position of positionsIn(next.disk.readFileSync(path))) {
      for (const bit of BASE_OFFSET_BITS) {
        flip(next, path, position, bit);
        const served = answers(await open(await openWorld(copyOf(next))));
        flip(next, path, position, bit);
        const differs = served.filter(
          (answer, offset) => answer !== sound[offset] && answer !== 'CORRUPT_BATCH',
        );
        if (differs.length === 0) continue;
        unseen++;
        // By less than the gap is wide.
        expect(bit, `bit ${bit} at ${position}`).toBeGreaterThanOrEqual(64 - 6);
      }
    }
    expect(unseen).toBeGreaterThan(0);
  }, 120_000);

  test('that it is one is known before it has a gap, whatever happens then', async () => {
    const { world } = await compacted();
    // A power cut: the checkpoint, and what is known of how far it was compacted, may be older.
    const found = cutPower(world);
    const stored = found.catalog.get(checkpointKey(partition())) as Record<string, unknown>;
    await found.catalog.write([
      { key: checkpointKey(partition()), value: { ...stored, gapless: true } },
    ]);
    const log = await open(await openWorld(found), { segmentBytes: 3000 });
    expect(log.layout.hasGaps).toBe(true);
    expect((await readRecordsOf(log)).map(({ offset }) => offset)).toEqual([
      9, 19, 29, 39, 49, 58, 59,
    ]);
  });

  test('without a catalog its gaps are seen', async () => {
    const { world, engine } = await compacted();
    const next = await stopCleanly(world, engine);
    for (const { key } of [...next.catalog.range([])])
      await next.catalog.write([{ key, value: undefined }]);
    const log = await open(await openWorld(next), { segmentBytes: 3000 });
    expect(log.layout.hasGaps).toBe(true);
    expect((await readRecordsOf(log)).map(({ offset }) => offset)).toEqual([
      9, 19, 29, 39, 49, 58, 59,
    ]);
  });

  test('a .swap file whose last offset is wrong replaces nothing', async () => {
    const { world, engine } = await compacted();
    const next = await stopCleanly(world, engine);
    const paths = await segmentsIn(next);
    const [path] = paths;
    await next.disk.rename(path!, `${path}.swap`);
    const last = positionsIn(next.disk.readFileSync(`${path}.swap`)).at(-1)!;
    for (const bit of [20, 40, 60]) {
      const found = copyOf(next);
      flip(found, `${path}.swap`, last, bit);
      const before = (await found.disk.readdir(folderOf())).sort();
      await expect(open(await openWorld(found))).rejects.toMatchObject({ code: 'DAMAGED_LOG' });
      expect((await found.disk.readdir(folderOf())).sort()).toEqual(before);
    }
  });
});

describe('a gap that a leader has left', () => {
  test('is taken, and known durably before it is there', async () => {
    const world = newWorld();
    const log = await open(await openWorld(world));
    await log.append(batchOf('a', { baseOffset: 0 }), 'replica');
    expect(log.layout.hasGaps).toBe(false);
    await log.append(batchOf('b', { baseOffset: 7 }), 'replica');
    expect([log.layout.hasGaps, log.logEndOffset]).toEqual([true, 8]);
    await expect(log.append(batchOf('c', { baseOffset: 7 }), 'replica')).rejects.toMatchObject({
      code: 'UNEXPECTED_OFFSET',
    });
    const again = await open(await openWorld(cutPower(world)));
    expect([...(await readValues(again))]).toEqual([
      [0, 'a'],
      [7, 'b'],
    ]);
    expect(again.layout.hasGaps).toBe(true);
  });
});

test('a checkpoint of format version 1 says nothing of gaps: none is taken for damage', async () => {
  const { world } = await (async () => {
    const made = newWorld();
    const engine = await openWorld(made);
    const log = await open(engine);
    for (let at = 0; at < 12; at++) await log.append(await keyedBatch([['k', `${at}`]]));
    await log.maintenance.roll();
    await log.maintenance.compact();
    return { world: await stopCleanly(made, engine) };
  })();
  const stored = world.catalog.get(checkpointKey(partition())) as Record<string, unknown>;
  const { gapless: _, ...old } = stored;
  await world.catalog.write([
    { key: checkpointKey(partition()), value: old },
    { key: ['log', partition().topicId, 0, 'gaps'], value: undefined },
  ]);
  const log = await open(await openWorld(world));
  expect(log.layout.hasGaps).toBe(true);
  expect((await readRecordsOf(log)).map(({ value }) => value)).toEqual(['11']);
});
