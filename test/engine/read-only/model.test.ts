import { expect, test } from 'vitest';
import {
  type Engine,
  type EventLog,
  ManualClock,
  openEngine,
  seededRandom,
} from '../../../engine/index.js';
import {
  cutPower,
  killProcess,
  newWorld,
  openWorld,
  SIM_ROOT,
  type SimWorld,
  stopCleanly,
} from '../../support/sim-engine.js';

const OPTIONS = {
  segmentBytes: 400,
  indexIntervalBytes: 100,
  fileDeleteDelayMs: 0,
  compacted: false,
} as const;

/** Opens the log of another process, which has appended something, for reading. */
async function reader(world: SimWorld) {
  const engine = await openEngine(SIM_ROOT, {
    readOnly: true,
    disk: world.disk,
    clock: new ManualClock(),
  });
  return { engine, log: await engine.log('events') };
}

async function recordsOf(log: EventLog): Promise<string[]> {
  const found: string[] = [];
  for await (const { offset, key, value } of log.records({})) {
    found.push(`${offset} ${key} ${value}`);
  }
  return found;
}

async function backwards(log: EventLog): Promise<string[]> {
  const found: string[] = [];
  for await (const { offset, key, value } of log.records({ reverse: true })) {
    found.push(`${offset} ${key} ${value}`);
  }
  return found.reverse();
}

test('after each look a reader has what the writer’s own reader has, whatever was done', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(seed);
    const below = (count: number): number => Math.floor(random.next() * count);
    let world = newWorld();
    let engine: Engine = await openWorld(world, { seed });
    let writer = await engine.log('events', OPTIONS);
    await writer.append({ key: 'k', value: 'first' });
    let other = await reader(world);
    for (let step = 0; step < 60; step++) {
      const kind = below(14);
      if (kind < 7) {
        const count = 1 + below(4);
        for (let at = 0; at < count; at++) {
          await writer.append({
            key: `k${below(3)}`,
            value: `${step}.${at}${'x'.repeat(below(60))}`,
          });
        }
      } else if (kind === 7) await writer.partition.maintenance.roll();
      else if (kind === 8) await writer.compact();
      else if (kind === 9) {
        await writer.deleteBefore(
          writer.startOffset + below(writer.endOffset - writer.startOffset + 1),
        );
      } else if (kind === 10 && writer.endOffset > writer.startOffset) {
        await writer.truncate(writer.startOffset + below(writer.endOffset - writer.startOffset));
      } else if (kind === 11) {
        await other.engine.close();
        const how = below(3);
        if (how === 0) world = killProcess(world);
        else if (how === 1) world = cutPower(world, seed);
        else world = await stopCleanly(world, engine);
        // Each of these is another disk, which the reader is opened on again.
        engine = await openWorld(world, { seed });
        writer = await engine.log('events', OPTIONS);
        if (writer.endOffset === writer.startOffset)
          await writer.append({ key: 'k', value: 'again' });
        other = await reader(world);
      }
      if (below(3) > 0) continue;
      await other.log.flush();
      const expected = await recordsOf(writer);
      const what = `seed ${seed}, step ${step}, ${kind}`;
      expect(await recordsOf(other.log), what).toEqual(expected);
      expect(await backwards(other.log), what).toEqual(expected);
      expect([other.log.startOffset, other.log.endOffset], what).toEqual([
        writer.startOffset,
        writer.endOffset,
      ]);
    }
    await other.engine.close();
  }
});
