import { describe, expect, test } from 'vitest';
import type { Engine } from '../../../../engine/engine.js';
import {
  type HighWatermarkRule,
  type LogSettings,
  MemoryCatalog,
  type PartitionLog,
} from '../../../../engine/index.js';
import { LIMITS } from '../../../../engine/limits.js';
import { checkpointKey } from '../../../../engine/log/durability/log-records.js';
import { batchOf, readValues, turns } from '../../../support/batches.js';
import { keyedBatch, readRecordsOf } from '../../../support/keyed.js';
import {
  cutPower,
  folderOf,
  killProcess,
  newWorld,
  openWorld,
  partition,
  type SimWorld,
  settings,
  stopCleanly,
} from '../../../support/sim-engine.js';

/** Followers that have said that they have everything below `offset`. */
const upTo =
  (offset: number): HighWatermarkRule =>
  () =>
    offset;

/** Followers that have said nothing yet. */
const SILENCE = upTo(0);

const SMALL_SEGMENTS = { segmentBytes: 250 } as const;

function open(
  engine: Engine,
  rule?: HighWatermarkRule,
  overrides: Partial<LogSettings> = SMALL_SEGMENTS,
): Promise<PartitionLog> {
  return engine.openPartition(partition(), settings(overrides), rule);
}

/** Twelve records of which four are committed, as the catalog knows. */
async function heldAtFour(
  overrides?: Partial<LogSettings>,
): Promise<{ world: SimWorld; engine: Engine }> {
  const world = newWorld();
  const engine = await openWorld(world);
  let committed = 0;
  const log = await open(engine, () => committed, overrides);
  for (let at = 0; at < 12; at++) await log.append(await keyedBatch([['k', `value ${at}`]]));
  committed = 4;
  log.watermark.advance();
  world.clock.advance(LIMITS.checkpointIntervalMs);
  await turns(50);
  expect([log.highWatermark, log.logEndOffset]).toEqual([4, 12]);
  return { world, engine };
}

const values = async (log: PartitionLog): Promise<string[]> => [
  ...(await readValues(log)).values(),
];
const UP_TO_FOUR = ['value 0', 'value 1', 'value 2', 'value 3'];

describe.each(['a clean stop', 'a kill', 'a power cut'])('after %s', (how) => {
  async function next(): Promise<SimWorld> {
    const { world, engine } = await heldAtFour();
    if (how === 'a clean stop') return stopCleanly(world, engine);
    return how === 'a kill' ? killProcess(world) : cutPower(world);
  }

  test('the high watermark is where it was, for as long as the rule does not move it', async () => {
    const log = await open(await openWorld(await next()), SILENCE);
    expect([log.highWatermark, log.logEndOffset]).toEqual([4, 12]);
    expect(await values(log)).toEqual(UP_TO_FOUR);
    log.watermark.setRule(upTo(7));
    expect(log.highWatermark).toBe(7);
    expect(await values(log)).toHaveLength(7);
  });

  test('what is not committed is neither compacted nor deleted', async () => {
    const world = await next();
    const log = await open(await openWorld(world), SILENCE, {
      ...SMALL_SEGMENTS,
      retentionBytes: 1,
    });
    await log.maintenance.compact();
    await log.maintenance.applyRetention();
    await expect(log.deleteBefore(5)).rejects.toMatchObject({ code: 'OFFSET_OUT_OF_RANGE' });
    log.watermark.setRule(upTo(12));
    const kept = (await readRecordsOf(log)).map(({ offset }) => offset);
    expect(kept).toEqual(expect.arrayContaining([4, 5, 6, 7, 8, 9, 10, 11]));
  });

  test('a log that is alone has committed all that it found', async () => {
    const log = await open(await openWorld(await next()));
    expect(log.highWatermark).toBe(12);
    expect(await values(log)).toHaveLength(12);
  });
});

test('a high watermark that moves is written down, without an append', async () => {
  const { world } = await heldAtFour();
  const found = killProcess(world);
  const log = await open(await openWorld(found), SILENCE);
  log.watermark.setRule(upTo(9));
  found.clock.advance(LIMITS.checkpointIntervalMs);
  await turns(50);
  expect((await open(await openWorld(cutPower(found)), SILENCE)).highWatermark).toBe(9);
});

test('a checkpoint of format version 1 counts as committed, since its log was alone', async () => {
  const { world, engine } = await heldAtFour();
  const found = await stopCleanly(world, engine);
  const stored = found.catalog.get(checkpointKey(partition())) as Record<string, unknown>;
  const { highWatermark: _, ...old } = stored;
  await found.catalog.write([{ key: checkpointKey(partition()), value: old }]);
  expect((await open(await openWorld(found), SILENCE)).highWatermark).toBe(12);
});

test('without a catalog nothing counts as committed before the rule says so', async () => {
  const { world } = await heldAtFour();
  const found = { ...killProcess(world), catalog: new MemoryCatalog() };
  const log = await open(await openWorld(found), SILENCE);
  expect([log.highWatermark, log.logEndOffset]).toEqual([0, 12]);
  expect(await values(log)).toEqual([]);
});

test('a log that is alone opens no file to find its high watermark after a clean stop', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await open(engine);
  for (let at = 0; at < 12; at++) await log.append(batchOf(`value ${at}`));
  const found = await stopCleanly(world, engine);
  const again = await open(await openWorld(found));
  expect(found.disk.openCount).toBe(0);
  expect(again.highWatermark).toBe(12);
});

test('a high watermark within a batch that cannot be found shows nothing of it', async () => {
  const { world, engine } = await heldAtFour({});
  const found = await stopCleanly(world, engine);
  const path = `${folderOf()}/00000000000000000000.log`;
  found.disk.openSync(path, 'write').writevSync([Buffer.alloc(4, 0xff)], 8);
  const log = await open(await openWorld(found), SILENCE, {});
  expect(log.highWatermark).toBe(4);
  const read = () =>
    log.read({ offset: 0, maxBytes: 1, minOneBatch: true, isolation: 'high-watermark' });
  expect(read).toThrow(expect.objectContaining({ code: 'CORRUPT_BATCH' }));
});

describe('a truncation', () => {
  test('below the high watermark is refused, and changes nothing', async () => {
    const { world, engine } = await heldAtFour();
    const log = await open(engine);
    const names = await world.disk.readdir(folderOf());
    await expect(log.truncateTo(3)).rejects.toMatchObject({ code: 'BELOW_HIGH_WATERMARK' });
    expect([log.highWatermark, log.logEndOffset]).toEqual([4, 12]);
    expect(await world.disk.readdir(folderOf())).toEqual(names);
    await log.truncateTo(4);
    expect([log.highWatermark, log.logEndOffset]).toEqual([4, 4]);
    expect(await values(log)).toEqual(UP_TO_FOUR);
  });

  test('of a batch that begins below it is refused', async () => {
    const engine = await openWorld(newWorld());
    const log = await open(engine, upTo(2));
    await log.append(batchOf(['a', 'b', 'c', 'd']));
    await expect(log.truncateTo(3)).rejects.toMatchObject({ code: 'BELOW_HIGH_WATERMARK' });
    expect(log.logEndOffset).toBe(4);
  });

  test('below it may be asked for: then the high watermark moves back, durably', async () => {
    const { world, engine } = await heldAtFour();
    const log = await open(engine);
    await log.truncateTo(2, { evenCommitted: true });
    expect([log.highWatermark, log.logEndOffset]).toEqual([2, 2]);
    const again = await open(await openWorld(cutPower(world)), SILENCE);
    expect([again.highWatermark, again.logEndOffset]).toEqual([2, 2]);
  });
});
