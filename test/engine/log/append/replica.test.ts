import { describe, expect, test } from 'vitest';
import { buildBatchSync } from '../../../../engine/batch/builder.js';
import { ATTRIBUTES_AT, LAST_OFFSET_DELTA_AT } from '../../../../engine/batch/header.js';
import { stampCrc } from '../../../../engine/batch/stamp.js';
import { batchOf, readValues } from '../../../support/batches.js';
import { claiming } from '../../../support/forged-batches.js';
import { readBatchesOf } from '../../../support/keyed.js';
import { cutPower, newWorld, openLog, openWorld } from '../../../support/sim-engine.js';

const at = (baseOffset: number, values: string | readonly string[] = 'v', leaderEpoch = 0) =>
  batchOf(values, { baseOffset, leaderEpoch });

/** A batch of five offsets of which compaction has left the records of these values. */
function compacted(baseOffset: number, values: readonly string[]): Buffer {
  const batch = at(baseOffset, values);
  batch.writeInt32BE(4, LAST_OFFSET_DELTA_AT);
  stampCrc(batch);
  return batch;
}

async function empty(baseOffset: number): Promise<Buffer> {
  const batch = await claiming(0, Buffer.alloc(0));
  batch.writeBigInt64BE(BigInt(baseOffset), 0);
  batch.writeInt32BE(4, LAST_OFFSET_DELTA_AT);
  stampCrc(batch);
  return batch;
}

describe('a replica takes what its leader has', () => {
  test('compacted batches, empty ones and gaps, in one piece, which a restart finds again', async () => {
    const world = newWorld();
    const log = await openLog(await openWorld(world), { flush: 'ack' });
    const batches = [at(0), compacted(1, ['a', 'b']), await empty(6), at(20), compacted(21, ['c'])];
    expect(await log.append(Buffer.concat(batches), 'replica')).toMatchObject({
      baseOffset: 0,
      lastOffset: 25,
    });
    expect([log.layout.hasGaps, log.logEndOffset]).toEqual([true, 26]);
    expect(await readBatchesOf(log)).toEqual(batches);
    const again = await openLog(await openWorld(cutPower(world)));
    expect([again.layout.hasGaps, again.logEndOffset]).toEqual([true, 26]);
    expect(await readBatchesOf(again)).toEqual(batches);
  });

  test('batches above max.message.bytes and above a segment', async () => {
    const log = await openLog(await openWorld(newWorld()), {
      maxBatchBytes: 100,
      segmentBytes: 200,
    });
    const batches = [at(0), at(1, 'x'.repeat(1000)), at(2), at(3)];
    await log.append(Buffer.concat(batches), 'replica');
    expect(await readBatchesOf(log)).toEqual(batches);
    await expect(log.append(batchOf('x'.repeat(1000)))).rejects.toMatchObject({
      code: 'BATCH_TOO_LARGE',
    });
  });

  test('markers, and times that the leader has set', async () => {
    const log = await openLog(await openWorld(newWorld()), { timestampAfterMaxMs: 0 });
    const producer = { producerId: 5, producerEpoch: 0, isTransactional: true };
    const record = { key: 'k', value: 'v', timestamp: Date.UTC(2100, 0) };
    const marker = buildBatchSync([record], { ...producer, isControl: true, baseOffset: 0 });
    const timed = at(1);
    timed.writeUInt16BE(0x08, ATTRIBUTES_AT);
    stampCrc(timed);
    await log.append(Buffer.concat([marker, timed]), 'replica');
    expect(await readBatchesOf(log)).toEqual([marker, timed]);
  });

  test('no reader of records is shown an empty batch between others, in the active segment either', async () => {
    const log = await openLog(await openWorld(newWorld()));
    await log.append(Buffer.concat([at(0), await empty(1), at(6)]), 'replica');
    const request = { maxBytes: 10_000, minOneBatch: true, isolation: 'high-watermark' } as const;
    const { slice } = log.read({ offset: 0, ...request });
    expect(await slice!.bytes()).toEqual(at(0));
    slice!.release();
    expect(log.read({ offset: 1, ...request }).emptyUpTo).toBe(6);
  });
});

describe('nothing of a piece is taken', () => {
  const forged = (change: (batch: Buffer) => void): Buffer => {
    const batch = at(1);
    change(batch);
    stampCrc(batch);
    return batch;
  };
  test.each([
    ['begins below the log end', 'UNEXPECTED_OFFSET', at(0)],
    [
      'has another checksum',
      'CORRUPT_BATCH',
      Buffer.concat([at(1).subarray(0, 70), Buffer.alloc(9)]),
    ],
    ['is cut off', 'CORRUPT_BATCH', at(1).subarray(0, 50)],
    ['has more records than offsets', 'INVALID_BATCH', forged((b) => b.writeInt32BE(2, 57))],
    ['has a negative count', 'INVALID_BATCH', forged((b) => b.writeInt32BE(-1, 57))],
    ['ends before it begins', 'INVALID_BATCH', forged((b) => b.writeInt32BE(-1, 23))],
    ['has an epoch below -1', 'INVALID_BATCH', at(1, 'v', -2)],
    ['begins at the last offset there is', 'INVALID_BATCH', at(2 ** 53 - 2)],
    ['begins beyond all offsets', 'INVALID_BATCH', forged((b) => b.writeUInt8(0x7f, 0))],
  ] as const)('where one %s', async (_, code, bad) => {
    const log = await openLog(await openWorld(newWorld()));
    await expect(log.append(Buffer.concat([at(0), bad]), 'replica')).rejects.toMatchObject({
      code,
    });
    expect(log.logEndOffset).toBe(0);
    await expect(log.append(Buffer.alloc(0), 'replica')).rejects.toMatchObject({
      code: 'CORRUPT_BATCH',
    });
    await log.append(at(0), 'replica');
    expect([...(await readValues(log))]).toEqual([[0, 'v']]);
  });
});

test('what of a piece a failed write has lost is appended again from the log end on', async () => {
  const world = newWorld();
  const log = await openLog(await openWorld(world), { segmentBytes: 200 });
  const batches = [at(0), at(1), at(2), at(3), at(4)];
  await log.append(batches[0]!, 'replica');
  world.disk.failNext({ op: ['writevSync', 'writev'], path: /\.log$/, code: 'ENOSPC', short: 10 });
  await expect(log.append(Buffer.concat(batches.slice(1)), 'replica')).rejects.toMatchObject({
    code: 'STORAGE_FULL',
  });
  const end = log.logEndOffset;
  expect(end).toBeLessThan(5);
  await log.append(Buffer.concat(batches.slice(end)), 'replica');
  expect(await readBatchesOf(log)).toEqual(batches);
  expect(log.layout.hasGaps).toBe(false);
});
