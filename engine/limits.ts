const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/**
 * Every default and hard bound of the engine, in one table; `npm run docs:limits` makes
 * docs/limits.md from it. The comment of a row says what it bounds, then `Kafka: name.` if Kafka
 * has such a bound, then `Beyond: …` if something is refused, closed, or made to wait. A bound
 * named `…Max` is inclusive, and its comment says what happens beyond it. `// ##` begins a section.
 */
export const LIMITS = {
  // ## Work of one turn of the event loop
  /**
   * Elements that all long work together looks at in one turn: about a millisecond. Beyond: the
   * work waits for a later turn.
   */
  turnElementsMax: 1_000,
  /**
   * Records, headers of records and headers of batches that all long work together walks in one
   * turn: about a millisecond. Beyond: the work waits for a later turn.
   */
  turnRecordsMax: 16_384,
  /**
   * Bytes that all long work together unpacks, searches or encodes in one turn. Beyond: the work
   * waits for a later turn.
   */
  turnBytesMax: 1 * MIB,
  /**
   * The share of a turn's allowance that a request or job uses before it counts as long. Beyond: it
   * goes on after the requests and jobs that have done less.
   */
  shortWorkShare: 0.05,
  /**
   * The share of a turn's allowance by which all short work together may exceed it. Beyond: short
   * work waits for a later turn.
   */
  turnShortShareMax: 0.5,
  /**
   * The share of a turn's allowance for the long work that has waited longest; the rest is for the
   * work that has done least.
   */
  turnOldestShare: 0.5,
  /** Levels on which waiting work is sorted by how much it has done, … */
  waitingWorkLevels: 8,
  /** … and the factor from the upper end of one level to that of the next. */
  waitingWorkLevelFactor: 4,
  /** Records and headers that are walked between two reports of a walk. */
  recordsReportedTogether: 512,
  /** Headers of batches that a truncation walks between two reports of its work. */
  headersReportedTogether: 100,
  /**
   * Elements that a new segment counts for where many logs begin a segment together: a new segment
   * makes a file on the event loop.
   */
  newSegmentElements: 200,
  /**
   * Logs that are asked in one turn whether they need compaction: a microsecond each. A log of many
   * segments looks at them in slices.
   */
  compactionNeedsPerTurn: 500,
  /**
   * Turns that a sync round waits for the next batches of the clients that the last round answered,
   * while each turn brings some. Beyond: it syncs.
   */
  syncGatheringTurnsMax: 16,

  // ## Names
  /**
   * Characters of a log's name, which must fit a file name with partition and suffix. Beyond:
   * INVALID_NAME.
   */
  nameLengthMax: 249,
  /** Characters of a bad name, or of another bad text, that an error shows. Beyond: it is cut. */
  nameShownLengthMax: 64,
  /** Cursors of one log of a program. Beyond: INVALID_SETTING for a new one. */
  cursorsMax: 1000,

  // ## Appends
  /**
   * Bytes of appends under way in one log of a program, unless it says otherwise. Beyond:
   * APPENDS_PENDING.
   */
  pendingBytesMax: 256 * MIB,
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
  /** Number of such writes in a row after which the directory writes synchronously again. */
  writesRecoveredCount: 16,
  /**
   * Growth after which a log begins to write back while no client waits for its sync: dirty pages
   * never pile up.
   */
  writeBackBytes: 1 * MIB,
  /**
   * Logs that write back at the same time: a full device queue holds the thread. Beyond: the other
   * logs wait.
   */
  writeBacksRunningMax: 1,
  /** Unsynced bytes at which a log is synced on systems where only a sync can write back. */
  writeBackSyncBytes: 32 * MIB,
  /**
   * Number of files from which on one syncfs(2) is cheaper than a sync of each file
   * (docs/durability.md has the figures).
   */
  syncFileSystemFiles: 3,

  /**
   * Segments of one log: 16 TiB in segments of 64 MiB (Kafka has no such bound). Beyond:
   * TOO_MANY_SEGMENTS; larger segments or less retention help.
   */
  segmentsPerLogMax: 262_144,
  /**
   * Segments of one log that are renamed, and later unlinked, in one go; other work of the log, and
   * its close, come in between.
   */
  segmentsRetiredAtATime: 100,

  /**
   * Largest offset that a leader's batch, or a log that begins again at a later offset, may begin
   * with: no checksum covers a base offset, and every batch appended behind it must stay below
   * 2^53. Beyond: INVALID_BATCH, OFFSET_OUT_OF_RANGE.
   */
  replicaOffsetMax: 2 ** 53 - 2 ** 40,
  // ## Reads
  /**
   * Places in one log of which the position of the next batch is remembered: as many readers find
   * their next batch at once. Beyond: a reader asks the index.
   */
  readHintsMax: 32,
  /** Bytes read at a time for headers: many small batches, or the one header of a large batch. */
  headerReadBytes: 4 * KIB,
  /** Bytes read at a time for the headers of a long walk over small batches. */
  headerReadLongBytes: 64 * KIB,
  /**
   * Bytes of a read's answer that are warmed together with the headers that the read looks at; the
   * rest is warmed as it is sent.
   */
  warmReadBytes: 1 * MIB,
  /**
   * Bytes warmed around a header: the piece that a walk reads at a time, and as much again for the
   * walk to the header.
   */
  warmHeaderBytes: 8 * KIB,
  /**
   * Bytes warmed at a time for a reader that goes on: many small reads share one trip to the thread
   * pool.
   */
  warmAheadBytes: 1 * MIB,
  /**
   * Cold ranges read at the same time: Node's thread pool has four threads, and syncs need them
   * too. Beyond: the other ranges wait.
   */
  warmUpsRunningMax: 2,
  /** Bytes that one read brings into memory where the range is read only to be in memory. */
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
   * Bytes that go through the page cache on this process's behalf before a range no longer counts
   * as resident, …
   */
  residentTrustedBytes: 64 * MIB,
  /** … and the time after which it no longer does: other processes may have taken its room. */
  residentTrustedMs: 1 * SECOND_MS,
  /**
   * Resident ranges that are remembered of one file; a file that grows by appends uses their places
   * one after another. Beyond: the oldest range is forgotten.
   */
  residentRangesMax: 8,
  /** Bytes that an embedded read answers by default. */
  embeddedReadBytes: 1 * MIB,
  /** Records that a follower unpacks at a time, of one batch. */
  embeddedRecordsAtOnce: 100,
  /** Stored bytes that an embedded follower reads ahead, unless a single batch is larger. */
  embeddedFollowBytes: 256 * KIB,
  /**
   * Stored bytes that an embedded reader backwards holds, unless a single batch is larger. Beyond:
   * it forgets the first of them, and reads them again.
   */
  embeddedReverseBytesMax: 512 * KIB,

  // ## Descriptors
  /**
   * Descriptors of logs that an engine keeps open where the process may have many. Beyond: the
   * descriptor that was unused for longest is closed.
   */
  descriptorsOpenMax: 16_384,
  /**
   * The share of the process's descriptors that logs keep open: the rest is for connections and
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
   * The share of the logs' descriptors that files with unsynced bytes may take. From there on an
   * append to another file waits for a sync.
   */
  descriptorsDirtyShare: 0.9,

  // ## Files that others hold (Windows)
  /**
   * How long a rename, an unlink or an open is tried again that Windows refuses because somebody
   * has the file open, such as a virus scanner. Beyond: its error counts.
   */
  heldFileWaitMs: 10 * SECOND_MS,
  /** The longest pause between two such tries. Beyond: none is. */
  heldFileRetryMsMax: 250,

  // ## Opening, checkpoints, recovery
  /**
   * Size of a folder itself, not of its files, up to which all its names are asked for at once:
   * some thousands of names (ext4, XFS). The names of a larger folder come in pieces.
   */
  folderAtOnceBytes: 256 * KIB,
  /** Names in such a piece. */
  folderNamesAtATime: 1_000,
  /** Logs that are read at a time when they are opened; each takes up to 2 MiB. */
  logsRecoveredAtOnce: 16,
  /** The least time between two calls of `onProgress`; work that is done sooner is not told. */
  progressToldEveryMs: 100,
  /**
   * Bytes behind the checkpoint of a log, on average, beyond which `onProgress` is told of bytes
   * instead of logs: reading them takes about as long as opening the log.
   */
  progressInBytesFrom: 128 * KIB,
  /** Bytes that recovery reads, or rewrites, at a time. */
  recoveryReadBytes: 1 * MIB,
  /**
   * A search for whole batches behind a torn one checksums at most this multiple of the bytes that
   * it searches: only forged headers claim more, each the bytes of the others. Beyond: the torn
   * batch counts as damage.
   */
  recoveryCheckedTimesMax: 16,
  /**
   * Files of one log that are open with unsynced bytes while recovery reads its tail. Beyond: they
   * are synced first.
   */
  recoveredFilesUnsyncedMax: 16,
  /**
   * Logs in one checkpoint transaction. Beyond: several transactions, with turns of the event loop
   * between them.
   */
  checkpointLogsMax: 1_000,
  /** Logs of which a checkpoint saves the indexes at a time. */
  indexSavesAtOnce: 32,
  /**
   * Sealed segments of one log whose indexes are saved before the log is checkpointed. Beyond: the
   * other indexes are saved after the checkpoint; otherwise a log that rolls faster than indexes
   * are synced would never be checkpointed.
   */
  sealedSavedPerCheckpoint: 16,
  /** A log that has grown by this is checkpointed at once, … */
  checkpointBytes: 128 * MIB,
  /** … any other changed one within this time. */
  checkpointIntervalMs: 5 * SECOND_MS,
  /**
   * Index entries of an active segment that are only in memory. Beyond: they are saved. After a
   * crash recovery walks again the headers of the entries that were not saved.
   */
  indexEntriesUnsavedMax: 256,
  /**
   * Number of unsaved index entries below which a close does not write them to a file; the next
   * reader of that part walks the headers instead.
   */
  indexEntriesLeftUnsaved: 16,
  /**
   * Bytes of a segment whose headers are walked at once for its index. Beyond: a thread walks them,
   * in slices; a read that meets the walk is asked to come again, and an append waits.
   */
  indexWalkAtOnceBytes: 1 * MIB,
  /**
   * Headers of batches without records that one read passes over; the next read goes on behind
   * them.
   */
  emptyBatchesPassed: 1_000,
  /** Segments whose largest timestamps a walk that looks for a time reads ahead together. */
  segmentTimesAhead: 32,
  /** Memory for the indexes of sealed segments, all logs together. */
  indexCacheBytes: 64 * MIB,
  /**
   * Bytes that one cached index counts for beside its entries: its objects, and its place in the
   * cache.
   */
  indexCacheEntryBytes: 512,

  // ## Idempotent producers
  /**
   * Newest batches of a producer that are recognized when they are sent again: as many as clients
   * have in flight.
   */
  producerBatchesKnown: 5,
  /**
   * Newest batches of a producer that are kept in memory: batches in flight may fail, and then the
   * batches before them are again the newest.
   */
  producerBatchesKept: 10,
  /**
   * Producers that a log remembers, some 500 bytes of memory each. Beyond: a new one takes the
   * place of one that was silent for long.
   */
  producersPerLogMax: 200_000,
  /**
   * Producers on one page, the unit in which a checkpoint writes them: a producer that has changed
   * takes its page along.
   */
  producersPerPage: 32,
  /**
   * Such pages that are written in the transaction of a checkpoint. Beyond: all of them are written
   * before it, `producerPagesAtATime` together.
   */
  producerPagesWithCheckpointMax: 1,
  /** Such pages in one of the transactions before a checkpoint. */
  producerPagesAtATime: 32,
  /**
   * Such pages that are looked through for producers that have expired, at each checkpoint, or for
   * a silent one, for each beyond `producersPerLogMax`.
   */
  producerPagesLookedAt: 32,

  // ## Unpacking
  /**
   * Bytes that one batch may unpack to where its records are looked at. Beyond: BATCH_TOO_LARGE.
   */
  decompressedBatchBytesMax: 128 * MIB,
  /** Memory of all logs together for unpacking small batches. Beyond: they wait. */
  unpackedSmallBytes: 64 * MIB,
  /** Bytes that a small batch may unpack to. Beyond: it counts as a large one. */
  unpackedSmallBatchBytesMax: 8 * MIB,
  /**
   * Memory for unpacking large batches; where a codec hands over pieces, as much again for a
   * moment. Beyond: they wait.
   */
  unpackedLargeBytes: 256 * MIB,
  /**
   * Bytes of records that are packed on the event loop for `compression.type` lz4 or snappy: 10 to
   * 30 µs, where the way to a thread and back takes the loop 50 to 100. gzip and zstd are never
   * packed there. Beyond: a thread packs.
   */
  packedAtOnceBytesMax: 16 * KIB,
  /** Length below which a copy within an lz4 block is made byte by byte: a call costs more. */
  lz4ShortCopyBytes: 32,
  /** Records of a refused batch that its producer is told of (Kafka names all). */
  badRecordsNamed: 100,
  /**
   * Headers of one record, where records are looked at: at an append to a compacted topic, under
   * `odradek.validate=records` or a `compression.type` other than `producer`, and of a compressed
   * batch whose claim is counted (`recordsUncountedMax`); and by the readers of this program
   * (embedded logs, `odradek consume`). Elsewhere they are not counted, as in Kafka. Beyond:
   * INVALID_RECORD; those readers fail with BATCH_TOO_LARGE.
   */
  headersPerRecordMax: 100_000,
  /**
   * Records that a compressed batch may claim without being unpacked: a claim takes as many
   * offsets, and 2^31 offsets end a segment. Hardly any honest batch of 1 MB holds more. Beyond:
   * the records are counted on a thread (Kafka counts all).
   */
  recordsClaimedMax: 1_000_000,
  /**
   * Records that a compressed batch may claim however few its bytes are. Beyond: the records are
   * counted if the batch's bytes would have to unpack to more than `unpackedPerByteUncountedMax`
   * allows.
   */
  recordsUncountedMax: 4_096,
  /**
   * Bytes that one byte of a compressed batch may have to unpack to, at seven bytes for each record
   * that the batch claims: equal records without key and value, whose offsets differ, come to 12
   * (zstd). Beyond: the records are counted, from `recordsUncountedMax` on.
   */
  unpackedPerByteUncountedMax: 64,
  /** Bytes that a transaction's marker may unpack to. Beyond: CORRUPT_BATCH. */
  markerBytesMax: 64 * KIB,
  /**
   * Growing prefixes of a zstd batch that are unpacked to learn its size. Beyond: BATCH_TOO_LARGE,
   * since the batch is built to be expensive.
   */
  zstdPrefixesMax: 32,
  /**
   * Bytes that `odradek dump-log` unpacks a batch to. Beyond: it says so and shows only the header.
   */
  inspectedBatchBytesMax: 256 * MIB,
  /** Bytes that `odradek dump-log` reads at a time. */
  inspectedChunkBytes: 256 * KIB,
  /** Index entries that `odradek dump-log` reads at a time. */
  inspectedIndexEntries: 4096,

  // ## Maintenance
  /** Threads of the pool. Beyond: jobs wait. */
  threadsMax: 2,
  /** A thread without work ends after this. */
  threadIdleMs: 10 * SECOND_MS,
  /**
   * Jobs that wait for a thread. Beyond: a new job is refused, and the engine asks for it again
   * later.
   */
  jobsQueuedMax: 1024,
  /** Bytes that a scrub, or compaction, reads at a time. */
  jobReadBytes: 1 * MIB,
  /**
   * Bytes that compaction writes and syncs at a time: a sync of more holds the device, and the
   * syncs of appends wait.
   */
  jobWriteBytes: 1 * MIB,
  /** The longest pause of a paced job before it looks at its stop flag again. */
  pacerNapMs: 100,
  /**
   * Least memory for keys that one thread of compaction has. Kafka: log.cleaner.dedupe.buffer.size,
   * its minimum.
   */
  compactionMapBytesMin: 1 * MIB,
  /**
   * Segments that one pass of compaction searches for keys, so that the list of them that a thread
   * gets stays short. Beyond: the next pass goes on.
   */
  compactionDirtySegmentsMax: 10_000,
  /**
   * The time after a failed compaction (a full disk, for instance) in which the log is not
   * compacted.
   */
  compactionRetryMs: 5 * MINUTE_MS,
  /**
   * The interval at which retention looks at the logs that programs opened by name. Kafka:
   * log.retention.check.interval.ms.
   */
  retentionCheckMs: 5 * MINUTE_MS,
  /** Files of deleted partitions that one job unlinks. Beyond: the next job goes on. */
  unlinkedPerJobMax: 1_000,
  /**
   * Bytes of a deleted file that are given back to the file system at a time. Cuts are at multiples
   * of this size, so that no page of the page cache, nor a larger unit of it of up to 4 MiB, is cut
   * in two: sendfile(2) may have put that page into a socket.
   */
  cutPieceBytes: 4 * MIB,
  /**
   * Length of the pause after each deleted piece or file, as a multiple of the time that its
   * deletion took: syncs wait for discards, …
   */
  deletionRestTimes: 4,
  /** … and the longest such pause. Beyond: it ends there. */
  deletionRestMsMax: 100,

  // ## Names
  /**
   * Characters of an unknown name that are compared with the known names, for "did you mean": the
   * cost is quadratic. Beyond: the name is cut.
   */
  nameComparedMax: 64,

  // ## Catalog
  /** The smallest step by which the catalog's data file grows, … */
  catalogStepBytesMin: 256 * KIB,
  /** … and the share of the file's size by which it grows where that is more. */
  catalogStepShare: 1 / 8,
  /** Memory mapped for a catalog at first; the mapping doubles as the catalog grows. */
  catalogMapBytesFirst: 16 * MIB,
  /**
   * Pages that a commit may need beside those for its entries: new levels of the tree, and pages of
   * the free list.
   */
  catalogPagesSpare: 32,
  /** A commit of the catalog that takes longer takes the directory offline. */
  catalogCommitMs: 30 * SECOND_MS,
  /** Bytes of the pieces of a file in memory, so that it grows without being copied. */
  memoryChunkBytes: 64 * KIB,
  /** Bytes of the last piece of a file in memory, which grows by doubling. */
  memoryChunkBytesLeast: 256,
  /** Between two looks at a directory that another process writes. */
  readOnlyPollMs: 50,
  /** Looks at a torn end of one size. Beyond: its segment is read anew. */
  readOnlyTornLooksMax: 20,
  /** Tries of a lookup that meets vanished files. Beyond: it fails with what it met. */
  readOnlyTriesMax: 20,
  /** Entries in one transaction where a catalog is rebuilt. Beyond: another transaction. */
  catalogRebuildChangesMax: 1_000,
  /** Bytes read at a time where a catalog is checked: a whole number of its pages. */
  catalogBlockBytes: 64 * KIB,
  /**
   * Blocks of a catalog that are kept in memory while it is checked. Beyond: the oldest block is
   * dropped.
   */
  catalogBlocksMax: 64,
  /**
   * Attempts of `odradek scrub` to read a catalog whose pages may change meanwhile. Beyond: it
   * counts as damaged, and tells nothing of where logs begin and end.
   */
  catalogReadAttemptsMax: 3,
} as const;
