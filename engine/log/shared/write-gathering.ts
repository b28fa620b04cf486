import type { Clock } from '../../clock.js';

/** A writer with staged batches. */
export interface StagedWrites {
  flush(): unknown;
}

/**
 * Flushes a writer once, when all batches that arrive together with the staged ones have been
 * staged as well.
 */
export type WriteGathering = (staged: StagedWrites) => void;

/** For a program, which appends and awaits: flushes after the microtasks of this moment. */
export const gatherByMicrotask: WriteGathering = (staged) => afterMicrotasks(() => staged.flush());

const settled = Promise.resolve();

/** As `queueMicrotask`, for the hot path: Node's makes an AsyncResource for each call. */
export function afterMicrotasks(work: () => void): void {
  void settled.then(() => {
    try {
      work();
    } catch (error) {
      // Thrown outside of every promise, so that no caller can take a bug for a rejection.
      setImmediate(() => raise(error));
    }
  });
}

function raise(error: unknown): never {
  throw error;
}

/**
 * For a broker: flushes after all sockets that this turn of the event loop delivers, so that the
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
