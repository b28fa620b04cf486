import { expect, test } from 'vitest';
import { type Engine, type Random, seededRandom, type Table } from '../../engine/index.js';
import { killProcess, newWorld, openWorld, stopCleanly } from '../support/sim-engine.js';

const SEEDS = Array.from({ length: 25 }, (_, at) => at + 1);
const OPTIONS = { valueEncoding: 'json', segmentBytes: 300, deleteRetentionMs: 0 } as const;

type NumberTable = Table<number, number>;

/** One of the numbers from 0 on, below `bound`. */
function pick(random: Random, bound: number): number {
  return Math.floor(random.next() * bound);
}

async function change(table: NumberTable, model: Map<string, number>, random: Random, n: number) {
  const key = `k${pick(random, 6)}`;
  if (pick(random, 4) === 0) {
    await table.delete(key);
    model.delete(key);
  } else {
    await table.set(key, n);
    model.set(key, n);
  }
}

test.each(SEEDS)('a table is what a Map would be, seed %i', async (seed) => {
  const random = seededRandom(seed);
  const model = new Map<string, number>();
  let world = newWorld();
  let engine: Engine = await openWorld(world, { seed });
  let table: NumberTable = await engine.table<number>('kv', OPTIONS);
  for (let n = 0; n < 80; n++) {
    const step = pick(random, 20);
    if (step === 0) {
      world.clock.advance(1000);
      await table.log.compact();
    } else if (step === 1) {
      world = await stopCleanly(world, engine);
    } else if (step === 2) {
      world = killProcess(world);
    } else if (step === 3) {
      const before = [...model];
      const from = table.log.endOffset;
      await change(table, model, random, n);
      await table.log.truncate(from);
      model.clear();
      for (const [key, value] of before) model.set(key, value);
      await table.set('after', n);
      model.set('after', n);
    } else {
      await change(table, model, random, n);
    }
    if (step === 1 || step === 2) {
      engine = await openWorld(world, { seed });
      table = await engine.table<number>('kv', OPTIONS);
    }
    expect(new Map(table)).toEqual(model);
  }
  await engine.close();
});
