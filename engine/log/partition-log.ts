import type { Timestamp } from '../batch/timestamp.js';
import type { FileSlice } from '../disk/file-slice.js';
import type { LogWorkOptions } from '../log-progress.js';
import type { LogSettings } from './log-settings.js';

/** The partition that a log holds. `topicId` is a UUID in Kafka's text form (22 characters). */
export interface PartitionName {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
}

/**
 * How far a reader may see: everything written, what is committed, or what no open transaction
 * holds back.
 */
export type ReadIsolation = 'log-end' | 'high-watermark' | 'last-stable-offset';

/**
 * Where a batch comes from, which decides the checks that are made on it (`append/origin.ts` has
 * the table):
 *
 * - `client`: all checks are made;
 * - `built`: this process has made it just now with `builder.ts`, so its checksum is not made a
 *   second time;
 * - `coordinator`: the same, and it may be a control batch with its own times;
 * - `replica`: the leader has judged it, and the log only makes sure that it is whole and goes on
 *   where the log ends.
 */
export type AppendOrigin = 'client' | 'built' | 'coordinator' | 'replica';

/** The result of an append. All offsets are inclusive. */
export interface Appended {
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** The broker's time for `message.timestamp.type=LogAppendTime`, else -1. */
  readonly appendTimeMs: number;
  readonly logStartOffset: number;
  /** True when an idempotent producer sent this batch before; the offsets are the original's. */
  readonly duplicate: boolean;
}

/** The request of a read. */
export interface ReadRequest {
  /**
   * First wanted offset. The batch that holds it is returned whole, so records before it may come
   * too.
   */
  readonly offset: number;
  /** Bytes at most, whole batches only … */
  readonly maxBytes: number;
  /** … but the first batch whole even when it is larger, if this is set. */
  readonly minOneBatch: boolean;
  /** The end that the read must not pass. */
  readonly isolation: ReadIsolation;
  /**
   * Whether the read may begin with a batch that compaction has left without records, as a replica
   * needs it. Default: such batches in front are skipped when a batch with records follows.
   */
  readonly includeEmpty?: boolean;
}

/** The result of a read. End offsets are exclusive, as everywhere. */
export interface ReadResult {
  /**
   * Whole batches, still in the file; null when there is nothing to read. The caller releases it.
   */
  readonly slice: FileSlice | null;
  /**
   * There is no record from the asked offset up to this one (exclusive). At or below the asked
   * offset when the batch that holds it has records; at the readable end when the slice has no
   * records at all.
   */
  readonly emptyUpTo: number;
  /** First offset that may be read (inclusive); it and the ends are as of this read. */
  readonly logStartOffset: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logEndOffset: number;
}

/** The record that a lookup by time has found. */
export interface TimestampLookup {
  readonly offset: number;
  /** The timestamp of the record, in milliseconds since the Unix epoch. */
  readonly timestampMs: Timestamp;
  /** The leader epoch of the batch that holds it. */
  readonly leaderEpoch: number;
}

/**
 * Where an epoch ended, for OffsetForLeaderEpoch (KIP-101): `leaderEpoch` is the largest known one
 * that is not above the asked.
 */
export interface EpochEnd {
  readonly leaderEpoch: number;
  /** First offset after that epoch; -1 with epoch -1 when the asked epoch is unknown. */
  readonly endOffset: number;
}

/** A batch that does not match its checksum, or bytes that are no batch. */
export interface DamagedBatch {
  /** The segment's file. */
  readonly path: string;
  /** Byte in that file at which it begins. */
  readonly position: number;
  /** First offset that the batch there can have had. */
  readonly offset: number;
}

/** The result of a scrub. */
export interface ScrubResult {
  /** Batches that are whole. Behind a damaged one in the same file none are counted. */
  readonly batches: number;
  /** The first damaged batch; null when all is well. */
  readonly damaged: DamagedBatch | null;
}

/** The result of a compaction. */
export interface CompactionResult {
  /**
   * How often the log was gone through: more than once where its keys did not fit into memory. 0:
   * nothing could be compacted.
   */
  readonly passes: number;
  readonly recordsRemoved: number;
  /** Bytes by which the segments became smaller; negative where they grew. */
  readonly bytesRemoved: number;
}

/** An idempotent producer that has written to the log. */
export interface KnownProducer {
  readonly producerId: number;
  readonly epoch: number;
  /** The last sequence of its last batch. */
  readonly lastSequence: number;
  /** Wall time of its last append. */
  readonly lastAppendMs: number;
}

export interface TruncateOptions {
  /**
   * Committed records may be cut off as well, and the high watermark moves back: for a program's
   * repair of a log that it owns. Readers of these records, and callers whose appends were
   * answered, are not told. Default: false.
   */
  readonly evenCommitted?: boolean;
}

