import type { EventRecord } from './event-record.js';

/** The options of `EventLog.read`. */
export interface ReadOptions {
  /** First wanted offset. */
  readonly offset: number;
  /**
   * Bound of the answer, for stored bytes and for unpacked bytes; the answer has whole batches
   * only, but at least one, so it may be larger. Default 1 MiB.
   */
  readonly maxBytes?: number | undefined;
  /** Ends a read that is under way with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

/** The answer of `EventLog.read`. */
export interface EventRead<Value = Buffer> {
  /** In offset order. Empty at the end of the log. */
  readonly records: EventRecord<Value>[];
  /** The offset to read on from. Equal to the asked offset only at the end of the log. */
  readonly nextOffset: number;
}
