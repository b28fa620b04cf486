import { expect, test, vi } from 'vitest';
import { buildBatchSync } from '../../../../engine/batch/builder.js';
import type { HighWatermarkRule, PartitionLog } from '../../../../engine/index.js';
import { LIMITS } from '../../../../engine/limits.js';
import type { Log } from '../../../../engine/log/log.js';
import {
  folderOf,
  newWorld,
  openLog,
  openWorld,
  partition,
  type SimWorld,
  settings,
  stopCleanly,
} from '../../../support/sim-engine.js';
import { TurnMeter } from '../../../support/turn-meter.js';

/** Batches of 68 bytes: more than is walked at once. */
const BATCHES = 2 * Math.ceil(LIMITS.indexWalkAtOnceBytes / 68);
const SEALED = `${folderOf()}/00000000000000000000`;
const NOTED_PER_TURN = LIMITS.turnRecordsMax + 1_100;
const options = { indexIntervalBytes: 4_096 };

const batch = (): Buffer => buildBatchSync([{ key: null, value: null, timestamp: 1 }]);
const appended = (log: PartitionLog) => log.append(batch());

/** One segment of many small batches, without index files, stopped cleanly; sealed if asked to. */
async function stoppedWorld({
  isSealed,
  rule,
}: {
  isSealed: boolean;
  rule?: HighWatermarkRule;
}): Promise<SimWorld> {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await engine.openPartition(partition(), settings(options), rule);
  await Promise.all(Array.from({ length: BATCHES }, () => appended(log)));
  if (isSealed) {
    await log.maintenance.roll();
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

test('a read without a prepared index is asked to come again, and finds the index then', async () => {
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

test('retention waits until the index of a segment is rebuilt that it asks for its time', async () => {
  const world = await stoppedWorld({ isSealed: true });
  const { engine } = await reopened(world);
  const log = (await openLog(engine, options)) as Log;
  log.updateSettings({ ...log.settings, retentionMs: 1_000 });
  world.clock.advance(10_000_000);
  expect(await log.maintenance.applyRetention()).toMatchObject({ segments: 2 });
  await engine.close();
});

test('a log of as many segments as it may have takes what its last one holds, and says what helps', async () => {
  const log = (await openLog(await openWorld(newWorld()), { segmentBytes: 100 })) as Log;
  await appended(log);
  vi.spyOn(log.state.segments, 'count', 'get').mockReturnValue(LIMITS.segmentsPerLogMax);
  await expect(appended(log)).rejects.toMatchObject({
    code: 'TOO_MANY_SEGMENTS',
    message: expect.stringContaining('raise segment.bytes') as string,
  });
  vi.restoreAllMocks();
  expect(await appended(log)).toMatchObject({ baseOffset: 1 });
});

test('damage in a long segment is told in the end, and not looked for for ever', async () => {
  const world = await stoppedWorld({ isSealed: true });
  const file = world.disk.openSync(`${SEALED}.log`, 'write');
  // The magic of batch 1000.
  file.writevSync([Buffer.of(7)], 1_000 * 68 + 16);
  await file.close();
  const { engine, log } = await reopened(world);
  const codes: string[] = [];
  for (let asked = 0; asked < 4 && codes.at(-1) !== 'CORRUPT_BATCH'; asked++) {
    await log.warm(request(1_000), () => true);
    try {
      log.read(request(1_000)).slice?.release();
      codes.push('read');
    } catch (error) {
      codes.push((error as { code: string }).code);
    }
  }
  expect(codes.at(-1)).toBe('CORRUPT_BATCH');
  expect(offsetRead(log, 999)).toBe(999);
  await engine.close();
});

test('a high watermark in a long segment is found while its index is made', async () => {
  let wanted = 500;
  const rule = (): number => wanted;
  const world = await stoppedWorld({ isSealed: true, rule });
  const engine = await openWorld(world);
  wanted = 600;
  const log = await engine.openPartition(partition(), settings(options), rule);
  expect(log.highWatermark).toBe(500);
  await new Promise<void>((resolve) => void log.watermark.onAdvance(resolve));
  expect(log.highWatermark).toBe(600);
  await engine.close();
});

test('a log of as many segments as it may have is emptied by retention and by deletion', async () => {
  for (const isRetention of [true, false]) {
    const world = newWorld();
    const engine = await openWorld(world);
    const log = (await openLog(engine, { segmentBytes: 100 })) as Log;
    for (let at = 0; at < 5; at++) await appended(log);
    const count = vi.spyOn(log.state.segments, 'count', 'get');
    const real = log.state.segments.all().length;
    expect(real).toBe(5);
    count.mockImplementation(
      () => LIMITS.segmentsPerLogMax + log.state.segments.all().length - real,
    );
    log.updateSettings({ ...log.settings, retentionMs: 1_000 });
    world.clock.advance(10_000_000);
    if (isRetention) await log.maintenance.applyRetention();
    else await log.deleteBefore(5);
    expect(log.state.segments.all().length).toBe(1);
    expect(await appended(log)).toMatchObject({ baseOffset: 5 });
    vi.restoreAllMocks();
    await engine.close();
  }
});
