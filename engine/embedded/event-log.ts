import { types } from 'node:util';
import type { FieldInput } from '../batch/builder.js';
import type { CodecName } from '../batch/compression.js';
import type { Clock } from '../clock.js';
import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { CompactionResult, PartitionLog, ScrubResult } from '../log/partition-log.js';
import type { LogWorkOptions } from '../log-progress.js';
import { assertKnownOptions, assertOptionsObject } from '../nearest-name.js';
import { shown } from '../shown.js';
import type { TurnSlices } from '../turn-slices.js';
import { assertSignal, throwIfAborted } from './abort.js';
import type { AppendOptions } from './append-options.js';
import { AppendQueue, type AppendResult } from './append-queue.js';
import type { WhenFull } from './append-room.js';
import { type Cursor, type CursorOptions, openCursor } from './cursor.js';
import type { CursorStore } from './cursor-store.js';
import type { ResolvedOptions } from './event-log-options.js';
import type { EventReader } from './event-reader.js';
import type { EventRecord, NewEvent } from './event-record.js';
import {
  type Follower,
  type FollowOptions,
  followLog,
  type RecordsOptions,
  recordsOf,
} from './follow.js';
import { assertOffset } from './place.js';
import type { EventRead, ReadOptions } from './read-options.js';
import { decodeInSlices, extentOf, readBatchBytes, storedBatches } from './stored-batches.js';
import { type IsoTime, timeMsOf } from './time.js';
import { VALUE_CODECS, type ValueEncoding } from './value-encoding.js';

/** The owner that opened a log, and that closes and deletes it. */
export interface EventLogOwner {
  /** Cuts long reads into slices. */
  readonly slices: TurnSlices;
  readonly cursors: CursorStore;
  /** Why its logs are not changed (READ_ONLY); null where they may be. */
  readonly refusal: EngineError | null;
  /** Throws where its logs are not deleted by their own call. */
  assertDeletable?(): void;
  /** Closes the partition once everything in it is durable. */
  closed(log: EventLog<unknown, unknown>): Promise<void>;
  deleted(log: EventLog<unknown, unknown>): Promise<void>;
}

/**
 * A named log of records, partition 0 of a topic of that name, made by `engine.log(name)`. All
 * methods may be called at any time; appends take effect in call order. `Value` is what its records
 * are read as, `Input` what may be appended, by its `valueEncoding`.
 *
 * Methods reject with `EngineError`: LOG_CLOSED after `close`, `delete` or the engine's end;
 * STORAGE_OFFLINE once the disk has failed, until a restart.
 */
export class EventLog<Value = Buffer, Input = FieldInput> {
  readonly name: string;
  /** Compression of what `append` writes. */
  readonly codec: CodecName;
  /** Bytes of appends that may be under way. */
  readonly pendingBytesMax: number;
  readonly whenFull: WhenFull;
  /** How values are written and read. */
  readonly valueEncoding: ValueEncoding;
  /** The log below, for programs that want raw batches, settings, rolls and retention. */
  readonly partition: PartitionLog;
  readonly #queue: AppendQueue;
  readonly #owner: EventLogOwner;
  readonly #reader: EventReader<Value>;
  #end: Promise<void> | null = null;

  /** Made by `Engine.log`. */
  constructor(
    partition: PartitionLog,
    options: Pick<ResolvedOptions, 'codec' | 'valueEncoding' | 'pendingBytesMax' | 'whenFull'>,
    clock: Clock,
    owner: EventLogOwner,
  ) {
    const { codec, valueEncoding } = options;
    const values = VALUE_CODECS[valueEncoding];
    this.name = partition.name.topic;
    this.partition = partition;
    this.codec = codec;
    this.pendingBytesMax = options.pendingBytesMax;
    this.whenFull = options.whenFull;
    this.valueEncoding = valueEncoding;
    this.#queue = new AppendQueue(partition, options, clock, values);
    this.#owner = owner;
    const decode = values.decode as EventReader<Value>['decode'];
    this.#reader = { slices: owner.slices, decode };
  }

  /** The log's id, as in its folder's `partition.metadata`. */
  get topicId(): string {
    return this.partition.name.topicId;
  }
  /** First offset that can be read. */
  get startOffset(): number {
    return this.partition.logStartOffset;
  }
  /**
   * Offset behind the last record that can be read: that of the next record. Under `flush: 'ack'`
   * records can be read once they are durable.
   */
  get endOffset(): number {
    return this.partition.highWatermark;
  }

