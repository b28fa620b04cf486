const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1000;

/**
 * Every bound of the commands that are clients of a broker, in one table, which docs/limits.md
 * shows.
 */
export const CLI_LIMITS = {
  // ## The command as a client
  /** The time within which a request must be answered. Beyond: the command fails. */
  requestTimeoutMs: 30 * SECOND_MS,
  /**
   * The same for `odradek cluster`, which health checks run, unless `--timeout` says another.
   * Beyond: the command fails.
   */
  healthTimeoutMs: 5 * SECOND_MS,
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
   * Attempts in a row of `consume` to read a partition that its broker cannot read
   * (KAFKA_STORAGE_ERROR). Beyond: only the other partitions are read.
   */
  offlineAttemptsMax: 20,
  /** The pause between two attempts. */
  retryPauseMs: 100,
  /** Characters of one pattern of `consume`. Beyond: it is refused. */
  patternLengthMax: 1000,
  /** The time that a pattern may take on the names of all topics. Beyond: it is refused. */
  patternTimeoutMs: 500,
  /** The interval at which `consume` looks for new topics that match its pattern. */
  topicsRefreshMs: 2 * SECOND_MS,
  /**
   * The time in which a broker must answer a completion script. Beyond: its names are not offered.
   */
  completionTimeoutMs: 1 * SECOND_MS,
  /** The interval of the lines that `perf` prints while it runs. */
  perfLineMs: 5 * SECOND_MS,
  /** The longest latency that `perf` keeps. Beyond: it counts as this. */
  perfLatencyMaxMs: 3600 * SECOND_MS,
  /** Bytes of one value of `perf produce`. Beyond: the option is refused. */
  perfValueBytesMax: 10 * MIB,
  /** Random bytes, beside one value, that all values of `perf produce` are cut from. */
  perfLettersBytes: 256 * KIB,
  /** Records a second of `perf produce`. Beyond: the option is refused. */
  perfRateMax: 10_000_000,
  /** The time that a record of `perf produce` waits for others. Beyond: the option is refused. */
  perfLingerMsMax: 60 * SECOND_MS,
  /** Connections of `perf produce`. Beyond: the option is refused. */
  perfInFlightMax: 100,
  /** Topics of one request. Beyond: several requests. */
  topicsPerRequest: 500,
  /**
   * Bytes of one line of `produce`: as many as a broker accepts in one request by default. Beyond:
   * the command fails.
   */
  lineBytesMax: 100 * MIB,
  /**
   * Bytes of records that `produce` puts into one batch, below the default of `max.message.bytes`.
   * Beyond: another batch.
   */
  batchBytesMax: 900_000,
  /** Bytes that each record and header adds to that beside its own, roughly. */
  recordOverheadBytes: 32,
  /** Bytes that `consume` asks for of one partition … */
  fetchPartitionBytes: 1 * MIB,
  /** … and in one answer. */
  fetchBytes: 8 * MIB,
  /** The time that a fetch waits at the end of a topic, and so the longest that a signal waits. */
  fetchWaitMs: 500,
  /**
   * The interval at which a group member commits the records that it has printed; it also commits
   * them at the end.
   */
  commitIntervalMs: 1 * SECOND_MS,
  /**
   * The time that a join waits for the other members: a little more than the default that members
   * written in Java have for it.
   */
  joinTimeoutMs: 310 * SECOND_MS,
  /** Kafka: session.timeout.ms. */
  sessionTimeoutMs: 10 * SECOND_MS,
  /**
   * The time that the other members wait for this one when they form a new generation. Kafka:
   * max.poll.interval.ms.
   */
  rebalanceTimeoutMs: 20 * SECOND_MS,
  /** Kafka: heartbeat.interval.ms. */
  heartbeatIntervalMs: 1 * SECOND_MS,
  /** Characters of a key, value or header that `dump-log` shows. Beyond: it is cut. */
  shownLengthMax: 1000,
  /** Problems of one file that `catalog` prints. Beyond: they are counted. */
  problemsShownMax: 20,
  /** Work that is done sooner shows no progress on a terminal. */
  progressShownAfterMs: 2 * SECOND_MS,
  /** The time between two drawings of it … */
  progressRedrawnMs: 200,
  /** … and between two lines of it, on a terminal that takes no control characters. */
  progressLineMs: 10 * SECOND_MS,
  /** The time over which its rate is taken. */
  progressRateMs: 10 * SECOND_MS,
  /**
   * Leader epochs that `catalog rebuild` skips: epochs that a crash may have kept out of every
   * checkpoint.
   */
  epochsSkipped: 1_000,
  /**
   * Numbers of partitions of `__consumer_offsets` that `catalog rebuild` tries where only the
   * groups in it can tell that number. Beyond: the number of its folders is taken.
   */
  offsetsPartitionsTriedMax: 10_000,
  /**
   * The time after the ready line at which the logger is loaded, if nothing was logged before:
   * clients are served first.
   */
  loggerLoadedAfterMs: 1 * SECOND_MS,
} as const;
