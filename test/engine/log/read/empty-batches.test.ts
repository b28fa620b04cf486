import { describe, expect, test } from 'vitest';
import { batchSize, lastOffset, recordCount } from '../../../../engine/batch/header.js';
import { MemoryCatalog } from '../../../../engine/catalog/memory-catalog.js';
import { LIMITS } from '../../../../engine/limits.js';
import type { Log } from '../../../../engine/log/log.js';
import { keyedBatch, readBatchesOf } from '../../../support/keyed.js';
import {
  folderOf,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  stopCleanly,
} from '../../../support/sim-engine.js';

const PADDING = 'x'.repeat(100);

/**
 * A log of one record a batch and two batches a segment, compacted. The last key stays in the
 * active segment.
 */
async function compacted(keys: readonly string[]): Promise<Log> {
  const engine = await openWorld(newWorld());
  const log = (await openLog(engine, { segmentBytes: 400 })) as Log;
  for (const key of keys) await log.append(await keyedBatch([[key, PADDING]]));
  await log.maintenance.compact();
  return log;
}

/** What one read answers: batches as `last offset:records`. */
async function readAt(log: Log, offset: number, { maxBytes = 1, includeEmpty = false } = {}) {
  const request = { offset, maxBytes, minOneBatch: true, isolation: 'high-watermark' } as const;
  const { slice, emptyUpTo } = log.read({ ...request, includeEmpty });
  const bytes = slice === null ? Buffer.alloc(0) : Buffer.from(await slice.bytes());
  slice?.release();
  const batches: string[] = [];
  for (let at = 0; at < bytes.length; at += batchSize(bytes, at)) {
    batches.push(`${lastOffset(bytes, at)}:${recordCount(bytes, at)}`);
  }
  return { batches, emptyUpTo };
}

// Segments: keep and an end without records, nothing but an end, two records, the active one.
const GAPS = ['keep', 'hot', 'hot', 'hot', 'hot', 'last', 'new'];

describe('a read that lands on a batch without records', () => {
  test('begins with the next batch that has some, over a segment that has none', async () => {
    const log = await compacted(GAPS);
    const all = (await readBatchesOf(log)).map((batch) => [lastOffset(batch), recordCount(batch)]);
    expect(all).toEqual([
      [0, 1],
      [1, 0],
      [3, 0],
      [4, 1],
      [5, 1],
      [6, 1],
    ]);
    for (const offset of [1, 2, 3]) {
      expect(await readAt(log, offset)).toEqual({ batches: ['4:1'], emptyUpTo: 4 });
    }
    expect((await readAt(log, 1, { maxBytes: 1e6 })).batches).toEqual(['4:1', '5:1']);
    expect(await readAt(log, 0)).toEqual({ batches: ['0:1'], emptyUpTo: 0 });
  });

  test('is answered with it where everything is asked for, as a replica does', async () => {
    const log = await compacted(GAPS);
    const includeEmpty = true;
    expect(await readAt(log, 1, { includeEmpty })).toEqual({ batches: ['1:0'], emptyUpTo: 1 });
    expect(await readAt(log, 2, { includeEmpty })).toEqual({ batches: ['3:0'], emptyUpTo: 2 });
  });

  test('is answered with the last one where nothing follows below the high watermark', async () => {
    const settings = { segmentBytes: 400, deleteRetentionMs: 0 };
    const world = newWorld();
    const before = await openLog(await openWorld(world), settings);
    await before.append(await keyedBatch([['keep', PADDING]]));
    await before.append(await keyedBatch([['gone', PADDING]]));
    await before.append(await keyedBatch([['gone', null]]));
    await before.maintenance.roll();
    // This pass gives the tombstone its time. Without a catalog the next pass begins from the
    // start, and takes it.
    await before.maintenance.compact();
    const engine = await openWorld({ ...killProcess(world), catalog: new MemoryCatalog() });
    const log = (await openLog(engine, settings)) as Log;
    await log.maintenance.compact();
    expect(await readAt(log, 1)).toEqual({ batches: ['2:0'], emptyUpTo: 3 });
    log.watermark.setRule(() => 3);
    await log.append(await keyedBatch([['new', PADDING]]));
    expect(await readAt(log, 1)).toEqual({ batches: ['2:0'], emptyUpTo: 3 });
    log.watermark.setRule(({ writtenEnd }) => writtenEnd);
    expect(await readAt(log, 1)).toEqual({ batches: ['3:1'], emptyUpTo: 3 });
  });

  test('passes over a run longer than one read may look at, a piece with each read', async () => {
    const count = 2 * LIMITS.emptyBatchesPassed + 10;
    const engine = await openWorld(newWorld());
    const log = (await openLog(engine, { segmentBytes: 1e8 })) as Log;
    await log.append(await keyedBatch([['keep', '0']]));
    // The last batch of each producer stays, without its record.
    for (let producerId = 0; producerId < count; producerId++) {
      const producer = { producerId, producerEpoch: 0, baseSequence: 0 };
      await log.append(await keyedBatch([['hot', '1']], producer));
    }
    await log.append(await keyedBatch([['hot', 'last']]));
    await log.maintenance.roll();
    await log.maintenance.compact();
    expect(await readBatchesOf(log)).toHaveLength(count + 2);
    const first: (string | undefined)[] = [];
    for (let read = 0; read < 4; read++) first.push((await readAt(log, 1)).batches[0]);
    expect(first).toEqual([
      `${LIMITS.emptyBatchesPassed + 1}:0`,
      `${2 * LIMITS.emptyBatchesPassed + 1}:0`,
      `${count + 1}:1`,
      `${count + 1}:1`,
    ]);
  });
});