/** The ends a high watermark rule may look at; all exclusive. */
export interface LogEnds {
  /** Everything handed to the file. */
  readonly writtenEnd: number;
  /** Everything that was synced. */
  readonly durableEnd: number;
  /**
   * The end up to which the log's own flush promise holds: `durableEnd` under `ack`, `writtenEnd`
   * otherwise.
   */
  readonly promisedEnd: number;
}

/**
 * Says where the high watermark may stand. It never moves back by this rule; it is capped at
 * `writtenEnd`.
 */
export type HighWatermarkRule = (ends: LogEnds) => number;

/** The leader epochs that wrote the offsets of a log, and its present leader epoch. */
export interface LogEpochs {
  /**
   * Epoch that is stamped into new batches: the one given to `lead`; until then the number of
   * unclean opens of the data directory, equal for all its logs. -1 while the log follows.
   */
  readonly current: number;
  /**
   * Leads with this epoch from now on: it is stamped into new batches, and batches of another
   * leader are NOT_FOLLOWER. Throws STALE_LEADER_EPOCH unless it is above the epochs of the log's
   * batches, those it has led with, and the number of unclean opens of the data directory.
   */
  lead(epoch: number): void;
  /**
   * Follows a leader from now on: takes its batches, and rejects all other batches with NOT_LEADER,
   * also those that wait for their place. Batches that have a place stay.
   */
  follow(): void;
  /** Synchronous; never throws for an unknown epoch. */
  endOf(leaderEpoch: number): EpochEnd;
  /**
   * Synchronous: the leader epoch that wrote `offset`, or will write it, at the log end; -1 where
   * that is not known.
   */
  at(offset: number): number;
}

/** How the records of a log lie. */
export interface LogLayout {
  /** Whether offsets may be left out: in a compacted log, or in one that follows such a log. */
  readonly hasGaps: boolean;
  /**
   * An offset below `offset` from which a read of `maxBytes` reaches it, or of one batch where that
   * is larger: for readers that go backwards. It is a hint, taken from the indexes: such a read may
   * end before `offset`, and then goes on. Rejects STORAGE_OFFLINE, STORAGE_BUSY, LOG_CLOSED.
   */
  blockBefore(offset: number, maxBytes: number): Promise<number>;
}

/** Moves a log's high watermark, and tells listeners. */
export interface LogWatermark {
  /** Replaces the rule that moves the high watermark; by default it follows the flush promise. */
  setRule(rule: HighWatermarkRule): void;
  /** Re-applies the rule, for a rule whose inputs lie elsewhere (followers' ends). */
  advance(): void;
  /**
   * Calls `listener` after the high watermark (or the log start offset) has moved. Returns a
   * function that ends that.
   */
  onAdvance(listener: () => void): () => void;
}

/** The maintenance of a log from time to time. */
export interface LogMaintenance {
  /**
   * Deletes the oldest segments as far as time and size allow. Resolves with the deleted segments
   * and bytes.
   */
  applyRetention(): Promise<{ segments: number; bytes: number }>;
  /**
   * Compacts now what may be compacted, without regard to `minCleanableDirtyRatio` and to whether
   * the log's settings ask for compaction: in the segments that take no more appends and are
   * committed and durable, only the last record of each key stays. Offsets and order do not change.
   * Resolves when the result is durable. Logs whose settings say `compacted` are compacted by
   * themselves.
   *
   * Rejects: CORRUPT_BATCH when a bad batch is met (the log is served as before and not compacted
   * until it is opened again), STORAGE_FULL (it is as it was), LOG_CLOSED.
   */
  compact(options?: LogWorkOptions): Promise<CompactionResult>;
  /** Starts a new segment now, unless the active one is empty. */
  roll(): Promise<void>;
  /**
   * Reads everything durable, in maintenance jobs, and checks length, magic, CRC and offset of
   * every batch. From a damaged batch on to the end of its segment nothing is served any more
   * (CORRUPT_BATCH) until the log is opened again. Rejects when a file cannot be read or no job can
   * run.
   */
  scrub(options?: LogWorkOptions): Promise<ScrubResult>;
}

/**
 * One partition's log: a sequence of record batches with consecutive offsets. All methods may be
 * called at any time from the one thread that owns the engine; appends take effect in call order.
 *
 * Every method rejects (or throws) `EngineError`: LOG_CLOSED after close or deletion,
 * STORAGE_OFFLINE once the directory's disk has failed.
 */
export interface PartitionLog {
  readonly name: PartitionName;
  readonly epochs: LogEpochs;
  readonly watermark: LogWatermark;
  readonly maintenance: LogMaintenance;
  readonly layout: LogLayout;
  /** First offset that may be read. */
  readonly logStartOffset: number;
  /** Next offset to be assigned. */
  readonly logEndOffset: number;
  /** First offset not yet committed; readers at 'high-watermark' end here. */
  readonly highWatermark: number;
  /** First offset held back by an open transaction; the high watermark when there is none. */
  readonly lastStableOffset: number;
  /** First offset not known to be on disk. */
  readonly durableEndOffset: number;
  /** Bytes in all live segments. */
  readonly sizeBytes: number;
  /** The settings of the last `updateSettings`. */
  readonly settings: LogSettings;

