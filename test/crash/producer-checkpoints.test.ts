import { describe, expect, test } from 'vitest';
import type { Appended, Catalog } from '../../engine/index.js';
import { LIMITS } from '../../engine/limits.js';
import { checkpointKey } from '../../engine/log/durability/log-records.js';
import { producerPageKey } from '../../engine/log/durability/producer-records.js';
import { batchOf, turns } from '../support/batches.js';
import {
  killProcess,
  newWorld,
  openLog,
  openWorld,
  partition,
  stopCleanly,
} from '../support/sim-engine.js';

const sent = (producerId: number, baseSequence: number): Buffer =>
  batchOf(`p${producerId} s${baseSequence}`, { producerId, producerEpoch: 0, baseSequence });

function told(append: Promise<Appended>): Promise<string> {
  return append.then(
    ({ baseOffset, duplicate }) => `offset ${baseOffset}${duplicate ? ' again' : ''}`,
    (error: { code: string }) => error.code,
  );
}

describe('producers of a checkpoint', () => {
  test.each(Array.from({ length: 12 }, (_, at) => at))(
    'are all there when the one that needs a second page comes %i turns into it',
    async (turnsIn) => {
      const world = newWorld();
      const log = await openLog(await openWorld(world), { flush: 'os' });
      for (let id = 0; id < 32; id++) await log.append(sent(id, 0));
      world.clock.advance(LIMITS.checkpointIntervalMs);
      await turns(turnsIn);
      await log.append(sent(32, 0));
      await turns(60);
      world.clock.advance(LIMITS.checkpointIntervalMs);
      await turns(100);
      const { catalog } = killProcess(world);
      const found = catalog.get(checkpointKey(partition())) as { producerPages?: number };
      if ((found.producerPages ?? 1) > 1) {
        expect(catalog.get(producerPageKey(partition(), 0))).toBeDefined();
      }
    },
  );

  test('are those of the log when it comes due while a truncation writes its own', async () => {
    const world = newWorld();
    let meanwhile: (() => Promise<void>) | null = null;
    const catalog: Catalog = {
      get: (key) => world.catalog.get(key),
      range: (prefix) => world.catalog.range(prefix),
      close: () => world.catalog.close(),
      write: async (changes) => {
        const then = meanwhile;
        meanwhile = null;
        await then?.();
        await world.catalog.write(changes);
      },
    };
    const engine = await openWorld(world, { catalog });
    const log = await openLog(engine);
    for (let id = 0; id < 40; id++) await log.append(sent(id, 0));
    world.clock.advance(LIMITS.checkpointIntervalMs);
    await turns(60);
    await log.append(sent(39, 1));
    await log.append(sent(0, 1));
    meanwhile = async () => {
      world.clock.advance(LIMITS.checkpointIntervalMs);
      await turns(60);
    };
    await log.truncateTo(41, { evenCommitted: true });
    for (let sequence = 1; sequence < 6; sequence++) await log.append(sent(0, sequence));
    for (let round = 0; round < 5; round++) {
      world.clock.advance(LIMITS.checkpointIntervalMs);
      await turns(60);
    }
    const again = await openLog(await openWorld(await stopCleanly(world, engine)));
    expect(await told(again.append(sent(0, 6)))).toBe('offset 46');
    expect(await told(again.append(sent(0, 1)))).toBe('OUT_OF_ORDER_SEQUENCE');
    expect(await told(again.append(sent(0, 5)))).toBe('offset 45 again');
  });
});

test.each(['openSync', 'read'] as const)(
  'a batch that is refused while a sleeping segment is woken is expected before those behind it (%s)',
  async (op) => {
    const world = newWorld();
    const engine = await openWorld(world);
    const settings = { indexIntervalBytes: 64 * 2 ** 20 };
    const log = await openLog(engine, settings);
    for (let at = 0; at < 40; at++) await log.append(batchOf('x'.repeat(60_000)));
    const next = await stopCleanly(world, engine);
    const again = await openLog(await openWorld(next), settings);
    next.disk.failNext({ op, path: /0\.log$/, code: 'EMFILE' });
    const answers = [told(again.append(sent(7, 0))), told(again.append(sent(7, 1)))];
    expect(await Promise.all(answers)).toEqual(['STORAGE_BUSY', 'OUT_OF_ORDER_SEQUENCE']);
    expect(await told(again.append(sent(7, 0)))).toBe('offset 40');
  },
);
