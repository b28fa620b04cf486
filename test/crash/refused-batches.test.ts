import { describe, expect, test } from 'vitest';
import { CRC_AT, HEADER_SIZE } from '../../engine/batch/header.js';
import type { LogSettings, PartitionLog } from '../../engine/index.js';
import { batchOf, readValues, turns } from '../support/batches.js';
import { newWorld, openLog, openWorld, type SimWorld, stopCleanly } from '../support/sim-engine.js';
import { slowDisk } from './support/slow-disk.js';

const PRODUCER = { producerId: 7, producerEpoch: 0 };

function sequenced(baseSequence: number, producer = PRODUCER): Buffer {
  return batchOf(`s${baseSequence}`, { ...producer, baseSequence });
}

/**
 * The first batch is refused in one turn of the event loop; the others, which were sent behind it,
 * come in later ones.
 */
async function expectOrder(log: PartitionLog, code: string, first = sequenced(0)): Promise<void> {
  await expect(log.append(first)).rejects.toMatchObject({ code });
  await turns(3);
  for (let sequence = 1; sequence < 6; sequence++) {
    await expect(log.append(sequenced(sequence))).rejects.toMatchObject({
      code: 'OUT_OF_ORDER_SEQUENCE',
    });
  }
  const base = log.logEndOffset;
  for (let sequence = 0; sequence < 6; sequence++) {
    expect(await log.append(sequenced(sequence))).toMatchObject({
      baseOffset: base + sequence,
      duplicate: false,
    });
  }
  expect([...(await readValues(log)).values()].slice(-6)).toEqual(
    [0, 1, 2, 3, 4, 5].map((sequence) => `s${sequence}`),
  );
}

async function openedLog(overrides: Partial<LogSettings> = {}) {
  const world = newWorld();
  const engine = await openWorld(world);
  return { world, engine, log: await openLog(engine, overrides) };
}

describe('behind a first batch that was refused, later ones of its producer are out of order until it comes', () => {
  test.each([0, 10])('because the disk was full after %i bytes', async (short) => {
    const { world, log } = await openedLog();
    await log.append(batchOf('a'));
    world.disk.failNext({ op: 'writevSync', path: /\.log$/, code: 'ENOSPC', short });
    await expectOrder(log, 'STORAGE_FULL');
  });

  test('because the disk was full while writes were asynchronous', async () => {
    const world = newWorld();
    const slow = slowDisk(world);
    const log = await openLog(await openWorld(world, { wrap: () => slow.disk }));
    slow.nextWriteTakes(60);
    await log.append(batchOf('a'));
    world.disk.failNext({ op: 'writev', path: /\.log$/, code: 'ENOSPC' });
    await expectOrder(log, 'STORAGE_FULL');
  });

  test.each([
    ['ENOSPC', 'STORAGE_FULL'],
    ['EMFILE', 'STORAGE_BUSY'],
  ])("because the log's first file could not be made (%s)", async (errno, code) => {
    const { world, log } = await openedLog();
    world.disk.failNext({ op: 'openSync', path: /0\.log$/, code: errno });
    await expectOrder(log, code);
  });

  test.each([
    ['ENOSPC', 'STORAGE_FULL'],
    ['EMFILE', 'STORAGE_BUSY'],
  ])('because a roll failed (%s)', async (errno, code) => {
    const { world, log } = await openedLog({ segmentBytes: 100 });
    await log.append(batchOf('a'));
    world.disk.failNext({ op: 'openSync', path: /1\.log$/, code: errno });
    await expectOrder(log, code, batchOf('s0'.repeat(50), { ...PRODUCER, baseSequence: 0 }));
  });

  test('because a roll had to write what was staged, and could not', async () => {
    const { world, log } = await openedLog({ segmentBytes: 200 });
    await log.append(batchOf('a'));
    world.disk.failNext({ op: 'writevSync', path: /0\.log$/, code: 'ENOSPC' });
    const staged = log.append(batchOf('b', { producerId: 8, producerEpoch: 0, baseSequence: 0 }));
    const outcome = Promise.allSettled([staged]);
    await expectOrder(
      log,
      'STORAGE_FULL',
      batchOf('s0'.repeat(50), { ...PRODUCER, baseSequence: 0 }),
    );
    expect(await outcome).toMatchObject([{ reason: { code: 'STORAGE_FULL' } }]);
  });

  test('because its bytes had changed on the way', async () => {
    const { log } = await openedLog();
    const changed = sequenced(0);
    changed[CRC_AT] = changed[CRC_AT]! ^ 1;
    await expectOrder(log, 'CORRUPT_BATCH', changed);
  });

  test('because it was too large, and comes again in parts', async () => {
    const { log } = await openedLog({ maxBatchBytes: 200 });
    const large = batchOf(['x'.repeat(100), 'y'.repeat(100)], { ...PRODUCER, baseSequence: 0 });
    await expectOrder(log, 'BATCH_TOO_LARGE', large);
  });

  test('in front of the log', async () => {
    const { log } = await openedLog();
    log.refused(sequenced(0).subarray(0, HEADER_SIZE));
    await expect(log.append(sequenced(1))).rejects.toMatchObject({ code: 'OUT_OF_ORDER_SEQUENCE' });
    expect(await log.append(sequenced(0))).toMatchObject({ baseOffset: 0 });
    expect(await log.append(sequenced(1))).toMatchObject({ baseOffset: 1 });
  });
});

