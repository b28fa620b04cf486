import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { PartitionLog } from '../log/partition-log.js';
import type { TurnSlices } from '../turn-slices.js';
import { abortError, throwIfAborted } from './abort.js';
import { asEvent, type EventRecord } from './event-record.js';
import { extentOf, readBatchBytes, storedBatches } from './stored-batches.js';

/**
 * Where a follower begins: at the log's present start, behind its present end, or at an offset
 * (inclusive).
 */
export type FollowFrom = 'start' | 'end' | number;

/** The options of `EventLog.follow`. */
export interface FollowOptions {
  /** Default 'start'. */
  readonly from?: FollowFrom | undefined;
  /** Ends the iteration with an AbortError, as in `events.on`. */
  readonly signal?: AbortSignal | undefined;
}

/** Iterates over the records of a log, as `EventLog.follow` promises. */
export function followLog(
  log: PartitionLog,
  { from = 'start', signal }: FollowOptions,
  slices: TurnSlices,
): AsyncIterableIterator<EventRecord> {
  // The start is taken now, not at the first `next`: the follower gets records that are appended
  // between the two.
  const begin = from === 'end' ? log.highWatermark : from;
  const waiting = new Waiting(log, signal);
  const records = follow(log, begin, waiting, slices, signal);
  return {
    next: () => records.next(),
    return: () => {
      // A generator takes note of `return` only when its pending `next` is over.
      waiting.stop();
      return records.return(undefined);
    },
    throw: (error) => {
      waiting.stop();
      return records.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function* follow(
  log: PartitionLog,
  from: 'start' | number,
  waiting: Waiting,
  slices: TurnSlices,
  signal: AbortSignal | undefined,
): AsyncGenerator<EventRecord, void> {
  const work = slices.begin();
  let offset = from === 'start' ? log.logStartOffset : from;
  for (;;) {
    throwIfAborted(signal);
    const endBefore = log.logEndOffset;
    let bytes: Buffer;
    try {
      const reading = readBatchBytes(log, offset, LIMITS.embeddedFollowBytes, signal);
      if (reading === null) {
        // Nothing has been awaited since the look at the log, so no move of its end is missed.
        await waiting.forAdvance();
        if (waiting.isStopped) return;
        continue;
      }
      bytes = await reading;
    } catch (error) {
      if (error instanceof EngineError && error.code === 'LOG_CLOSED') return;
      throw error;
    }
    for await (const batch of storedBatches(bytes, offset, slices, extentOf(log, endBefore))) {
      for (const record of batch.records) {
        const pause = work.did(1 + record.headers.length, 'records');
        if (pause !== null) await pause;
        if (record.offset < offset) continue;
        throwIfAborted(signal);
        yield asEvent(record);
      }
      offset = batch.nextOffset;
    }
  }
}

/**
 * The wait of one follower for a change: more records, another log start, the close of the log, or
 * its own end.
 */
class Waiting {
  readonly #log: PartitionLog;
  readonly #signal: AbortSignal | undefined;
  #wake: (() => void) | null = null;
  isStopped = false;

  constructor(log: PartitionLog, signal: AbortSignal | undefined) {
    this.#log = log;
    this.#signal = signal;
  }

  /** Ends the wait, and further waits: the caller wants no more records. */
  stop(): void {
    this.isStopped = true;
    this.#wake?.();
  }

  /** Resolves at the next move of the log, or when `stop` is called; rejects on abort. */
  async forAdvance(): Promise<void> {
    if (this.isStopped) return;
    const signal = this.#signal;
    let unsubscribe = (): void => {};
    try {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        unsubscribe = this.#log.watermark.onAdvance(resolve);
        signal?.addEventListener('abort', this.#onAbort, { once: true });
      });
    } finally {
      this.#wake = null;
      unsubscribe();
      signal?.removeEventListener('abort', this.#onAbort);
    }
    if (signal?.aborted) throw abortError(signal);
  }

  readonly #onAbort = (): void => this.#wake?.();
}