describe('a slice', () => {
  test('ends before a batch without records that lies between others', async () => {
    const engine = await openWorld(newWorld());
    const log = (await openLog(engine, { segmentBytes: 1e6 })) as Log;
    const producer = { producerId: 7, producerEpoch: 0 };
    await log.append(await keyedBatch([['a', PADDING]]));
    await log.append(await keyedBatch([['b', PADDING]]));
    await log.append(await keyedBatch([['hot', PADDING]], { ...producer, baseSequence: 0 }));
    await log.append(await keyedBatch([['hot', PADDING]]));
    await log.append(await keyedBatch([['c', PADDING]]));
    await log.maintenance.roll();
    await log.maintenance.compact();
    const maxBytes = 1e6;
    expect((await readAt(log, 0, { maxBytes })).batches).toEqual(['0:1', '1:1']);
    expect((await readAt(log, 2, { maxBytes })).batches).toEqual(['3:1', '4:1']);
    const all = await readAt(log, 0, { maxBytes, includeEmpty: true });
    expect(all.batches).toEqual(['0:1', '1:1', '2:0', '3:1', '4:1']);
  });

  test('ends there too when the index files are lost', async () => {
    const world = newWorld();
    const engine = await openWorld(world);
    const log = await openLog(engine, { segmentBytes: 1e6 });
    const producer = { producerId: 7, producerEpoch: 0, baseSequence: 0 };
    await log.append(await keyedBatch([['hot', PADDING]], producer));
    await log.append(await keyedBatch([['a', PADDING]]));
    await log.append(await keyedBatch([['hot', PADDING]], { ...producer, producerId: 8 }));
    await log.append(await keyedBatch([['hot', PADDING]]));
    await log.maintenance.roll();
    await log.maintenance.compact();
    const next = await stopCleanly(world, engine);
    for (const name of await next.disk.readdir(folderOf())) {
      if (name.endsWith('index')) await next.disk.unlink(`${folderOf()}/${name}`);
    }
    const again = (await openLog(await openWorld(next), { segmentBytes: 1e6 })) as Log;
    const maxBytes = 1e6;
    expect((await readAt(again, 0, { maxBytes })).batches).toEqual(['1:1']);
    expect((await readAt(again, 2, { maxBytes })).batches).toEqual(['3:1']);
  });
});
