import { ManualClock } from '../../engine/index.js';

/**
 * A clock that goes on by itself during the pauses of a job, and the pauses that were made, in
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
