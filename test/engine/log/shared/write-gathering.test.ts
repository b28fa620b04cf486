import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../../engine/index.js';
import { gatherByMicrotask, gatherByTurn } from '../../../../engine/log/shared/write-gathering.js';
import { batchOf } from '../../../support/batches.js';
import { newWorld, openLog, openWorld } from '../../../support/sim-engine.js';

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('gathering by turn', () => {
  test('runs what several logs have staged together, in order, and each once', async () => {
    let callbacks = 0;
    const clock = new ManualClock();
    const afterTurn = (run: () => void): void => {
      callbacks++;
      setImmediate(run);
    };
    const counted = Object.create(clock, { afterTurn: { value: afterTurn } }) as ManualClock;
    const gather = gatherByTurn(counted);
    const ran: string[] = [];
    gather({ flush: () => ran.push('a') });
    await Promise.resolve();
    gather({ flush: () => ran.push('b') });
    expect(ran).toEqual([]);
    await nextTurn();
    expect(ran).toEqual(['a', 'b']);
    gather({ flush: () => ran.push('c') });
    await nextTurn();
    expect(ran).toEqual(['a', 'b', 'c']);
    expect(callbacks).toBe(2);
  });
});

test('gathering by microtask runs before the turn ends', async () => {
  const ran: string[] = [];
  gatherByMicrotask({ flush: () => ran.push('a') });
  await Promise.resolve();
  expect(ran).toEqual(['a']);
});

describe('a log whose engine gathers by turn', () => {
  test('writes small batches of different callbacks of one turn together', async () => {
    const engine = await openWorld(newWorld(), { gatherWrites: 'turn' });
    const log = await openLog(engine);
    const before = engine.counters.writes;
    const first = log.append(batchOf(['a']));
    await Promise.resolve();
    const second = log.append(batchOf(['b']));
    await Promise.all([first, second]);
    expect(engine.counters.writes - before).toBe(1);
  });

  test('does not keep a large batch waiting for the turn to end', async () => {
    const engine = await openWorld(newWorld(), { gatherWrites: 'turn' });
    const log = await openLog(engine);
    const before = engine.counters.writes;
    const large = log.append(batchOf(['x'.repeat(20_000)]));
    await Promise.resolve();
    expect(engine.counters.writes - before).toBe(1);
    await large;
  });
});
