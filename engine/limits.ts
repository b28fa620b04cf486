/** Every default and hard bound of the engine, in one table. */
export const LIMITS = {
  /** Elements that long work looks at in one turn of the event loop, all work together: about a millisecond. */
  turnElementsMax: 1_000,
  /** Records, headers of records and headers of batches that are walked in one turn, all work together: about a millisecond. */
  turnRecordsMax: 16_384,
  /** Bytes that long work unpacks or searches in one turn, all work together. */
  turnBytesMax: 1024 * 1024,
  /** Buffers handed to one writev(2): IOV_MAX of Linux and macOS. */
  writevBuffersMax: 1024,
  /** Ranges of cold files that are read at a time. Node's thread pool has four threads, and syncs need them too. */
  warmUpsRunningMax: 2,
  /** Descriptors of logs that an engine keeps open where the process may have many; else a share of those (`descriptor-limit.ts`). */
  descriptorsOpenMax: 16_384,
  /** Logs that are read at a time when they are opened; each takes up to 2 MiB. */
  logsRecoveredAtOnce: 16,
  /** Logs that one checkpoint transaction takes in: more are several, with turns of the event loop between them. */
  checkpointLogsMax: 1_000,
  /** Logs of which a checkpoint saves the indexes at a time. */
  indexSavesAtOnce: 32,
  /** Batches that are unpacked at the same time, all logs together. Each may take `decompressedBatchBytesMax`. */
  unpackedAtOnce: 2,
  /** A synchronous write that took longer sends the directory to asynchronous writes. */
  writeStallMs: 50,
  /** An asynchronous write below this counts towards recovery from a stall. */
  writeRecoveredMs: 10,
  /** So many such writes in a row, and the directory writes synchronously again. */
  writesRecoveredCount: 16,
  /** A log that has grown by this is checkpointed at once, … */
  checkpointBytes: 128 * 1024 * 1024,
  /** … any other changed one within this time. */
  checkpointIntervalMs: 5_000,
  /** A log of which nobody waits for a sync begins to write back whenever it has grown by this, so that dirty pages never pile up, … */
  writeBackBytes: 1024 * 1024,
  /** … one log at a time, for a device whose queue is full holds the thread, … */
  writeBacksRunningMax: 1,
  /** … and where only a sync can do that, a sync at this many unsynced bytes. */
  writeBackSyncBytes: 32 * 1024 * 1024,
  /** Index entries of an active segment that only memory has: what recovery walks again by headers. */
  indexEntriesUnsavedMax: 256,
  /** Fewer than this are not worth a file: a close leaves them, and whoever needs them walks the headers. */
  indexEntriesLeftUnsaved: 16,
  /** Headers of batches without records that one read passes over; the next read goes on behind them. */
  emptyBatchesPassed: 1_000,
  /** Memory for the indexes of sealed segments, all logs together. */
  indexCacheBytes: 64 * 1024 * 1024,
  /** What one batch may unpack to where its records are looked at. */
  decompressedBatchBytesMax: 128 * 1024 * 1024,
  /** Headers of one record, where records are looked at (Kafka has no such bound). */
  headersPerRecordMax: 100_000,
  /**
   * Records that a compressed batch may claim without being unpacked: a claim takes as many offsets, and each 2^31 of them
   * end a segment. Of honest batches of 1 MB hardly one holds more; those are counted on a thread (Kafka counts all).
   */
  recordsClaimedMax: 1_000_000,
  /** After a compaction that failed (a full disk, for instance) the log is left alone for so long. */
  compactionRetryMs: 5 * 60_000,
  /** How often logs that programs opened by name are asked what retention lets go (Kafka's `log.retention.check.interval.ms`). */
  retentionCheckMs: 5 * 60_000,
  /** Characters of a log's name (Kafka's limit for topics). */
  nameLengthMax: 249,
} as const;
