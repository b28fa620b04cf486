import { expect, test } from 'vitest';
import { LIMITS } from '../../engine/limits.js';
import { ManualClock } from '../../engine/manual-clock.js';
import { TurnSlices } from '../../engine/turn-slices.js';
import { TurnMeter } from '../support/turn-meter.js';

async function look(slices: TurnSlices, count: number, each: () => void = () => {}): Promise<void> {
  for (let index = 0; index < count; index++) {
    each();
    const pause = slices.did(1);
    if (pause !== null) await pause;
  }
}

test('work below the allowance of a turn never waits', () => {
  const slices = new TurnSlices(new ManualClock());
  expect(slices.did(LIMITS.turnElementsMax - 1)).toBeNull();
  expect(slices.did(LIMITS.turnBytesMax - 1, 'bytes')).toBeNull();
});

test('long work takes no more than the allowance from a turn, however many do it at once', async () => {
  const meter = new TurnMeter();
  const slices = new TurnSlices(new ManualClock(), meter);
  const jobs = Array.from({ length: 5 }, () => look(slices, 3 * LIMITS.turnElementsMax));
  await Promise.all(jobs);
  meter.stop();
  expect(meter.total.elements).toBe(15 * LIMITS.turnElementsMax);
  // One element more for each that begins in a turn whose allowance is used up.
  expect(meter.most.elements).toBeLessThanOrEqual(LIMITS.turnElementsMax + 5);
});

test('those who wait go on in the order in which they came, a turn each', async () => {
  const slices = new TurnSlices(new ManualClock());
  const finished: string[] = [];
  const job = async (name: string) => {
    await look(slices, LIMITS.turnElementsMax + 1);
    finished.push(name);
  };
  await Promise.all([job('a'), job('b'), job('c')]);
  expect(finished).toEqual(['a', 'b', 'c']);
});

test('bytes are counted apart from elements', () => {
  const slices = new TurnSlices(new ManualClock());
  expect(slices.did(LIMITS.turnBytesMax, 'bytes')).toBeInstanceOf(Promise);
});
