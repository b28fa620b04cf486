import type { Clock } from '../clock.js';

/** Runs `flush` once, when everything that arrives together with what is staged now has been staged as well. */
export type WriteGathering = (flush: () => void) => void;

/** For a program, which appends and awaits: after the microtasks that are running. */
export const gatherByMicrotask: WriteGathering = (flush) => queueMicrotask(flush);

/**
 * For a broker: after all sockets that this turn of the event loop has to hand over, so that the small batches of many clients leave in
 * one write. One callback serves all logs.
 */
export function gatherByTurn(clock: Clock): WriteGathering {
  let waiting: (() => void)[] = [];
  return (flush) => {
    if (waiting.push(flush) > 1) return;
    clock.afterTurn(() => {
      const due = waiting;
      waiting = [];
      for (const each of due) each();
    });
  };
}
