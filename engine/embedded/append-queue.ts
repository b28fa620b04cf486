import { types } from 'node:util';
import { buildBatch, buildBatchSync, type RecordInput } from '../batch/builder.js';
import type { CodecName } from '../batch/compression.js';
import { HEADER_SIZE, maxTimestamp } from '../batch/header.js';
import { timestampNumber } from '../batch/timestamp.js';
import type { Clock } from '../clock.js';
import { EngineError } from '../errors.js';
import type { LogSettings } from '../log/log-settings.js';
import type { Appended, PartitionLog } from '../log/partition-log.js';
import { type AppendOptions, expectedOffsetOf } from './append-options.js';
import { AppendRoom } from './append-room.js';
import type { ResolvedOptions } from './event-log-options.js';
import { type NewEvent, type PreparedRecord, prepareRecord } from './event-record.js';
import type { ValueCodec } from './value-encoding.js';

/** The place of a call's records in the log. */
export interface AppendResult {
  /** Offset of its first record. */
  readonly baseOffset: number;
  /** Offset of its last record, inclusive. */
  readonly lastOffset: number;
  /**
   * The largest timestamp of its records, as stored: the log's own time under `timestampType:
   * 'append'`.
   */
  readonly timestamp: number;
}

/**
 * One call of `append` that has not been answered. Its records may be spread over several batches.
 */
interface Call {
  /** Largest size of its records, uncompressed. */
  readonly bytes: number;
  batchesLeft: number;
  baseOffset: number;
  lastOffset: number;
  timestamp: number;
  failure: unknown;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: unknown) => void;
}

/** The records that one call has in one batch; they stand side by side. */
interface Share {
  readonly call: Call;
  /** Place of the first one in the batch. */
  readonly first: number;
  count: number;
  timestamp: number;
}

/** A batch in the making. */
interface OpenBatch {
  readonly records: RecordInput[];
  readonly shares: Share[];
  /** Largest size of the batch, uncompressed. */
  sizeMax: number;
  /** The offset that the batch, which is one call's alone, is to get; null: whichever is next. */
  readonly expectedOffset: number | null;
}

const ignore = (): void => {};

/**
 * Makes record batches of single records: the records that are appended in one turn of the event
 * loop become one batch, or as few batches as `maxBatchBytes` (before compression) allows. Batches
 * reach the log in the order of calls, even if their compression, on other threads, ends in another
 * order.
 */
export class AppendQueue {
  readonly #log: PartitionLog;
  readonly #codec: CodecName;
  readonly #clock: Clock;
  readonly #values: ValueCodec;
  #open: OpenBatch | null = null;
  /** Batches of this turn before `#open`, which take no more records. */
  #full: OpenBatch[] = [];
  #scheduled = false;
  /**
   * Settles when everything handed in before has reached the log; null when nothing is on its way.
   */
  #tail: Promise<unknown> | null = null;
  readonly #room: AppendRoom;

  constructor(
    log: PartitionLog,
    {
      codec,
      pendingBytesMax,
      whenFull,
    }: Pick<ResolvedOptions, 'codec' | 'pendingBytesMax' | 'whenFull'>,
    clock: Clock,
    values: ValueCodec,
  ) {
    this.#log = log;
    this.#codec = codec;
    this.#clock = clock;
    this.#values = values;
    this.#room = new AppendRoom(pendingBytesMax, whenFull);
  }

