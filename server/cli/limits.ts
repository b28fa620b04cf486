const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1000;

/**
 * What the commands that are clients of a broker allow themselves, in one table, which
 * docs/limits.md shows.
 */
export const CLI_LIMITS = {
  // ## The command as a client
  /** The time that a request has. Beyond: the command fails. */
  requestTimeoutMs: 30 * SECOND_MS,
  /**
   * A response larger than this comes from something that is no broker. Beyond: the command fails.
   */
  responseBytesMax: 128 * MIB,
  /**
   * Attempts of `produce` while a broker answers with a retriable error. Beyond: the command
   * fails.
   */
  produceAttemptsMax: 20,
  /** Attempts to find a coordinator that is not ready yet. Beyond: the command fails. */
  coordinatorAttemptsMax: 100,
  /** Attempts to learn of a topic that is being made. Beyond: the command fails. */
  topicAttemptsMax: 50,
  /**
   * Attempts of `consume` to read a partition whose broker cannot (KAFKA_STORAGE_ERROR), one after
   * another. Beyond: the others are read.
   */
  offlineAttemptsMax: 20,
  /** The pause between two attempts. */
  retryPauseMs: 100,
  /** Topics of one request. Beyond: several requests. */
  topicsPerRequest: 500,
  /**
   * A line of `produce`: what a broker accepts in one request by default. Beyond: the command
   * fails.
   */
  lineBytesMax: 100 * MIB,
  /**
   * Records that `produce` puts into one batch, below the default of `max.message.bytes`. Beyond:
   * another batch.
   */
  batchBytesMax: 900_000,
  /** What each record and header adds to that beside its bytes, roughly. */
  recordOverheadBytes: 32,
  /** What `consume` asks for of one partition … */
  fetchPartitionBytes: 1 * MIB,
  /** … and in one answer. */
  fetchBytes: 8 * MIB,
  /** How long a fetch waits at the end of a topic, and so the longest that a signal waits. */
  fetchWaitMs: 500,
  /** What a group member printed is committed this often, and at the end. */
  commitIntervalMs: 1 * SECOND_MS,
  /**
   * Joining waits for the other members: as long as Java's allow themselves by default, and a
   * little more.
   */
  joinTimeoutMs: 310 * SECOND_MS,
  /** Kafka: session.timeout.ms. */
  sessionTimeoutMs: 10 * SECOND_MS,
  /**
   * What the others wait for this member when they form a new generation. Kafka:
   * max.poll.interval.ms.
   */
  rebalanceTimeoutMs: 20 * SECOND_MS,
  /** Kafka: heartbeat.interval.ms. */
  heartbeatIntervalMs: 1 * SECOND_MS,
  /** Characters of a key, value or header that `dump-log` shows. Beyond: it is cut. */
  shownLengthMax: 1000,
  /** Problems of one file that `catalog` prints. Beyond: they are counted. */
  problemsShownMax: 20,
  /** Logs that `catalog rebuild` reads between two lines of progress. */
  logsPerLine: 100,
  /**
   * Leader epochs that `catalog rebuild` leaves out: a crash may have kept them from any
   * checkpoint.
   */
  epochsSkipped: 1_000,
  /**
   * Partitions of `__consumer_offsets` that `catalog rebuild` tries, where nothing but its groups
   * tells their number. Beyond: its folders tell.
   */
  offsetsPartitionsTriedMax: 10_000,
  /**
   * The logger is loaded so long after the ready line, if nothing was logged before: clients are
   * served first.
   */
  loggerLoadedAfterMs: 1 * SECOND_MS,
} as const;
