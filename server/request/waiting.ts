import type { ConnectionInfo } from '../net/dispatcher.js';
import type { DelayedOperations } from './delayed.js';

/**
 * A key that a wait looks at again when it moves: a partition, a fetch session, a client that is
 * called to a rebalance. The waiting request knows which keys it has named.
 */
export type WaitKey = object | string;

export interface Wait {
  readonly delayed: DelayedOperations<WaitKey>;
  /** The wait is looked at again whenever one of them moves. */
  readonly keys: readonly WaitKey[];
  /** On the monotonic clock. */
  readonly deadlineMs: number;
  /** The connection on whose behalf it waits; the wait ends with it. Null: no connection. */
  readonly connection: ConnectionInfo | null;
  /** Whether the wait is over. `moved`: null where it is unknown what has moved. */
  isDone(moved: WaitKey | null): boolean;
}

/** A wait under way. */
export interface Waiting {
  /**
   * True once `isDone` has said so or `end` was called; false when the deadline, a call or the end
   * of the connection came first. Rejects with what `isDone` throws.
   */
  readonly over: Promise<boolean>;
  readonly isOver: boolean;
  /** Waits on one more key. */
  watch(key: WaitKey): void;
  /** Ends the wait. */
  end(): void;
}

/** Begins to wait. Asks `isDone` at once. */
export function startWaiting(wait: Wait): Waiting {
  let isOver = false;
  let watch = (_key: WaitKey): void => {};
  let end = (): void => {};
  const over = new Promise<boolean>((resolve, reject) => {
    let stopListening = (): void => {};
    const settle = (done: boolean): void => {
      isOver = true;
      stopListening();
      resolve(done);
    };
    const handle = wait.delayed.add({
      keys: wait.keys,
      deadlineMs: wait.deadlineMs,
      tryComplete: (moved) => {
        // This is called from within a step of a log, which an error must not end.
        try {
          if (!wait.isDone(moved)) return false;
          settle(true);
        } catch (error) {
          isOver = true;
          stopListening();
          reject(error);
        }
        return true;
      },
      onExpire: () => settle(false),
    });
    watch = handle.watch;
    end = () => {
      handle.cancel();
      settle(true);
    };
    if (isOver || wait.connection === null) return;
    stopListening = wait.connection.onClose(() => {
      handle.cancel();
      settle(false);
    });
  });
  return {
    over,
    get isOver() {
      return isOver;
    },
    watch,
    end,
  };
}

/** Resolves as `Waiting.over` does. */
export function waitFor(wait: Wait): Promise<boolean> {
  return startWaiting(wait).over;
}
