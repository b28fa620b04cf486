const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/**
 * Every default and hard bound of the engine, in one table, of which `npm run docs:limits` makes
 * docs/limits.md. A row is what it bounds, then `Kafka: name.` where Kafka has one, then `Beyond:
 * …` where something is refused, closed, or let wait; a bound named `…Max` is inclusive and says
 * it. `// ##` begins a section.
 */
export const LIMITS = {
  // ## Work of one turn of the event loop
  /**
   * Elements that long work looks at in one turn, all work together: about a millisecond. Beyond:
   * it waits for a later turn.
   */
  turnElementsMax: 1_000,
  /**
   * Records, headers of records and headers of batches that are walked in one turn, all work
   * together: about a millisecond. Beyond: it waits for a later turn.
   */
  turnRecordsMax: 16_384,
  /**
   * Bytes that long work unpacks, searches or encodes in one turn, all work together. Beyond: it
   * waits for a later turn.
   */
  turnBytesMax: 1 * MIB,
  /**
   * The share of these that a request or job does before it counts as long. Beyond: it goes on
   * after those that have done less.
   */
  shortWorkShare: 0.05,
  /**
   * The share of these by which short work goes beyond them, all together. Beyond: it waits for a
   * later turn.
   */
  turnShortShareMax: 0.5,
  /**
   * The share of these for the long work that has waited longest; the rest is for those that have
   * done least.
   */
  turnOldestShare: 0.5,
  /** Levels of waiting work by what it has done, … */
  waitingWorkLevels: 8,
  /** … each up to so many times as much as the one before. */
  waitingWorkLevelFactor: 4,
  /** Records and headers that are walked between two reports of a walk. */
  recordsReportedTogether: 512,
  /** Headers of batches that a truncation walks between two reports of its work. */
  headersReportedTogether: 100,
  /**
   * Elements that a new segment counts for, where many logs begin one together: it makes a file,
   * on the event loop.
   */
  newSegmentElements: 200,
  /**
   * Logs asked for their need of compaction in one turn: a microsecond each. Those of many
   * segments look at them in slices.
   */
  compactionNeedsPerTurn: 500,
  /**
   * Turns that a sync round waits for those whom the last one answered, while each turn brings
   * some. Beyond: it syncs.
   */
  syncGatheringTurnsMax: 16,

  // ## Names
  /**
   * Characters of a log's name, which must fit a file name with partition and suffix. Beyond:
   * INVALID_NAME.
   */
  nameLengthMax: 249,
  /** Characters of a bad name that an error shows. Beyond: it is cut. */
  nameShownLengthMax: 64,

  // ## Appends
  /** Buffers handed to one writev(2): IOV_MAX of Linux and macOS. Beyond: another call. */
  writevBuffersMax: 1024,
  /**
   * Staged batches of this size are written before the turn ends, so that one write stays short.
   */
  writeGroupBytes: 1 * MIB,
  /**
   * Staged batches of this size gain nothing from waiting for others: the processor still has
   * their bytes at hand.
   */
  writeWaitingBytes: 16 * KIB,
  /** A synchronous write that took longer sends the directory to asynchronous writes. */
  writeStallMs: 50,
  /** An asynchronous write below this counts towards recovery from a stall. */
  writeRecoveredMs: 10,
  /** So many such writes in a row, and the directory writes synchronously again. */
  writesRecoveredCount: 16,
  /**
   * A log of which nobody waits for a sync begins to write back whenever it has grown by this:
   * dirty pages never pile up.
   */
  writeBackBytes: 1 * MIB,
  /** Logs that write back at a time: a full device queue holds the thread. Beyond: they wait. */
  writeBacksRunningMax: 1,
  /** Where only a sync can write back, a sync at this many unsynced bytes. */
  writeBackSyncBytes: 32 * MIB,
  /**
   * Files from which on one syncfs(2) is cheaper than a sync of each (docs/durability.md has the
   * figures).
   */
  syncFileSystemFiles: 3,

  /**
   * Segments of one log: 16 TiB in segments of 64 MiB (Kafka has no such bound). Beyond:
   * TOO_MANY_SEGMENTS; larger segments or less retention help.
   */
  segmentsPerLogMax: 262_144,
  /**
   * Segments of one log that are renamed, and later unlinked, before others have a turn, and a
   * close.
   */
  segmentsRetiredAtATime: 100,

  /**
   * Largest offset that a leader's batch, or the beginning of a log begun anew, may have: no
   * checksum covers a base offset, and what is appended behind it must stay below 2^53. Beyond:
   * INVALID_BATCH, OFFSET_OUT_OF_RANGE.
   */
  replicaOffsetMax: 2 ** 53 - 2 ** 40,
  // ## Reads
  /**
   * Places in one log whose next batch is remembered: as many readers find theirs at once. Beyond:
   * the index is asked.
   */
  readHintsMax: 32,
  /** Headers are read this much at a time: many small batches, or the one header of a large one. */
  headerReadBytes: 4 * KIB,
  /** Headers of a long walk are read this much at a time where batches are small. */
  headerReadLongBytes: 64 * KIB,
  /**
   * Of what a read will send, so much is warmed with the headers that it looks at; the rest
   * follows as it is sent.
   */
  warmReadBytes: 1 * MIB,
  /**
   * Warmed around a header: the piece that a walk reads at a time, and as much again for the walk
   * to it.
   */
  warmHeaderBytes: 8 * KIB,
  /**
   * Warmed at a time for a reader that goes on: many small reads share one trip to the thread
   * pool.
   */
  warmAheadBytes: 1 * MIB,
  /**
   * Cold ranges read at a time: Node's thread pool has four threads, and syncs need them too.
   * Beyond: they wait.
   */
  warmUpsRunningMax: 2,
  /** Read at a time only to be in memory. */
  warmChunkBytes: 256 * KIB,
  /**
   * How far ahead one look at the page cache goes. It is believed for half of that: the kernel
   * reads ahead of a reader, up to 8 MiB on some machines, and behind the middle a mark that
   * starts this finds everything read.
   */
  pageProbeBytes: 16 * MIB,
  /**
   * Without cachestat(2) one byte is asked for in each of these: mostly, the kernel reads ahead in
   * such pieces.
   */
  pageProbeStepBytes: 128 * KIB,
  /**
   * A range counts as resident until so much has gone through the page cache on this process's
   * behalf, …
   */
  residentTrustedBytes: 64 * MIB,
  /** … and no longer than this, in which others may have taken its room. */
  residentTrustedMs: 1 * SECOND_MS,
  /**
   * Resident ranges known of one file; what grows by appends fills them in turn. Beyond: the
   * oldest is forgotten.
   */
  residentRangesMax: 8,
  /** Bytes that an embedded read answers by default. */
  embeddedReadBytes: 1 * MIB,
  /** Stored bytes that an embedded follower reads ahead, unless a single batch is larger. */
  embeddedFollowBytes: 256 * KIB,

  // ## Descriptors
  /**
   * Descriptors of logs that an engine keeps open where the process may have many. Beyond: the
   * longest unused is closed.
   */
  descriptorsOpenMax: 16_384,
  /**
   * The share of the process's descriptors that logs keep open: the others are for connections and
   * short reads.
   */
  descriptorsOpenShare: 0.6,
  /**
   * Descriptors that neither logs nor connections take: for the process itself (31 of an idle
   * broker), its threads, catalogs, and files that are read in between.
   */
  descriptorsSetAside: 64,
  /**
   * Descriptors of a process where the system does not say (macOS): Node raises the limit to more.
   */
  descriptorsUnknown: 10_240,
  /**
   * The share of them from which on files with unsynced bytes are a crowd, and appends to others
   * wait for a sync.
   */
  descriptorsDirtyShare: 0.9,

  // ## Opening, checkpoints, recovery
  /**
   * What a folder takes, by its own size, up to which its names are asked for at once: some
   * thousands of names (ext4, XFS). Those of a larger one come in pieces.
   */
  folderAtOnceBytes: 256 * KIB,
  /** Names of such a piece. */
  folderNamesAtATime: 1_000,
  /** Logs that are read at a time when they are opened; each takes up to 2 MiB. */
  logsRecoveredAtOnce: 16,
  /** Read at a time by recovery, and rewritten. */
  recoveryReadBytes: 1 * MIB,
  /**
   * A search for whole batches behind a torn one checks so many times the bytes that it searches:
   * headers that claim one another are somebody's work. Beyond: it counts as damage.
   */
  recoveryCheckedTimesMax: 16,
  /**
   * Files of one log that are open with unsynced bytes while its tail is read: as many as one
   * syncfs(2) is worth. Beyond: they are synced first.
   */
  recoveredFilesUnsyncedMax: 16,
  /**
   * Logs that one checkpoint transaction takes in. Beyond: several transactions, with turns of the
   * loop between them.
   */
  checkpointLogsMax: 1_000,
  /** Logs of which a checkpoint saves the indexes at a time. */
  indexSavesAtOnce: 32,
  /**
   * Sealed segments of one log whose indexes are saved before the log is checkpointed. Beyond: the
   * others follow it, or a log that rolls faster than indexes are synced would never be.
   */
  sealedSavedPerCheckpoint: 16,
  /** A log that has grown by this is checkpointed at once, … */
  checkpointBytes: 128 * MIB,
  /** … any other changed one within this time. */
  checkpointIntervalMs: 5 * SECOND_MS,
  /**
   * Index entries of an active segment that only memory has. Beyond: they are saved; recovery
   * walks the others again.
   */
  indexEntriesUnsavedMax: 256,
  /**
   * Fewer than this are not worth a file: a close leaves them, and whoever needs them walks the
   * headers.
   */
  indexEntriesLeftUnsaved: 16,
  /**
   * Bytes of a segment whose headers are walked at once for its index. Beyond: on a thread and in
   * slices; a read that meets it is asked to come again, an append waits.
   */
  indexWalkAtOnceBytes: 1 * MIB,
  /**
   * Headers of batches without records that one read passes over; the next read goes on behind
   * them.
   */
  emptyBatchesPassed: 1_000,
  /** Segments of which a walk that looks for a time reads the largest one ahead, together. */
  segmentTimesAhead: 32,
  /** Memory for the indexes of sealed segments, all logs together. */
  indexCacheBytes: 64 * MIB,
  /** What one of these counts for beside its entries: its objects, and its place in the cache. */
  indexCacheEntryBytes: 512,

  // ## Idempotent producers
  /**
   * Batches of a producer that are known when they come again: as many as clients have in flight.
   */
  producerBatchesKnown: 5,
  /**
   * Batches of a producer that memory has: those in flight may fail, and then the ones before count
   * again.
   */
  producerBatchesKept: 10,
  /**
   * Producers that a log remembers, some 500 bytes of memory each. Beyond: a new one takes the
   * place of one that was silent for long.
   */
  producersPerLogMax: 200_000,
  /**
   * Producers that are written down together: what a checkpoint writes for one that has changed.
   */
  producersPerPage: 32,
  /** Such pages that go with a checkpoint. Beyond: all go before it, some at a time. */
  producerPagesWithCheckpointMax: 1,
  /** Such pages that go before a checkpoint in one transaction. */
  producerPagesAtATime: 32,
  /**
   * Such pages that are looked through for producers that have expired, at each checkpoint, or for
   * a silent one, for each beyond `producersPerLogMax`.
   */
  producerPagesLookedAt: 32,

  // ## Unpacking
  /** What one batch may unpack to where its records are looked at. Beyond: BATCH_TOO_LARGE. */
  decompressedBatchBytesMax: 128 * MIB,
  /**
   * Memory that batches which need little are unpacked into, all logs together. Beyond: they wait.
   */
  unpackedSmallBytes: 64 * MIB,
  /** What one of those may unpack to. Beyond: it is one that needs much. */
  unpackedSmallBatchBytesMax: 8 * MIB,
  /**
   * Memory for batches that need much; where a codec hands over pieces, as much again for a
   * moment. Beyond: they wait.
   */
  unpackedLargeBytes: 256 * MIB,
  /**
   * Bytes of records that are packed on the event loop for `compression.type` lz4 or snappy: 10 to
   * 30 µs, where the way to a thread and back takes the loop 50 to 100. gzip and zstd never are.
   * Beyond: a thread packs.
   */
  packedAtOnceBytesMax: 16 * KIB,
  /** Copies within an lz4 block below this are made byte by byte: a call costs more. */
  lz4ShortCopyBytes: 32,
  /** Records of a refused batch that its producer is told of (Kafka names all). */
  badRecordsNamed: 100,
  /**
   * Headers of one record, where records are looked at: at an append to a compacted topic, under
   * `odradek.validate=records` or a `compression.type` other than `producer`, and of a compressed
   * batch whose claim is counted (`recordsUncountedMax`); and by the readers of this program
   * (embedded logs, `odradek consume`). Elsewhere nobody counts them, as in Kafka. Beyond:
   * INVALID_RECORD; those readers fail with BATCH_TOO_LARGE.
   */
  headersPerRecordMax: 100_000,
  /**
   * Records that a compressed batch may claim without being unpacked: a claim takes as many
   * offsets, and each 2^31 of them end a segment. Of honest batches of 1 MB hardly one holds more.
   * Beyond: they are counted on a thread (Kafka counts all).
   */
  recordsClaimedMax: 1_000_000,
  /**
   * Records that a compressed batch may claim however few its bytes are. Beyond: they are counted,
   * where its bytes would have to unpack to more than `unpackedPerByteUncountedMax` allows.
   */
  recordsUncountedMax: 4_096,
  /**
   * What a byte of a compressed batch may have to unpack to, at seven bytes for each record that
   * it claims: equal records without key and value, whose offsets differ, come to 12 (zstd).
   * Beyond: the records are counted, from `recordsUncountedMax` on.
   */
  unpackedPerByteUncountedMax: 64,
  /** What a transaction's marker may unpack to. Beyond: CORRUPT_BATCH. */
  markerBytesMax: 64 * KIB,
  /**
   * Growing prefixes of a zstd batch that are unpacked to learn its size. Beyond: BATCH_TOO_LARGE,
   * it is built to be expensive.
   */
  zstdPrefixesMax: 32,
  /** What `odradek dump-log` unpacks a batch to. Beyond: it says so and shows the header. */
  inspectedBatchBytesMax: 256 * MIB,
  /** Read at a time by `odradek dump-log`. */
  inspectedChunkBytes: 256 * KIB,
  /** Index entries read at a time by `odradek dump-log`. */
  inspectedIndexEntries: 4096,

  // ## Maintenance
  /** Threads of the pool. Beyond: jobs wait. */
  threadsMax: 2,
  /** A thread without work ends after this. */
  threadIdleMs: 10 * SECOND_MS,
  /** Jobs that wait for a thread. Beyond: the job is refused, and asked for again later. */
  jobsQueuedMax: 1024,
  /** Read at a time by a scrub, and by compaction. */
  jobReadBytes: 1 * MIB,
  /**
   * Written and synced at a time by compaction: a sync of more holds the device, and the syncs of
   * others wait.
   */
  jobWriteBytes: 1 * MIB,
  /** The longest pause of a paced job before it looks at its stop flag again. */
  pacerNapMs: 100,
  /**
   * Memory for keys that one thread of compaction has at least. Kafka:
   * log.cleaner.dedupe.buffer.size, its minimum.
   */
  compactionMapBytesMin: 1 * MIB,
  /**
   * Segments that one pass of compaction looks for keys in. Beyond: the next pass goes on, so that
   * what a thread is told of them stays short.
   */
  compactionDirtySegmentsMax: 10_000,
  /**
   * After a compaction that failed (a full disk, for instance) the log is left alone for so long.
   */
  compactionRetryMs: 5 * MINUTE_MS,
  /**
   * How often logs that programs opened by name are asked what retention lets go. Kafka:
   * log.retention.check.interval.ms.
   */
  retentionCheckMs: 5 * MINUTE_MS,
  /** Files of deleted partitions that one job unlinks. Beyond: the next job goes on. */
  unlinkedPerJobMax: 1_000,
  /**
   * Of a deleted file, given back to the file system at a time. Cuts are at multiples of it, so
   * that no page of the cache, nor a larger unit of it of up to 4 MiB, is cut in two: sendfile(2)
   * may have put it into a socket.
   */
  cutPieceBytes: 4 * MIB,
  /**
   * After a piece or a file nothing is deleted for so many times as long as it took: syncs wait
   * for discards, …
   */
  deletionRestTimes: 4,
  /** … up to this. Beyond: the rest of the pause is not made. */
  deletionRestMsMax: 100,

  // ## Catalog
  /** Smallest step by which the catalog's data file grows, … */
  catalogStepBytesMin: 256 * KIB,
  /** … and the share of its size beyond that. */
  catalogStepShare: 1 / 8,
  /** Memory mapped for a catalog at first; it doubles. */
  catalogMapBytesFirst: 16 * MIB,
  /**
   * Pages that a commit may need beside what it writes: new levels of the tree, and the free
   * list's own.
   */
  catalogPagesSpare: 32,
  /** A commit of the catalog that takes longer takes the directory offline. */
  catalogCommitMs: 30 * SECOND_MS,
  /** Entries of one transaction where a catalog is made anew. Beyond: another transaction. */
  catalogRebuildChangesMax: 1_000,
  /** Read at a time where a catalog is checked: a whole number of its pages. */
  catalogBlockBytes: 64 * KIB,
  /** Blocks of a catalog that are in memory while it is checked. Beyond: the oldest is let go. */
  catalogBlocksMax: 64,
  /**
   * Attempts of `odradek scrub` to read a catalog whose pages may change meanwhile. Beyond: it
   * counts as damaged, and tells nothing of where logs begin and end.
   */
  catalogReadAttemptsMax: 3,
} as const;
