import { expect, test, vi } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import type { PartitionLog } from '../../../engine/index.js';
import { LIMITS } from '../../../engine/limits.js';
import type { Log } from '../../../engine/log/log.js';
import {
  folderOf,
  newWorld,
  openLog,
  openWorld,
  type SimWorld,
  stopCleanly,
} from '../../support/sim-engine.js';
import { TurnMeter } from '../../support/turn-meter.js';

/** Batches of 68 bytes: more than is walked at once. */
const BATCHES = 2 * Math.ceil(LIMITS.indexWalkAtOnceBytes / 68);
const SEALED = `${folderOf()}/00000000000000000000`;
const NOTED_PER_TURN = LIMITS.turnRecordsMax + 1_100;
const options = { indexIntervalBytes: 4_096 };

const batch = (): Buffer => buildBatchSync([{ key: null, value: null, timestamp: 1 }]);
const appended = (log: PartitionLog) => log.append(batch());

/** One segment of many small batches, without index files, stopped cleanly; sealed if asked to. */
async function stoppedWorld({ isSealed }: { isSealed: boolean }): Promise<SimWorld> {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine, options);
  await Promise.all(Array.from({ length: BATCHES }, () => appended(log)));
  if (isSealed) {
    await log.roll();
    await appended(log);
  }
  const stopped = await stopCleanly(world, engine);
  for (const kind of ['index', 'timeindex']) await stopped.disk.unlink(`${SEALED}.${kind}`);
  return stopped;
}

async function reopened(world: SimWorld) {
  const meter = new TurnMeter();
  const engine = await openWorld(world, { meter });
  const log = (await openLog(engine, options)) as Log;
  meter.total.records = 0;
  meter.most.records = 0;
  return { engine, log, meter };
}

const request = (offset: number) => ({
  offset,
  maxBytes: 1,
  minOneBatch: true,
  isolation: 'log-end' as const,
});

function offsetRead(log: PartitionLog, offset: number): number {
  const { slice } = log.read(request(offset));
  const header = Buffer.alloc(8);
  slice!.readSync(header, 0);
  slice!.release();
  return Number(header.readBigInt64BE());
}

test('the lost index of a long segment is rebuilt in slices before a read, and once for all who wait', async () => {
  const { log, meter, engine } = await reopened(await stoppedWorld({ isSealed: true }));
  const rebuilds = engine.counters.indexRebuilds;
  await Promise.all([1, 2, 3].map(() => log.warm(request(BATCHES - 1), () => true)));
  meter.stop();
  expect(meter.total.records).toBe(BATCHES);
  expect(meter.most.records).toBeLessThan(NOTED_PER_TURN);
  expect(engine.counters.indexRebuilds).toBe(rebuilds + 1);
  expect(offsetRead(log, BATCHES - 1)).toBe(BATCHES - 1);
});

test('a read that nobody prepared is asked to come again, and finds the index then', async () => {
  const { log, meter } = await reopened(await stoppedWorld({ isSealed: true }));
  expect(() => log.read(request(5))).toThrow(expect.objectContaining({ code: 'INDEX_REBUILDING' }));
  await log.warm(request(5), () => true);
  meter.stop();
  expect(meter.most.records).toBeLessThan(NOTED_PER_TURN);
  expect(offsetRead(log, 5)).toBe(5);
});

test('an index of a long segment that leads astray is rebuilt in slices, whatever its files say', async () => {
  const world = await stoppedWorld({ isSealed: true });
  const first = await reopened(world);
  await first.log.warm(request(0), () => true);
  const again = await stopCleanly(world, first.engine);
  const index = await again.disk.open(`${SEALED}.index`, 'write');
  // The first entry points into the middle of a batch; the last one is right.
  const position = Buffer.alloc(4);
  await index.read(position, 4);
  position.writeInt32BE(position.readInt32BE() + 1);
  await index.writev([position], 4);
  await index.close();
  const { log, meter } = await reopened(again);
  await log.warm(request(70), () => true);
  expect(() => log.read(request(70))).toThrow(
    expect.objectContaining({ code: 'INDEX_REBUILDING' }),
  );
  await log.warm(request(70), () => true);
  meter.stop();
  expect(meter.most.records).toBeLessThan(NOTED_PER_TURN);
  expect(offsetRead(log, 70)).toBe(70);
});

test('the first append after a start wakes a long segment in slices, and those behind it keep their order', async () => {
  const { log, meter } = await reopened(await stoppedWorld({ isSealed: false }));
  const offsets = await Promise.all([appended(log), appended(log), appended(log)]);
  meter.stop();
  expect(offsets.map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2].map((at) => BATCHES + at));
  expect(meter.total.records).toBe(BATCHES);
  expect(meter.most.records).toBeLessThan(NOTED_PER_TURN);
  expect(offsetRead(log, BATCHES - 7)).toBe(BATCHES - 7);
});

test('a cut notes what stays of a long segment in slices', async () => {
  const { log, meter } = await reopened(await stoppedWorld({ isSealed: false }));
  await log.truncateTo(BATCHES - 1, { evenCommitted: true });
  meter.stop();
  expect(log.logEndOffset).toBe(BATCHES - 1);
  expect(meter.most.records).toBeLessThan(NOTED_PER_TURN);
  expect((await appended(log)).baseOffset).toBe(BATCHES - 1);
  expect(offsetRead(log, BATCHES - 2)).toBe(BATCHES - 2);
});

test('retention keeps a segment whose index is being rebuilt, until it knows', async () => {
  const world = await stoppedWorld({ isSealed: true });
  const { engine } = await reopened(world);
  const log = (await openLog(engine, options)) as Log;
  log.updateSettings({ ...log.settings, retentionMs: 1_000 });
  world.clock.advance(10_000_000);
  expect(await log.applyRetention()).toMatchObject({ segments: 0 });
  await log.warm(request(0), () => true);
  expect(await log.applyRetention()).toMatchObject({ segments: 2 });
  await engine.close();
});

test('a log of as many segments as it may have takes what its last one holds, and says what helps', async () => {
  const log = (await openLog(await openWorld(newWorld()), { segmentBytes: 100 })) as Log;
  await appended(log);
  vi.spyOn(log.segments, 'count', 'get').mockReturnValue(LIMITS.segmentsPerLogMax);
  await expect(appended(log)).rejects.toMatchObject({
    code: 'TOO_MANY_SEGMENTS',
    message: expect.stringContaining('raise segment.bytes') as string,
  });
  vi.restoreAllMocks();
  expect(await appended(log)).toMatchObject({ baseOffset: 1 });
});
