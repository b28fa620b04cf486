import type { RecordView } from '../batch/records.js';
import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { PartitionLog } from '../log/partition-log.js';
import { assertKnownOptions, assertOptionsObject } from '../nearest-name.js';
import { shown } from '../shown.js';
import { abortError, assertSignal, throwIfAborted } from './abort.js';
import type { EventReader } from './event-reader.js';
import type { EventRecord } from './event-record.js';
import { type Place, placeOf } from './place.js';
import { recordsBackwards } from './reverse.js';
import { extentOf, readBatchBytes, storedBatches } from './stored-batches.js';
import { Unpacked } from './unpacked.js';

/** The options of `EventLog.follow`. */
export interface FollowOptions {
  /** Default 'start'. */
  readonly from?: Place | undefined;
  /** Ends the iteration with an AbortError, as in `events.on`. */
  readonly signal?: AbortSignal | undefined;
  /** False: ends at the log's present end instead of waiting for more. Default true. */
  readonly live?: boolean | undefined;
}

/** The options of `EventLog.records`. */
export interface RecordsOptions {
  /** Inclusive. Default 'start'. */
  readonly from?: Place | undefined;
  /** Exclusive. Default 'end'; records behind the present end are left out. */
  readonly to?: Place | undefined;
  /**
   * True: the same records from high to low; `from` stays the lower end, inclusive, and `to` the
   * higher. Default false.
   */
  readonly reverse?: boolean | undefined;
  /** Ends the iteration with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

/** Records as they come. While it waits it keeps the process alive, as a server does. */
export interface Follower<Value = Buffer> extends AsyncIterableIterator<EventRecord<Value>> {
  /** From now on its waiting does not keep the process alive. */
  unref(): this;
  /** Takes `unref` back. */
  ref(): this;
}

/** Iterates over the records of a log, as `EventLog.follow` promises. Throws INVALID_SETTING. */
export function followLog<Value>(
  log: PartitionLog,
  options: FollowOptions,
  reader: EventReader<Value>,
): Follower<Value> {
  assertOptionsObject('follow', options);
  assertKnownOptions('follow', options, ['from', 'signal', 'live']);
  const { from = 'start', signal, live = true } = options;
  assertSignal(signal);
  if (typeof live !== 'boolean') throw invalid(`live is true or false, not ${shown(live)}`);
  // The start is taken now, not at the first `next`: the follower gets records that are appended
  // between the two.
  const end = live ? Number.POSITIVE_INFINITY : log.highWatermark;
  return iterate(log, placeOf(log, 'from', from), end, reader, signal);
}

/** Iterates over a range of a log, as `EventLog.records` promises. Throws INVALID_SETTING. */
export function recordsOf<Value>(
  log: PartitionLog,
  options: RecordsOptions,
  reader: EventReader<Value>,
): AsyncIterableIterator<EventRecord<Value>> {
  assertOptionsObject('records', options);
  assertKnownOptions('records', options, ['from', 'to', 'reverse', 'signal']);
  const { from = 'start', to = 'end', reverse = false, signal } = options;
  assertSignal(signal);
  if (typeof reverse !== 'boolean') {
    throw invalid(`reverse is true or false, not ${shown(reverse)}`);
  }
  const present = log.highWatermark;
  const end = placeOf(log, 'to', to);
  const bounded = typeof end === 'number' ? Math.min(end, present) : boundedBy(end, present);
  const begin = placeOf(log, 'from', from);
  return reverse
    ? recordsBackwards(log, begin, bounded, reader, signal)
    : iterate(log, begin, bounded, reader, signal);
}

/** Awaited with the first record, if ever; it may fail before. */
function boundedBy(end: Promise<number>, most: number): Promise<number> {
  const bounded = end.then((offset) => Math.min(offset, most));
  bounded.catch(() => {});
  return bounded;
}

function iterate<Value>(
  log: PartitionLog,
  from: number | Promise<number>,
  end: number | Promise<number>,
  reader: EventReader<Value>,
  signal: AbortSignal | undefined,
): Follower<Value> {
  const waiting = new Waiting(log, signal);
  const records = new Unpacked(follow(log, from, end, waiting, reader, signal), (record) => {
    throwIfAborted(signal);
    return reader.decode(record);
  });
  return {
    next: () => records.next(),
    return: () => {
      // A generator takes note of `return` only when its pending `next` is over.
      waiting.stop();
      return records.return();
    },
    throw: (error) => {
      waiting.stop();
      return records.throw(error);
    },
    ref() {
      waiting.keepAlive(true);
      return this;
    },
    unref() {
      waiting.keepAlive(false);
      return this;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function invalid(message: string): EngineError {
  return new EngineError('INVALID_SETTING', message);
}

/** Records of one log, some at a time: a step of a generator costs more than a record. */
async function* follow<Value>(
  log: PartitionLog,
  from: number | Promise<number>,
  until: number | Promise<number>,
  waiting: Waiting,
  { slices }: EventReader<Value>,
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordView[], void> {
  const work = slices.begin();
  let offset = await from;
  const end = await until;
  while (offset < end) {
    throwIfAborted(signal);
    const endBefore = log.logEndOffset;
    let bytes: Buffer;
    try {
      const reading = readBatchBytes(log, offset, LIMITS.embeddedFollowBytes, signal);
      if (reading === null) {
        // A bounded follower comes here when the log was truncated meanwhile.
        if (end < Number.POSITIVE_INFINITY) return;
        // Nothing has been awaited since the look at the log, so no move of its end is missed.
        await waiting.forAdvance();
        if (waiting.isStopped) return;
        continue;
      }
      bytes = await reading;
    } catch (error) {
      const isClosed = error instanceof EngineError && error.code === 'LOG_CLOSED';
      // A bounded reader says that it did not come to its end.
      if (isClosed && end === Number.POSITIVE_INFINITY) return;
      throw error;
    }
    for await (const batch of storedBatches(bytes, offset, slices, extentOf(log, endBefore))) {
      let some: RecordView[] = [];
      for (const record of batch.records) {
        const pause = work.did(1 + record.headers.length, 'records');
        if (pause !== null) await pause;
        if (record.offset < offset) continue;
        if (record.offset >= end) {
          yield some;
          return;
        }
        some.push(record);
        if (some.length < LIMITS.embeddedRecordsAtOnce) continue;
        yield some;
        some = [];
      }
      yield some;
      offset = batch.nextOffset;
    }
  }
}

/** The longest interval that Node has. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * The wait of one follower for a change: more records, another log start, the close of the log, or
 * its own end.
 */
class Waiting {
  readonly #log: PartitionLog;
  readonly #signal: AbortSignal | undefined;
  #wake: (() => void) | null = null;
  #keepsAlive = true;
  #alive: NodeJS.Timeout | null = null;
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

  /** Whether the process lives on while this waits. */
  keepAlive(keeps: boolean): void {
    this.#keepsAlive = keeps;
    if (keeps) this.#alive?.ref();
    else this.#alive?.unref();
  }

  /** Resolves at the next move of the log, or when `stop` is called; rejects on abort. */
  async forAdvance(): Promise<void> {
    if (this.isStopped) return;
    const signal = this.#signal;
    let unsubscribe = (): void => {};
    // An open log does not keep the process alive: its files are read only on a call.
    this.#alive = setInterval(() => {}, NEVER_MS);
    this.keepAlive(this.#keepsAlive);
    try {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        unsubscribe = this.#log.watermark.onAdvance(resolve);
        signal?.addEventListener('abort', this.#onAbort, { once: true });
      });
    } finally {
      this.#wake = null;
      clearInterval(this.#alive);
      this.#alive = null;
      unsubscribe();
      signal?.removeEventListener('abort', this.#onAbort);
    }
    if (signal?.aborted) throw abortError(signal);
  }

  readonly #onAbort = (): void => this.#wake?.();
}
