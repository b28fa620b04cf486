import type { Clock } from '../../clock.js';

/** Somebody with something staged. */
export interface StagedWrites {
  flush(): unknown;
}

/**
 * Has it flushed once, when everything that arrives together with what is staged now has been
 * staged as well.
 */
export type WriteGathering = (staged: StagedWrites) => void;

/** For a program, which appends and awaits: after the microtasks that are running. */
export const gatherByMicrotask: WriteGathering = (staged) => afterMicrotasks(() => staged.flush());

const settled = Promise.resolve();

/** As `queueMicrotask`, for the hot path: Node's makes an AsyncResource for each call. */
export function afterMicrotasks(work: () => void): void {
  void settled.then(() => {
    try {
      work();
    } catch (error) {
      // Outside of every promise, so that nobody can take a broken program for a rejection.
      setImmediate(() => raise(error));
    }
  });
}

function raise(error: unknown): never {
  throw error;
}

/**
 * For a broker: after all sockets that this turn of the event loop has to hand over, so that the
 * small batches of many clients leave in one write. One callback serves all logs.
 */
export function gatherByTurn(clock: Clock): WriteGathering {
  let waiting: StagedWrites[] = [];
  return (staged) => {
    if (waiting.push(staged) > 1) return;
    clock.afterTurn(() => {
      const due = waiting;
      waiting = [];
      for (const each of due) each.flush();
    });
  };
}