  /** Appends the records of one call, as `EventLog.append` promises. */
  append(
    events: NewEvent<unknown> | readonly NewEvent<unknown>[],
    options: AppendOptions = {},
  ): Promise<AppendResult> {
    let prepared: PreparedRecord[];
    let expectedOffset: number | null;
    try {
      expectedOffset = expectedOffsetOf(options);
      prepared = this.#prepare(Array.isArray(events) ? events : [events as NewEvent<unknown>]);
      if (expectedOffset !== null) this.#assertOneBatch(prepared);
    } catch (error) {
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      const add = () => this.#add(prepared, expectedOffset, resolve, reject);
      this.#room.enter(sizeOf(prepared), add, reject);
    });
  }

  /**
   * Hands in a batch that is ready, behind what was appended before. It is stamped in place and
   * belongs to the log from now on.
   */
  async appendBatch(batch: Buffer, options: AppendOptions = {}): Promise<AppendResult> {
    const expectedOffset = expectedOffsetOf(options);
    const bytes = batch.length;
    const appended = new Promise<Appended>((resolve, reject) => {
      const start = (): void => {
        this.cut();
        const ended = this.#submit(batch, (ready) =>
          this.#log.append(ready, 'client', expectedOffset),
        ).finally(() => this.#room.leave(bytes));
        resolve(ended);
      };
      this.#room.enter(bytes, start, reject);
    });
    const timestamp = bytes >= HEADER_SIZE ? timestampNumber(maxTimestamp(batch)) : -1;
    const { baseOffset, lastOffset, appendTimeMs } = await appended;
    return { baseOffset, lastOffset, timestamp: appendTimeMs >= 0 ? appendTimeMs : timestamp };
  }

  /**
   * Resolves when everything handed in before has reached the log, whether or not the log has taken
   * it.
   */
  async settled(): Promise<void> {
    const entered = this.#room.entered();
    if (entered !== null) await entered;
    this.cut();
    await this.#tail;
  }

  /** Refuses the appends that wait for room. */
  end(error: EngineError): void {
    this.#room.end(error);
  }

  /** Called with each outcome of a batch of the call. */
  #release({ batchesLeft, bytes }: Call): void {
    if (batchesLeft === 0) this.#room.leave(bytes);
  }

  /**
   * All checks that concern one record alone, so that a bad one fails its own call and not the
   * whole batch.
   */
  #prepare(events: readonly NewEvent<unknown>[]): PreparedRecord[] {
    const { settings } = this.#log;
    const nowMs = this.#clock.wallMs();
    if (events.length === 0) throw new EngineError('INVALID_RECORD', 'no record was given');
    return events.map((event) => {
      const prepared = prepareRecord(event, nowMs, this.#values);
      checkAgainst(settings, prepared, nowMs);
      return prepared;
    });
  }

  #assertOneBatch(prepared: readonly PreparedRecord[]): void {
    const { maxBatchBytes } = this.#log.settings;
    const size = HEADER_SIZE + sizeOf(prepared);
    if (prepared.length === 1 || size <= maxBatchBytes) return;
    throw new EngineError(
      'BATCH_TOO_LARGE',
      `a call with expectedOffset is one batch: its records take ${size} bytes, maxBatchBytes is ${maxBatchBytes}`,
    );
  }

  #add(
    prepared: readonly PreparedRecord[],
    expectedOffset: number | null,
    resolve: (result: AppendResult) => void,
    reject: (error: unknown) => void,
  ): void {
    const { maxBatchBytes } = this.#log.settings;
    const call: Call = {
      bytes: sizeOf(prepared),
      batchesLeft: 0,
      baseOffset: Number.POSITIVE_INFINITY,
      lastOffset: -1,
      timestamp: -1,
      failure: null,
      resolve,
      reject,
    };
    // A batch that is refused is one call's alone.
    if (expectedOffset !== null) this.#close();
    // A call that fits into a batch is kept whole or not at all: it is not split to fill up a
    // batch.
    else if (this.#open && this.#open.sizeMax + sizeOf(prepared) > maxBatchBytes) this.cut();
    for (const { record, sizeMax } of prepared) {
      const isOver = this.#open !== null && this.#open.sizeMax + sizeMax > maxBatchBytes;
      if (isOver && expectedOffset === null) this.cut();
      this.#open ??= { records: [], shares: [], sizeMax: HEADER_SIZE, expectedOffset };
      const { records, shares } = this.#open;
      let share = shares.at(-1);
      if (share?.call !== call) {
        share = { call, first: records.length, count: 0, timestamp: -1 };
        shares.push(share);
        call.batchesLeft++;
      }
      records.push(record);
      share.count++;
      share.timestamp = Math.max(share.timestamp, record.timestamp);
      this.#open.sizeMax += sizeMax;
    }
    if (expectedOffset !== null) this.#close();
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.afterTurn(() => {
      this.#scheduled = false;
      this.cut();
    });
  }

  /** Ends the batch in the making: the turn's next record begins another. */
  #close(): void {
    if (this.#open !== null) this.#full.push(this.#open);
    this.#open = null;
  }

  /** Ends the batch in the making and sends it on its way, behind those of the turn before it. */
  cut(): void {
    this.#close();
    const full = this.#full;
    if (full.length === 0) return;
    this.#full = [];
    for (const batch of full) this.#send(batch);
  }

  #send(open: OpenBatch): void {
    this.#submit(this.#build(open), (batch) =>
      this.#log.append(batch, 'built', open.expectedOffset),
    ).then(
      (appended) => {
        for (const share of open.shares) {
          succeed(share, appended);
          this.#release(share.call);
        }
      },
      (error: unknown) => {
        for (const { call } of open.shares) {
          settle(call, error);
          this.#release(call);
        }
      },
    );
  }

  /** Never throws: it is called outside of every call, where that would end the process. */
  #build(open: OpenBatch): Buffer | Promise<Buffer> {
    if (this.#codec !== 'none') return this.#compress(open);
    try {
      return buildBatchSync(open.records);
    } catch (error) {
      return Promise.reject(unbuildable(error));
    }
  }

  /** A batch that compression would make larger than a batch may be is stored uncompressed. */
  async #compress({ records }: OpenBatch): Promise<Buffer> {
    try {
      const packed = await buildBatch(records, { codec: this.#codec });
      return packed.length > this.#log.settings.maxBatchBytes ? buildBatchSync(records) : packed;
    } catch (error) {
      throw unbuildable(error);
    }
  }

  #submit(
    batch: Buffer | Promise<Buffer>,
    append: (ready: Buffer) => Promise<Appended>,
  ): Promise<Appended> {
    if (this.#tail === null && Buffer.isBuffer(batch)) return append(batch);
    // The compression may fail long before the batch is at the front of the queue.
    if (!Buffer.isBuffer(batch)) batch.catch(ignore);
    const turn = (this.#tail ?? Promise.resolve()).then(async () => {
      const ready = await batch;
      // Wrapped in an object, so that the next batch does not wait for the sync of this one.
      return { appended: append(ready) };
    });
    const tail = turn.then(({ appended }) => void appended.catch(ignore), ignore);
    this.#tail = tail;
    void tail.then(() => {
      if (this.#tail === tail) this.#tail = null;
    });
    return turn.then(({ appended }) => appended);
  }
}

