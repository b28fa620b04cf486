import { ManualClock } from '../../engine/index.js';

/**
 * A clock that goes on by itself while somebody rests, and the rests that were taken, in
 * milliseconds.
 */
export function restingClock() {
  const clock = new ManualClock();
  const rests: number[] = [];
  const resting = {
    monotonicMs: () => clock.monotonicMs(),
    schedule: (ms: number, done: () => void) => {
      rests.push(ms);
      const timer = clock.schedule(ms, done);
      clock.advance(ms);
      return timer;
    },
  };
  return { clock, resting, rests };
}
