import { expect, test } from 'vitest';
import { LIMITS } from '../../engine/limits.js';
import { batchOf } from '../support/batches.js';
import { newWorld, openLog, openWorld, partition } from '../support/sim-engine.js';
import { TurnMeter } from '../support/turn-meter.js';

test('logs whose starts move up together make their new segments in slices', async () => {
  const meter = new TurnMeter();
  const engine = await openWorld(newWorld(), { meter });
  const logs = await Promise.all(
    Array.from({ length: 64 }, (_, at) => openLog(engine, {}, partition(at))),
  );
  for (const log of logs) await log.append(batchOf('v'));
  const before = meter.total.elements;
  meter.most.elements = 0;
  // One commit makes all of them durable, and all go on in the turn behind it.
  const starts = await Promise.all(logs.map((log) => log.deleteBefore(1)));
  expect(starts).toEqual(logs.map(() => 1));
  expect(meter.total.elements - before).toBeGreaterThanOrEqual(64 * LIMITS.newSegmentElements);
  expect(meter.most.elements).toBeLessThanOrEqual(
    LIMITS.turnElementsMax + LIMITS.newSegmentElements,
  );
  meter.stop();
});