test('of twelve batches in one write that failed the first one is expected', async () => {
  const { world, log } = await openedLog();
  await log.append(batchOf('a'));
  world.disk.failNext({ op: 'writevSync', path: /\.log$/, code: 'ENOSPC' });
  const outcomes = await Promise.allSettled(
    Array.from({ length: 12 }, (_, sequence) => log.append(sequenced(sequence))),
  );
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({ reason: { code: 'STORAGE_FULL' } });
  for (const sequence of [1, 2, 11, 12]) {
    await expect(log.append(sequenced(sequence))).rejects.toMatchObject({
      code: 'OUT_OF_ORDER_SEQUENCE',
    });
  }
  expect(await log.append(sequenced(0))).toMatchObject({ baseOffset: 1 });
});

test('a newer epoch of the producer begins at 0, without what was refused', async () => {
  const { world, log } = await openedLog();
  world.disk.failNext({ op: 'openSync', path: /0\.log$/, code: 'ENOSPC' });
  await expect(log.append(sequenced(5))).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  const next = { producerId: 7, producerEpoch: 1 };
  await expect(log.append(sequenced(1, next))).rejects.toMatchObject({
    code: 'OUT_OF_ORDER_SEQUENCE',
  });
  expect(await log.append(sequenced(0, next))).toMatchObject({ baseOffset: 0 });
});

test('what was refused is forgotten when the producer id expires', async () => {
  const { world, log } = await openedLog({ producerExpirationMs: 60_000 });
  await log.append(batchOf('a'));
  world.disk.failNext({ op: 'writevSync', path: /\.log$/, code: 'ENOSPC' });
  await expect(log.append(sequenced(0))).rejects.toMatchObject({ code: 'STORAGE_FULL' });
  world.clock.advance(61_000);
  await log.append(batchOf('b'));
  world.clock.advance(5_000);
  await turns(20);
  expect(await log.append(sequenced(1))).toMatchObject({ duplicate: false });
});

test.each([
  ['a single record that is too large', batchOf('x'.repeat(300), { ...PRODUCER, baseSequence: 0 })],
  [
    'a timestamp that is too far ahead',
    batchOf('x', { ...PRODUCER, baseSequence: 0, timestamp: Date.UTC(2100, 0, 1) }),
  ],
])('nothing is expected again of %s: clients give such a batch up', async (_, batch) => {
  const { log } = await openedLog({ maxBatchBytes: 200 });
  await expect(log.append(batch)).rejects.toThrow();
  expect(await log.append(sequenced(1))).toMatchObject({ baseOffset: 0 });
});

describe('a truncation that takes all batches of a producer that are remembered', () => {
  async function cutTo(
    offset: number,
    written = 20,
  ): Promise<{ world: SimWorld; log: PartitionLog }> {
    const { world, engine, log } = await openedLog({ segmentBytes: 400 });
    await log.append(batchOf('a'));
    for (let sequence = 0; sequence < written; sequence++) await log.append(sequenced(sequence));
    log.watermark.setRule(() => 0);
    await log.truncateTo(offset, { evenCommitted: true });
    const next = await stopCleanly(world, engine);
    return { world: next, log: await openLog(await openWorld(next), { segmentBytes: 400 }) };
  }

  test.each([1, 2, 6, 11])('leaves the sequence that the cut at %i began with', async (offset) => {
    const { log } = await cutTo(offset);
    const next = offset - 1;
    for (const sequence of [next - 1, next + 1, 5, 19, 20].filter((each) => each !== next)) {
      if (sequence < 0) continue;
      const appended = log.append(sequenced(sequence));
      // One of the last five may be known as such, but is not taken again.
      const answer = await appended.then(
        ({ duplicate }) => duplicate,
        ({ code }) => code,
      );
      expect([true, 'OUT_OF_ORDER_SEQUENCE']).toContain(answer);
    }
    expect(await log.append(sequenced(next))).toMatchObject({
      baseOffset: offset,
      duplicate: false,
    });
  });
});