  /** Bytes in the log's segments. */
  get sizeBytes(): number {
    return this.partition.sizeBytes;
  }

  /** Null while the log is open; then the promise that `close` or `delete` gave. */
  get ended(): Promise<void> | null {
    return this.#end;
  }

  /**
   * Appends one record or several, in order. All calls of one turn of the event loop share one
   * record batch (more where they do not fit into `maxBatchBytes`, taken before compression), hence
   * one write and under `flush: 'ack'` one sync. The records of one call get consecutive offsets. A
   * call that fits into a batch is kept whole or not at all; a larger one can be kept in part when
   * it rejects.
   *
   * Bytes that are handed over must not change until the promise settles. It resolves when the
   * flush promise holds (`ack`: synced; `interval`, `os`: written). Wait for it now and then:
   * appends under way are held in memory, and beyond `pendingBytesMax` an append is refused
   * (APPENDS_PENDING), or waits, by `whenFull`.
   *
   * With `expectedOffset` the call is a batch of its own, kept whole or not at all, and only if its
   * first record gets that offset: whatever else is appended, by whomever, in the same turn too.
   * OFFSET_MISMATCH carries the log's next offset as `offset`; appends before it were kept then,
   * and where they fail the call fails as they do.
   *
   * Rejects this call only, keeping nothing of it: INVALID_RECORD, BATCH_TOO_LARGE (one record is;
   * with `expectedOffset` the call), INVALID_TIMESTAMP, NULL_KEY, OFFSET_MISMATCH, INVALID_SETTING
   * (an `expectedOffset` that is no offset). Rejects all calls of the batch: STORAGE_FULL (later
   * appends may work), STORAGE_BUSY, CODEC_UNAVAILABLE, INVALID_RECORD where bytes were transferred
   * away before they were written.
   */
  append(
    records: NewEvent<Input> | readonly NewEvent<Input>[],
    options?: AppendOptions,
  ): Promise<AppendResult> {
    const refusal = this.#refusal();
    if (refusal !== null) return Promise.reject(refusal);
    return this.#queue.append(records, options);
  }

  /**
   * Appends one ready record batch (format v2, any codec), behind earlier appends. It is copied
   * once, because the log stamps offset and epoch into it: the caller's bytes do not change and are
   * free again when this returns. A batch that its idempotent producer sent before answers with the
   * offsets it has. `expectedOffset` as in `append`.
   *
   * Rejects as `PartitionLog.append`: CORRUPT_BATCH, INVALID_BATCH (more than one, for instance),
   * UNSUPPORTED_MAGIC, …
   */
  appendBatch(batch: Uint8Array, options?: AppendOptions): Promise<AppendResult> {
    const refusal = this.#refusal();
    if (refusal !== null) return Promise.reject(refusal);
    if (!types.isUint8Array(batch)) {
      const message = `a batch is a Uint8Array, not ${shown(batch)}`;
      return Promise.reject(new EngineError('INVALID_BATCH', message));
    }
    return this.#queue.appendBatch(Buffer.from(batch), options);
  }

