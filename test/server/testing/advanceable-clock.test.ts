import { expect, test } from 'vitest';
import { ManualClock } from '../../../engine/manual-clock.js';
import { AdvanceableClock } from '../../../server/testing/advanceable-clock.js';

function clocks() {
  const base = new ManualClock();
  const clock = new AdvanceableClock(base);
  const ran: string[] = [];
  const note = (what: string) => () => void ran.push(`${what} at ${clock.monotonicMs()}`);
  return { base, clock, ran, note };
}

test('it runs with the clock beneath, and ahead of it once advanced', async () => {
  const { base, clock } = clocks();
  const wallMs = clock.wallMs();
  base.advance(10);
  await clock.advance('7d');
  base.advance(5);
  expect(clock.wallMs() - wallMs).toBe(604_800_015);
  expect(clock.monotonicMs()).toBe(604_800_015);
  expect(base.monotonicMs()).toBe(15);
});

test('timers run when the time beneath comes, or when it is jumped over, once either way', async () => {
  const { base, clock, ran, note } = clocks();
  clock.schedule(100, note('a'));
  clock.schedule(300, note('c'));
  clock.schedule(200, note('b'));
  base.advance(100);
  expect(ran).toEqual(['a at 100']);
  await clock.advance(200);
  expect(ran).toEqual(['a at 100', 'b at 300', 'c at 300']);
  base.advance(1000);
  expect(ran).toHaveLength(3);
});

test('a timer beyond the jump is due that much sooner', async () => {
  const { base, clock, ran, note } = clocks();
  clock.schedule(1000, note('a'));
  await clock.advance(900);
  base.advance(99);
  expect(ran).toEqual([]);
  base.advance(1);
  expect(ran).toEqual(['a at 1000']);
});

test('a timer that is taken back does not run, also when one that runs before takes it back', async () => {
  const { base, clock, ran, note } = clocks();
  const first = clock.schedule(10, note('first'));
  clock.schedule(20, () => third.cancel());
  const third = clock.schedule(30, note('third'));
  first.cancel();
  first.cancel();
  await clock.advance('1s');
  base.advance(1000);
  expect(ran).toEqual([]);
});

test('what repeats itself runs once in a jump, and goes on from there', async () => {
  const { clock, ran, note, base } = clocks();
  const again = (): void => {
    note('tick')();
    clock.schedule(100, again);
  };
  clock.schedule(100, again);
  await clock.advance(1000);
  expect(ran).toEqual(['tick at 1000']);
  base.advance(100);
  expect(ran).toEqual(['tick at 1000', 'tick at 1100']);
});

test('advance waits for the work that a timer begins, and tells of its failure', async () => {
  const { clock } = clocks();
  let done = false;
  clock.schedule(10, async () => {
    await new Promise((resolve) => setImmediate(resolve));
    done = true;
  });
  await clock.advance(10);
  expect(done).toBe(true);
  clock.schedule(10, () => Promise.reject(new Error('no disk')));
  await expect(clock.advance(10)).rejects.toThrow('no disk');
  await expect(clock.advance('1w' as '1s')).rejects.toThrow(RangeError);
});
