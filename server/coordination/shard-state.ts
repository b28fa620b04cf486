import type { Term } from './term.js';

/**
 * The state of one shard while it leads: made for a term, filled from the records of the log, and
 * dropped when the term is over. It is never used again.
 */
export interface ShardState<R> {
  /** Takes in a record of the log, in the log's order, before any other call. */
  replay(record: R): void;
  /** Called when every record was replayed. Resolves when requests can be served. */
  loaded(): Promise<void>;
  /**
   * Called when the term is over. Before it returns, it takes its counts out of the broker's
   * totals. Resolves when every waiting request was answered with NOT_COORDINATOR.
   */
  forget(): Promise<void>;
}

/** Makes the state of a shard for one term, empty. */
export type OpenState<R, S extends ShardState<R>> = (term: Term<R>) => S;