  /**
   * The records from `offset` on, as far as `maxBytes` goes and no further than the end of one
   * segment: read on at `nextOffset`. Does not wait for new records. Checks the CRC of every batch.
   *
   * Rejects: OFFSET_OUT_OF_RANGE below the start or beyond the end of the log, CORRUPT_BATCH when
   * the batch at `offset` is damaged (records before a damaged batch are answered), INVALID_VALUE
   * likewise where a value is not in the `valueEncoding`, ABORT_ERR (name 'AbortError'),
   * INVALID_SETTING for a `maxBytes` that is no count.
   */
  async read(options: ReadOptions): Promise<EventRead<Value>> {
    assertOptionsObject('read', options);
    assertKnownOptions('read', options, ['offset', 'maxBytes', 'signal']);
    const { offset, maxBytes = LIMITS.embeddedReadBytes, signal } = options;
    assertSignal(signal);
    throwIfAborted(signal);
    assertOffset(offset);
    if (!Number.isInteger(maxBytes) || maxBytes < 0) {
      throw new EngineError(
        'INVALID_SETTING',
        `maxBytes is a whole number, not ${shown(maxBytes)}`,
      );
    }
    const { slices, decode } = this.#reader;
    const records: EventRecord<Value>[] = [];
    const endBefore = this.partition.logEndOffset;
    const bytes = await readBatchBytes(this.partition, offset, maxBytes, signal);
    if (bytes === null) return { records, nextOffset: offset };
    const extent = extentOf(this.partition, endBefore);
    let nextOffset = offset;
    let unpackedBytes = 0;
    try {
      for await (const batch of storedBatches(bytes, offset, slices, extent)) {
        throwIfAborted(signal);
        // Decoded whole before any of it counts: a batch can be bad in its middle.
        const decoded = await decodeInSlices(batch, slices);
        for (const record of decoded) {
          if (record.offset < offset) continue;
          nextOffset = record.offset;
          records.push(decode(record));
        }
        nextOffset = batch.nextOffset;
        unpackedBytes += batch.unpackedBytes;
        if (unpackedBytes >= maxBytes) break;
      }
    } catch (error) {
      // The next read reports damage behind the first batch, or a bad value behind a good one.
      if (signal?.aborted || (nextOffset === offset && records.length === 0)) throw error;
    }
    return { records, nextOffset };
  }

  /**
   * The record at `offset`; null where compaction has removed it. Rejects OFFSET_OUT_OF_RANGE
   * outside startOffset (inclusive) to endOffset (exclusive).
   */
  async get(offset: number): Promise<EventRecord<Value> | null> {
    if (offset === this.endOffset) {
      throw new EngineError('OFFSET_OUT_OF_RANGE', `the log ends before offset ${offset}`, {
        offset,
      });
    }
    const { records } = await this.read({ offset, maxBytes: 0 });
    const [record] = records;
    return record?.offset === offset ? record : null;
  }

  /** The last record, whatever compaction has removed behind it; null where there is none. */
  async last(): Promise<EventRecord<Value> | null> {
    for await (const record of this.records({ reverse: true })) return record;
    return null;
  }

