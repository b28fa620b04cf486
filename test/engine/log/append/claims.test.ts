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
    // So many bytes that the claim could be true, and one record in them.
    const room = Buffer.alloc(8 * CLAIMED, 'records of seven bytes ');
    const claim = await claiming(CLAIMED, room, codec);
    await expect(log.append(claim)).rejects.toMatchObject({ code: 'INVALID_BATCH' });
    expect(log.logEndOffset).toBe(0);
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