function sizeOf(prepared: readonly PreparedRecord[]): number {
  return prepared.reduce((sum, { sizeMax }) => sum + sizeMax, 0);
}

/** Records were checked at their call: a TypeError is about bytes that are gone since. */
function unbuildable(cause: unknown): unknown {
  if (!types.isNativeError(cause) || cause.name !== 'TypeError') return cause;
  return new EngineError(
    'INVALID_RECORD',
    'bytes of a record of this batch were taken away (transferred?) before they were written: leave them alone until the append is settled',
    { cause },
  );
}

function checkAgainst(settings: LogSettings, prepared: PreparedRecord, nowMs: number): void {
  const { record, sizeAlone } = prepared;
  if (sizeAlone > settings.maxBatchBytes) {
    throw new EngineError(
      'BATCH_TOO_LARGE',
      `a record takes a batch of ${sizeAlone} bytes, maxBatchBytes is ${settings.maxBatchBytes}`,
    );
  }
  if (settings.compacted && record.key === null) {
    throw new EngineError('NULL_KEY', 'a record of a compacted log needs a key');
  }
  if (settings.timestampType === 'append') return;
  const aheadMs = record.timestamp - nowMs;
  if (aheadMs > settings.timestampAfterMaxMs || -aheadMs > settings.timestampBeforeMaxMs) {
    const [distance, key] =
      aheadMs > 0
        ? [`${aheadMs} ms ahead`, 'timestampAfterMaxMs']
        : [`${-aheadMs} ms behind`, 'timestampBeforeMaxMs'];
    throw new EngineError(
      'INVALID_TIMESTAMP',
      `timestamp ${record.timestamp} is ${distance}, more than ${key} allows`,
    );
  }
}

function succeed({ call, first, count, timestamp }: Share, appended: Appended): void {
  const baseOffset = appended.baseOffset + first;
  call.baseOffset = Math.min(call.baseOffset, baseOffset);
  call.lastOffset = Math.max(call.lastOffset, baseOffset + count - 1);
  const stored = appended.appendTimeMs >= 0 ? appended.appendTimeMs : timestamp;
  call.timestamp = Math.max(call.timestamp, stored);
  settle(call, null);
}

/** One of the call's batches has its outcome. The first failure is the call's. */
function settle(call: Call, failure: unknown): void {
  call.failure ??= failure;
  if (--call.batchesLeft > 0) return;
  const { baseOffset, lastOffset, timestamp } = call;
  if (call.failure === null) call.resolve({ baseOffset, lastOffset, timestamp });
  else call.reject(call.failure);
}