  /** Applies to later appends and maintenance; written batches do not change. */
  updateSettings(settings: LogSettings): void;

  /**
   * Appends one record batch: it is judged by its header, stamped in place with offset and epoch,
   * and never copied. The checks depend on where it comes from (`AppendOrigin`; default: `client`).
   * Must be called with a buffer that stays untouched until the promise settles.
   *
   * A `replica`'s bytes are one batch or several, one after another, that keep the offsets and
   * epochs they carry. They begin at or above the log end and may leave offsets out, as a compacted
   * leader's do: such a log counts as compacted from then on, durably. The result is that of all
   * batches. Where one batch is refused none is taken; where a write fails, the batches before it
   * may stay, and the log end shows how many.
   *
   * Resolves when the log's flush promise holds for the batch (`ack`: synced; else: written).
   * Rejects: CORRUPT_BATCH, INVALID_BATCH, UNSUPPORTED_MAGIC, UNKNOWN_CODEC, BATCH_TOO_LARGE,
   * INVALID_TIMESTAMP, NULL_KEY, OUT_OF_ORDER_SEQUENCE, STALE_PRODUCER_EPOCH, STORAGE_FULL,
   * STORAGE_BUSY (nothing was kept, later appends may work; batches that the producer has sent
   * behind this one are OUT_OF_ORDER_SEQUENCE until it is sent again); of a replica
   * UNEXPECTED_OFFSET below the log end.
   *
   * A batch with an `expectedOffset` is taken only if that is its base offset: else it is
   * OFFSET_MISMATCH, whose `offset` is the next offset of the log, once the appends before it have
   * kept their promise; where these fail, it fails as they do. A replica's batch has its own.
   */
  append(batch: Buffer, origin?: AppendOrigin, expectedOffset?: number | null): Promise<Appended>;

  /**
   * Notes that a batch was refused in front of the log, and that its producer will send it again:
   * until then batches that the producer has sent behind it are OUT_OF_ORDER_SEQUENCE. `header`: at
   * least the 61 bytes of the batch's header; bytes that are no header are ignored.
   */
  refused(header: Buffer): void;

  /** Synchronous: finds the batches, reads no record. Throws OFFSET_OUT_OF_RANGE, CORRUPT_BATCH. */
  read(request: ReadRequest): ReadResult;

  /**
   * Brings into memory, on the thread pool, the bytes that `read` with this request would have to
   * wait for, so that it need not. Null when it would not wait, as far as is known, or would fail.
   * Does not read when `isWanted` says no at the front of the queue. `read` may be called in any
   * case.
   *
   * Rejects STORAGE_BUSY.
   */
  warm(request: ReadRequest, isWanted: () => boolean): Promise<void> | null;

  /** First record at or after the time, at or below the high watermark; null when there is none. */
  offsetForTimestamp(timestampMs: Timestamp): Promise<TimestampLookup | null>;
  /** The first record that carries the largest timestamp; null for an empty log (KIP-734). */
  offsetOfLargestTimestamp(): Promise<TimestampLookup | null>;
  /**
   * The idempotent producers that are remembered, in no particular order. The list is live:
   * producers that are not yet yielded may change. Throws nothing while it is walked.
   */
  knownProducers(): Iterable<KnownProducer>;

  /**
   * Moves the log start offset up to `offset` (the exclusive end of the deleted records). Resolves
   * with the new log start offset when that is durable. Rejects OFFSET_OUT_OF_RANGE above the high
   * watermark or below zero; at or below the present start it changes nothing.
   */
  deleteBefore(offset: number): Promise<number>;
  /**
   * Drops all records at and above `offset`, durably, with the records before it in the same batch.
   * For followers and for repair. Rejects OFFSET_OUT_OF_RANGE below the log start;
   * BELOW_HIGH_WATERMARK where committed records would be dropped, unless that is asked for;
   * CORRUPT_BATCH, with nothing done, where the rest of the segment would be damaged.
   */
  truncateTo(offset: number, options?: TruncateOptions): Promise<void>;
  /**
   * Drops all records, durably, and begins again at `offset`, which becomes log start, high
   * watermark and log end: for followers whose leader's log begins behind their end. Producers,
   * epochs and gaps are forgotten; waiting appends are rejected. After a crash the log is the old
   * one or the new one. Rejects OFFSET_OUT_OF_RANGE for a value that is no offset;
   * BELOW_HIGH_WATERMARK below it, unless the log has no records.
   */
  beginAt(offset: number): Promise<void>;
  /** Resolves when everything appended before the call is durable, whatever the flush promise. */
  flush(): Promise<void>;
}
