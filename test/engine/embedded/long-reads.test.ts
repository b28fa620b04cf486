import { expect, test } from 'vitest';
import { buildBatch } from '../../../engine/batch/builder.js';
import { ManualClock, TurnSlices } from '../../../engine/index.js';
import { LIMITS } from '../../../engine/limits.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { TurnMeter } from '../../support/turn-meter.js';
import { engineAt } from './open-logs.js';

const RECORDS = 3 * LIMITS.turnRecordsMax;

async function longLog() {
  const meter = new TurnMeter();
  const clock = new ManualClock();
  const slices = new TurnSlices(clock, meter);
  const engine = await engineAt(temporaryFolder(), { clock, slices });
  const log = await engine.log('events');
  const records = Array.from({ length: RECORDS }, () => ({ key: null, value: null, timestamp: 0 }));
  await log.appendBatch(await buildBatch(records, { codec: 'lz4' }));
  return { log, meter };
}

test('a read of a batch of many records decodes it in slices', async () => {
  const { log, meter } = await longLog();
  const { records } = await log.read({ offset: 0 });
  meter.stop();
  expect(records).toHaveLength(RECORDS);
  expect(meter.total.records).toBe(RECORDS);
  expect(meter.most.records).toBeLessThanOrEqual(LIMITS.turnRecordsMax + 1);
  expect(meter.total.bytes).toBeGreaterThan(7 * RECORDS);
});

test('a follower that never rests lets others be served', async () => {
  const { log, meter } = await longLog();
  let count = 0;
  for await (const record of log.follow()) {
    count++;
    if (record.offset === RECORDS - 1) break;
  }
  meter.stop();
  expect(count).toBe(RECORDS);
  expect(meter.most.records).toBeLessThanOrEqual(LIMITS.turnRecordsMax + 1);
});
