import { expect, test } from 'vitest';
import { buildBatchSync } from '../../../../engine/batch/builder.js';
import { HEADER_SIZE } from '../../../../engine/batch/header.js';
import { LIMITS } from '../../../../engine/limits.js';
import { claiming } from '../../../support/forged-batches.js';
import { folderOf, newWorld, openLog, openWorld } from '../../../support/sim-engine.js';
import { TurnMeter } from '../../../support/turn-meter.js';

const record = { key: null, value: null, timestamp: 0 };
const CLAIMED = LIMITS.recordsClaimedMax + 1;

async function opened() {
  const world = newWorld();
  const meter = new TurnMeter();
  const log = await openLog(await openWorld(world, { meter }), { maxBatchBytes: 2 ** 25 });
  const segments = async (): Promise<number> => {
    const names = await world.disk.readdir(folderOf());
    return names.filter((name) => name.endsWith('.log')).length;
  };
  return { log, meter, segments };
}

test('no batch takes offsets for records that it cannot hold: 61 bytes do not end a segment', async () => {
  const { log, segments } = await opened();
  await log.append(buildBatchSync([record]));
  for (let round = 0; round < 5; round++) {
    const claim = await claiming(2 ** 31 - 1, Buffer.alloc(0));
    expect(claim.length).toBe(HEADER_SIZE);
    await expect(log.append(claim)).rejects.toMatchObject({ code: 'INVALID_BATCH' });
  }
  await log.append(buildBatchSync([record]));
  expect(log.logEndOffset).toBe(2);
  expect(await segments()).toBe(1);
});

test.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
  'a count that only unpacking can vouch for is counted (%s)',
  async (codec) => {
    const { log, meter } = await opened();
    // Enough bytes for the claim to be true, with one record in them.
    const room = Buffer.alloc(8 * CLAIMED, 'records of seven bytes ');
    const claim = await claiming(CLAIMED, room, codec);
    await expect(log.append(claim)).rejects.toMatchObject({ code: 'INVALID_BATCH' });
    expect(log.logEndOffset).toBe(0);
    meter.stop();
  },
);

test('a batch of some hundred bytes does not take a million offsets', async () => {
  const { log, meter } = await opened();
  // Room for the claim, of bytes that pack well, and no record in them.
  const claim = await claiming(LIMITS.recordsClaimedMax, Buffer.alloc(2 ** 23), 'zstd');
  expect(claim.length).toBeLessThan(1_024);
  for (let round = 0; round < 5; round++) {
    const refused = log.append(Buffer.from(claim));
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_BATCH' });
  }
  await log.append(buildBatchSync([record]));
  expect(log.logEndOffset).toBe(1);
  meter.stop();
});

test('what may be claimed without a look is little', async () => {
  const { log, meter } = await opened();
  const room = Buffer.alloc(2 ** 23);
  const most = LIMITS.recordsUncountedMax;
  await log.append(await claiming(most, room, 'zstd'));
  expect(log.logEndOffset).toBe(most);
  await expect(log.append(await claiming(most + 1, room, 'zstd'))).rejects.toMatchObject({
    code: 'INVALID_BATCH',
  });
  meter.stop();
});

test.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
  'batches of equal records, as small as they come, are taken without being unpacked (%s)',
  async (codec) => {
    const { log, meter } = await opened();
    const plain = buildBatchSync(Array.from({ length: 100_000 }, () => record));
    const batch = await claiming(100_000, plain.subarray(HEADER_SIZE), codec);
    expect(await log.append(batch)).toMatchObject({ baseOffset: 0, lastOffset: 99_999 });
    expect(meter.total.records).toBe(0);
    meter.stop();
  },
);

test('a batch that holds what it claims is taken, in slices, and in its turn', async () => {
  const { log, meter } = await opened();
  const records = Array.from({ length: CLAIMED }, () => record);
  const plain = buildBatchSync(records).subarray(HEADER_SIZE);
  const honest = log.append(await claiming(CLAIMED, plain, 'gzip'));
  const later = log.append(buildBatchSync([record]));
  expect(await honest).toMatchObject({ baseOffset: 0, lastOffset: CLAIMED - 1 });
  expect(await later).toMatchObject({ baseOffset: CLAIMED });
  meter.stop();
  expect(meter.total.records).toBe(CLAIMED);
  expect(meter.most.records).toBeLessThan(LIMITS.turnRecordsMax + 1_000);
});
