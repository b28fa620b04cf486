import type { Term } from './term.js';

/**
 * What a coordinator keeps of one shard while it leads: made for a term, filled by the records of
 * the log, and left when the term is over. It is never used again.
 */
export interface ShardState<R> {
  /** Takes over a record of the log, in the log's order, before anything else is asked. */
  replay(record: R): void;
  /** Every record was replayed. Resolves when requests can be served. */
  loaded(): Promise<void>;
  /**
   * The term is over. Gives back, before it returns, what it counted for in the broker's bounds.
   * Resolves when everybody who waits was answered with NOT_COORDINATOR.
   */
  forget(): Promise<void>;
}

/** Makes the state of a shard for one term, empty. */
export type OpenState<R, S extends ShardState<R>> = (term: Term<R>) => S;
