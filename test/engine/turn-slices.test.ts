import { expect, test } from 'vitest';
import { LIMITS } from '../../engine/limits.js';
import { ManualClock } from '../../engine/manual-clock.js';
import { TurnSlices } from '../../engine/turn-slices.js';
import { TurnClock } from '../support/turn-clock.js';
import { TurnMeter } from '../support/turn-meter.js';

const TURN = LIMITS.turnElementsMax;
const SHORT = TURN * LIMITS.shortWorkShare;
/** What a turn may do in all, short work together included. */
const TURN_AT_MOST = TURN * (1 + LIMITS.turnShortShareMax);

async function look(slices: TurnSlices, count: number): Promise<void> {
  const work = slices.begin();
  for (let index = 0; index < count; index++) {
    const pause = work.did(1);
    if (pause !== null) await pause;
  }
}

/** Turns that the test ends itself, each when all work in it has come as far as it may. */
class Turns {
  readonly clock = new TurnClock();
  count = 0;

  async next(): Promise<void> {
    this.count += 1;
    await new Promise((resolve) => setImmediate(resolve));
    this.clock.endTurn();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** How many turns it takes until `done` has resolved. */
  async until(done: Promise<void>): Promise<number> {
    const from = this.count;
    let isDone = false;
    void done.then(() => (isDone = true));
    await Promise.resolve();
    while (!isDone) await this.next();
    return this.count - from;
  }
}

test('work below the allowance of a turn never waits', () => {
  const work = new TurnSlices(new ManualClock()).begin();
  expect(work.did(TURN / 2 - 1)).toBeNull();
  expect(work.did(LIMITS.turnBytesMax / 2 - 1, 'bytes')).toBeNull();
});

test('work of different kinds adds up to one allowance', () => {
  const work = new TurnSlices(new ManualClock()).begin();
  expect(work.did(TURN / 2)).toBeNull();
  expect(work.did(LIMITS.turnBytesMax / 2, 'bytes')).toBeInstanceOf(Promise);
});

test('long work takes no more than the allowance from a turn, however many do it at once', async () => {
  const meter = new TurnMeter();
  const slices = new TurnSlices(new ManualClock(), meter);
  const jobs = Array.from({ length: 5 }, () => look(slices, 3 * TURN));
  await Promise.all(jobs);
  meter.stop();
  expect(meter.total.elements).toBe(15 * TURN);
  // Those that begin in a turn whose allowance is used up are short until they have done their
  // share.
  expect(meter.most.elements).toBeLessThanOrEqual(TURN + 5 * SHORT);
});

test('short work does not wait for long work, however much of that waits', async () => {
  const turns = new Turns();
  const slices = new TurnSlices(turns.clock);
  const long = Array.from({ length: 300 }, () => look(slices, 10 * TURN));
  for (let each = 0; each < 600; each++) await turns.next();
  expect(await turns.until(look(slices, SHORT - 1))).toBe(0);
  // What is longer waits behind those that have done as little, not behind those that have done
  // more.
  expect(await turns.until(look(slices, TURN / 2))).toBeLessThanOrEqual(5);
  expect(await turns.until(Promise.all(long).then(() => {}))).toBeGreaterThan(2_000);
});

test('short work of very many is bounded in a turn, all together, and waits for few turns', async () => {
  const turns = new Turns();
  const meter = new TurnMeter();
  const slices = new TurnSlices(turns.clock, meter);
  const many = Array.from({ length: 300 }, () => look(slices, SHORT - 1));
  expect(await turns.until(look(slices, SHORT - 1))).toBeLessThanOrEqual(300 / 10);
  await Promise.all(many);
  meter.stop();
  // One element more for each that begins in a turn whose allowance is used up.
  expect(meter.most.elements).toBeLessThanOrEqual(TURN_AT_MOST + 300);
});

test('long work goes on in each turn although there is more short work than turns take', async () => {
  const turns = new Turns();
  const slices = new TurnSlices(turns.clock);
  let isDone = false;
  void look(slices, 10 * TURN).then(() => (isDone = true));
  while (!isDone) {
    for (let each = 0; each < 50; each++) void look(slices, SHORT - 1);
    await turns.next();
  }
  expect(turns.count).toBeLessThanOrEqual(10 / LIMITS.turnOldestShare + 1);
});

test('no work waits for more turns than there are others waiting', async () => {
  const turns = new Turns();
  const slices = new TurnSlices(turns.clock);
  const work = slices.begin();
  // Has done more than anybody else.
  void work.did(100 * TURN);
  const others = Array.from({ length: 20 }, () => look(slices, 1_000 * TURN));
  const pause = work.did(1);
  expect(pause).toBeInstanceOf(Promise);
  expect(await turns.until(pause!)).toBeLessThanOrEqual(others.length + 1);
});

test('what was granted for one turn is not there in a later one', async () => {
  const turns = new Turns();
  const slices = new TurnSlices(turns.clock);
  const work = slices.begin();
  const pause = work.did(TURN);
  await turns.until(pause!);
  await turns.next();
  const other = slices.begin();
  expect(other.did(TURN)).toBeInstanceOf(Promise);
  expect(work.did(1)).toBeInstanceOf(Promise);
});
