import type { ClientKey } from '../groups/rebalance-calls.js';
import type { DelayedOperations } from '../net/delayed.js';
import type { ConnectionInfo } from '../net/dispatcher.js';
import type { FetchSession } from './fetch-session.js';
import type { Partition } from './partition.js';

/** A partition moves, or one of a session's; a client is called, which ends its waiting. */
export type WaitKey = Partition | FetchSession | ClientKey;

export interface Wait {
  readonly delayed: DelayedOperations<WaitKey>;
  /** Looked at again whenever one of the partitions moves. */
  readonly keys: readonly WaitKey[];
  /** On the monotonic clock. */
  readonly deadlineMs: number;
  /** On whose behalf; waiting ends with it. */
  readonly connection: ConnectionInfo;
  isDone(): boolean;
}

/** Resolves when `isDone` says so (true), or the deadline, a call or the end of the connection comes first (false). Rejects with what `isDone` throws. */
export function waitFor(wait: Wait): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let stopListening = (): void => {};
    const settle = (done: boolean): void => {
      stopListening();
      resolve(done);
    };
    const handle = wait.delayed.add({
      keys: wait.keys,
      deadlineMs: wait.deadlineMs,
      tryComplete: () => {
        // Called from within a log's own step, which an error must not end.
        try {
          if (!wait.isDone()) return false;
          settle(true);
        } catch (error) {
          stopListening();
          reject(error);
        }
        return true;
      },
      onExpire: () => settle(false),
    });
    stopListening = wait.connection.onClose(() => {
      handle.cancel();
      resolve(false);
    });
  });
}