  /**
   * Iterates over the records from `from` on, then waits for new records, and gives each as soon as
   * it can be read. Reads ahead at most 256 KiB or one batch. Breaking out of the loop ends it; any
   * number of followers may run. A follower that waits keeps the process alive, unless it is
   * `unref`'d.
   *
   * Ends when the log is closed. Throws: an AbortError (code ABORT_ERR) when the signal fires,
   * OFFSET_OUT_OF_RANGE when records were deleted that it had yet to read or the log was truncated
   * below it, CORRUPT_BATCH, STORAGE_OFFLINE, INVALID_VALUE (go on behind its `offset`). Throws
   * INVALID_SETTING at once for a `from` that is no place in a log.
   */
  follow(options: FollowOptions = {}): Follower<Value> {
    return followLog(this.partition, options, this.#reader);
  }

  /**
   * Iterates over the records from `from` (inclusive) to `to` (exclusive), without `to` to the
   * log's present end, and ends there: records that are appended meanwhile are left out. Both are
   * 'start', 'end', an offset, a Date or an ISO time. With `reverse: true` the same records come
   * from high to low: `log.records({ reverse: true })` begins with the last one. It is read in
   * blocks, of which at most 512 KiB or one batch are held. Throws as `follow`, and LOG_CLOSED.
   */
  records(options: RecordsOptions = {}): AsyncIterableIterator<EventRecord<Value>> {
    return recordsOf(this.partition, options, this.#reader);
  }

  /**
   * The cursor of this name, made where there is none, taken over from whoever had it: the one
   * before can no longer move it. Durable when it resolves. A log that is deleted and made anew has
   * no cursors. Rejects INVALID_NAME, INVALID_SETTING (too many), OFFSET_OUT_OF_RANGE.
   */
  cursor(name: string, options: CursorOptions = {}): Promise<Cursor<Value>> {
    if (this.#owner.refusal) return Promise.reject(this.#owner.refusal);
    return openCursor(name, options, this, this.#owner.cursors);
  }

  /**
   * Offset of the first record whose timestamp is at or after `time` (milliseconds, a Date or an
   * ISO time); null when there is none. Rejects INVALID_SETTING for what is no time.
   */
  async offsetForTimestamp(time: number | Date | IsoTime): Promise<number | null> {
    const timestampMs = typeof time === 'number' ? time : timeMsOf(time);
    if (timestampMs === null || Number.isNaN(timestampMs)) {
      const message = `a time is milliseconds, a Date or an ISO time, not ${shown(time)}`;
      throw new EngineError('INVALID_SETTING', message);
    }
    const found = await this.partition.offsetForTimestamp(timestampMs);
    return found?.offset ?? null;
  }

  /**
   * Moves the start of the log up to `offset`: older records cannot be read any more, and files
   * that hold only such records are deleted. Resolves with the new start once that is durable; an
   * offset at or below the present start changes nothing. Rejects OFFSET_OUT_OF_RANGE beyond the
   * end.
   */
  async deleteBefore(offset: number): Promise<number> {
    if (this.#owner.refusal) throw this.#owner.refusal;
    assertOffset(offset);
    await this.#queue.settled();
    return this.partition.deleteBefore(offset);
  }

  /**
   * Removes the record at `offset` and all records behind it, durably, together with the records
   * before it in the same batch: look at `endOffset` afterwards. Appends under way reject where
   * they are removed. Readers that have read removed records are not told; cursors behind it are
   * moved to it. Rejects OFFSET_OUT_OF_RANGE below the start.
   */
  async truncate(offset: number): Promise<void> {
    if (this.#owner.refusal) throw this.#owner.refusal;
    assertOffset(offset);
    await this.#queue.settled();
    const { cursors } = this.#owner;
    // Before, for a crash in between; again afterwards, since the whole batch goes.
    if (offset >= this.startOffset) await cursors.cutBack(this.topicId, offset);
    await this.partition.truncateTo(offset, { evenCommitted: true });
    await cursors.cutBack(this.topicId, this.endOffset);
  }

  /** Resolves when everything appended before the call is durable, whatever the flush promise. */
  async flush(): Promise<void> {
    await this.#queue.settled();
    await this.partition.flush();
  }

  /**
   * Reads everything that is durable and checks every batch, on a thread, with 1 MiB of memory.
   * Nothing from a damaged batch on to the end of its file is served afterwards (CORRUPT_BATCH),
   * until the log is opened again. Resolves with its findings.
   */
  scrub(options?: LogWorkOptions): Promise<ScrubResult> {
    return this.partition.maintenance.scrub(options);
  }

  /**
   * Compacts the log now, as far as it may be compacted: in the segments that take no more appends
   * only the last record of each key stays; offsets do not change. A log that is opened with
   * `compacted: true` is compacted by itself when enough of it has been overwritten. Rejects
   * CORRUPT_BATCH when a bad batch is met, STORAGE_FULL.
   */
  compact(options?: LogWorkOptions): Promise<CompactionResult> {
    return this.partition.maintenance.compact(options);
  }

  /**
   * Finishes appends under way, makes everything durable, and closes the log's files; followers
   * end. `engine.log(name)` opens it again. Calling it twice gives the same promise. The engine
   * closes its logs by itself.
   */
  close(): Promise<void> {
    this.#end ??= this.#finish(() => this.#owner.closed(this));
    return this.#end;
  }

  /**
   * Deletes the log for good; followers end. When it resolves it will not come back, and its name
   * is free; the files go after `fileDeleteDelayMs`.
   */
  delete(): Promise<void> {
    try {
      this.#owner.assertDeletable?.();
    } catch (error) {
      return Promise.reject(error);
    }
    this.#end ??= this.#finish(() => this.#owner.deleted(this));
    return this.#end;
  }

  /**
   * Refuses further appends; resolves when those under way have reached the log. For the engine's
   * own close.
   */
  async prepareClose(): Promise<void> {
    this.#queue.end(this.#closedError());
    this.#end ??= this.#queue.settled();
    await this.#queue.settled();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #finish(end: () => Promise<void>): Promise<void> {
    this.#queue.end(this.#closedError());
    await this.#queue.settled();
    await end();
  }

  /** Why nothing is appended; null where it is. */
  #refusal(): EngineError | null {
    return this.#end === null ? this.#owner.refusal : this.#closedError();
  }

  #closedError(): EngineError {
    return new EngineError('LOG_CLOSED', `the log '${this.name}' is closed`);
  }
}
