import type { CodecName } from '../batch/compression.js';

/** When an append counts as done. See docs/durability.md for what each promises. */
export type FlushPromise = 'ack' | 'interval' | 'os';

/** The settings of a topic that its logs need. Infinity means "no limit". */
export interface LogSettings {
  /** When an append resolves. */
  readonly flush: FlushPromise;
  /** Under `interval`: sync after this number of records … */
  readonly flushRecords: number;
  /** … or when the oldest unsynced record has this age. */
  readonly flushMs: number;
  /** Size that a segment does not exceed, unless a single batch does. */
  readonly segmentBytes: number;
  /** Age of a segment's first batch at which a new segment starts. */
  readonly segmentMs: number;
  /**
   * Rolls by age happen up to this much earlier, at random, so that partitions do not roll all at
   * once.
   */
  readonly segmentJitterMs: number;
  /** Size of either index at which a new segment starts. */
  readonly segmentIndexBytes: number;
  /** Bytes of batches between two entries of the sparse index. */
  readonly indexIntervalBytes: number;
  /** A segment whose largest timestamp is further back may be deleted. */
  readonly retentionMs: number;
  /** The oldest segments may be deleted while the rest is at least this large. */
  readonly retentionBytes: number;
  /**
   * Deleted segments are renamed at once and unlinked after this time, so that readers can finish.
   */
  readonly fileDeleteDelayMs: number;
  /** Size of the largest batch taken, inclusive, as it is stored. */
  readonly maxBatchBytes: number;
  /** Whether records keep the writer's time, or get that of the append. */
  readonly timestampType: 'create' | 'append';
  /** A batch whose largest timestamp is further back (or ahead) than this is refused. */
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  /** Whether only the last record of each key is kept. Such logs refuse records without a key. */
  readonly compacted: boolean;
  /** Share of a compacted log's bytes, 0 to 1: the log is compacted when more of it is dirty. */
  readonly minCleanableDirtyRatio: number;
  /** A record stays as it is for at least this long … */
  readonly minCompactionLagMs: number;
  /** … and is compacted when it is older than this, whatever the ratio. */
  readonly maxCompactionLagMs: number;
  /** How long a tombstone can be read, counted from the compaction that first met it. */
  readonly deleteRetentionMs: number;
  /** Whether retention by time and size deletes segments. */
  readonly deletes: boolean;
  /**
   * 'header' judges a batch by its header; 'records' decodes and checks every record, as Kafka
   * does.
   */
  readonly validate: 'header' | 'records';
  /** Codec in which batches are stored; `producer`: as they came, and nothing is unpacked. */
  readonly compression: 'producer' | CodecName;
  /** Kafka's number for that codec; null for the codec's own default. */
  readonly compressionLevel: number | null;
  /** The time of silence after which an idempotent producer is forgotten. */
  readonly producerExpirationMs: number;
}

const HOUR_MS = 3_600_000;

/** Apache Kafka's defaults; `flush` is ours. */
export const DEFAULT_LOG_SETTINGS: LogSettings = {
  flush: 'ack',
  flushRecords: Number.POSITIVE_INFINITY,
  flushMs: Number.POSITIVE_INFINITY,
  segmentBytes: 1024 ** 3,
  segmentMs: 7 * 24 * HOUR_MS,
  segmentJitterMs: 0,
  segmentIndexBytes: 10 * 1024 ** 2,
  indexIntervalBytes: 4096,
  retentionMs: 7 * 24 * HOUR_MS,
  retentionBytes: Number.POSITIVE_INFINITY,
  fileDeleteDelayMs: 60_000,
  maxBatchBytes: 1_048_588,
  timestampType: 'create',
  timestampBeforeMaxMs: Number.POSITIVE_INFINITY,
  timestampAfterMaxMs: HOUR_MS,
  compacted: false,
  minCleanableDirtyRatio: 0.5,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.POSITIVE_INFINITY,
  deleteRetentionMs: 24 * HOUR_MS,
  deletes: true,
  validate: 'header',
  compression: 'producer',
  compressionLevel: null,
  producerExpirationMs: 24 * HOUR_MS,
};
