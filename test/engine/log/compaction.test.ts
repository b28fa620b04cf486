import { expect, test } from 'vitest';
import type { Log } from '../../../engine/log/log.js';
import { keyedBatch, readRecordsOf } from '../../support/keyed.js';
import { newWorld, openLog, openWorld, stopCleanly } from '../../support/sim-engine.js';

test('of each key the last record stays, where it was', async () => {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = (await openLog(engine, { segmentBytes: 400 })) as Log;
  for (let at = 0; at < 20; at++)
    await log.append(
      await keyedBatch([
        [`k${at % 3}`, `v${at}`],
        ['x', `${at}`],
      ]),
    );
  const after = await readRecordsOf(log);
  const next = await stopCleanly(world, engine);
  const again = await openLog(await openWorld(next), { segmentBytes: 400 });
  expect(await readRecordsOf(again)).toEqual(after);
});
