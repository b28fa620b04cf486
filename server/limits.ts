import assert from 'node:assert/strict';

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/**
 * Every bound of the broker, with its default, in one table; `npm run docs:limits` makes
 * docs/limits.md from it. Names carry their unit; a bound named `…Max` is inclusive. The comment of
 * a row says what it bounds, then `Kafka: name.` if Kafka has such a bound, then `Beyond: …` if
 * something is refused, closed, or made to wait. `// ##` begins a section.
 */
export const SERVER_LIMITS = {
  // ## Connections
  /**
   * Open client connections of one broker. Kafka: max.connections. Beyond: a new connection is
   * closed.
   */
  connectionsMax: 10_000,
  /**
   * Open client connections from one address. Kafka: max.connections.per.ip. Beyond: a new
   * connection is closed.
   */
  connectionsPerIpMax: 10_000,
  /**
   * Connections accepted in one turn beside the one that libuv accepts. Beyond: they wait for a
   * later turn.
   */
  acceptsPerTurnMax: 64,
  /**
   * The time after which a connection with nothing in flight is closed. Kafka:
   * connections.max.idle.ms.
   */
  idleMs: 10 * MINUTE_MS,
  /**
   * The time that a started frame has, whatever its size, counted only while the broker reads.
   * Beyond: the connection is closed.
   */
  frameDeadlineMs: 30 * SECOND_MS,
  /** The average rate at which a frame, or an answer, may go on past its deadline. */
  bytesPerSecondMin: 16 * KIB,
  /**
   * The time that a started frame, and one that reads its answers, has while `bytesInFlightMax` is
   * reached. Beyond: the connection is closed.
   */
  pressedDeadlineMs: 10 * SECOND_MS,
  /** The time without any progress after which a client that does not read is cut off. */
  writeDeadlineMs: 60 * SECOND_MS,
  /** The time that a closing connection gives its client to read the last answers. */
  lingerMs: 2 * SECOND_MS,
  /** How often deadlines are looked at; they are late by up to this much. */
  sweepMs: 1 * SECOND_MS,
  /**
   * Ports tried when the system's choice for 127.0.0.1 is taken on ::1. Beyond: the start fails.
   */
  portAttemptsMax: 16,
  /** The longest time that a stop waits for the requests that were received. */
  drainMs: 10 * SECOND_MS,

  // ## Requests
  /**
   * Size of one request without its prefix. Kafka: socket.request.max.bytes. Beyond: the
   * connection is closed.
   */
  requestBytesMax: 100 * MIB,
  /**
   * Requests of one connection that were received and not answered. Beyond: the broker stops
   * reading from the connection.
   */
  requestsInFlightPerConnection: 1024,
  /**
   * Received and unanswered plus unsent bytes of one connection; one larger request goes through
   * alone. Beyond: the broker stops reading from the connection.
   */
  bytesInFlightPerConnection: 16 * MIB,
  /**
   * The same, summed over the broker. Kafka: queued.max.request.bytes. Beyond: the broker stops
   * reading from connections that hold more than `bytesInFlightFloor`.
   */
  bytesInFlightMax: 256 * MIB,
  /**
   * Elements that were taken from a queue and that its array still holds. Beyond: the array is
   * compacted.
   */
  queueTakenMax: 256,
  /**
   * Bytes that each connection may hold even while the broker is over `bytesInFlightMax`, so that a
   * few connections cannot stop all others.
   */
  bytesInFlightFloor: 64 * KIB,
  /**
   * Elements of the requests of all connections that begin in one turn: a request counts for
   * `requestBeginElements` and for its array elements. Beyond: requests wait for a later turn, in
   * which the waiting connections begin one request each, one after another.
   */
  turnBegunElementsMax: 4_096,
  /** Elements that a request counts for in that beside its array elements. */
  requestBeginElements: 16,
  /**
   * `turnBegunElementsMax` divided by this is what may be spent before the number of the turn is
   * asked for again.
   */
  turnBegunUnaskedDivisor: 2,
  /** Size below which requests that wait for a later turn begin first, before all larger ones. */
  smallRequestBytes: 4 * KIB,
  /**
   * Levels on which such requests are sorted by size; each level ends at four times the size of the
   * one before.
   */
  requestSizeLevels: 5,
  /**
   * Elements of the large requests that are in progress, over all connections; up to a KiB of heap
   * each. Beyond: large requests wait; they go one by one while `bytesInFlightMax` is reached.
   */
  elementsInProgressMax: 150_000,
  /** Number of elements from which on a request is large. */
  largeRequestElementsMin: 1_000,
  /** Elements that a request which only reads looks at for its answer before it counts as large. */
  largeAnswerElementsMin: 128,
  /**
   * Such requests that go on at the same time. Beyond: the others wait, and keep what they have
   * read.
   */
  largeAnswersAtOnceMax: 8,
  /**
   * Elements of a request that is decoded in one piece. Beyond: it is decoded in slices, and runs
   * alone.
   */
  requestElementsAtOnceMax: 1_000,
  /**
   * Array elements and tagged fields of one request, in all its structures; a string counts for one
   * in each 64 bytes. Beyond: the connection is closed.
   */
  arrayElementsPerRequestMax: 100_000,

  // ## Receiving
  /** Shared space that reads land in before it is known which frames they hold. */
  receiveScratchBytes: 256 * KIB,
  /**
   * A frame up to this size gets its whole buffer at its first byte; a larger one grows as bytes
   * arrive.
   */
  frameAllocateAtOnceBytes: 1 * MIB,
  /**
   * Size from which on a frame, or a read, gets a slab to be read into; fewer bytes are cheaper to
   * copy.
   */
  frameInPlaceBytesMin: 16 * KIB,
  /** Least room behind the received bytes that is worth a read. */
  frameReadBytesMin: 64 * KIB,
  /**
   * Size of the slab that small frames share, and that a frame larger than
   * `frameAllocateAtOnceBytes` starts with.
   */
  frameSlabBytes: 256 * KIB,
  /**
   * Memory lent to received frames at the same time; it is used again when they are answered.
   * Beyond: each frame gets memory of its own.
   */
  frameMemoryBytesMax: 64 * MIB,
  /**
   * Lent memory up to which a connection keeps its slab between two frames. Beyond: frames are
   * copied out of the space that all reads share.
   */
  frameMemoryKeptBytesMax: 16 * MIB,
  /** Slabs kept unused, of each size. Beyond: they are given back. */
  frameMemoryFreeBytesMax: 4 * MIB,

  // ## Sending
  /**
   * Bytes received, and bytes sent, per connection and turn; one frame, or one piece of an answer,
   * may exceed it. Beyond: the rest waits for a later turn.
   */
  turnBytesMax: 1 * MIB,
  /**
   * `turnBytesMax` divided by this is what a connection may spend before the number of the turn is
   * asked for again.
   */
  turnUnaskedDivisor: 16,
  /**
   * Bytes of files sent per turn over all connections while a client with small answers is active.
   * Beyond: the rest waits for a later turn.
   */
  pacedTurnBytesMax: 256 * KIB,
  /**
   * Bytes of files sent after a request of a client with small answers until that client no longer
   * counts as active.
   */
  pacedBytes: 16 * MIB,
  /** A file slice up to this size is read at once and sent with its neighbours. */
  sliceReadAtOnceBytes: 16 * KIB,
  /** Bytes of a file that are read at a time where it cannot be handed to sendfile(2). */
  copyChunkBytes: 256 * KIB,
  /** The smallest chunk for copying. */
  copyChunkBytesMin: 16 * KIB,
  /**
   * Bytes of lent chunks up to which a new chunk may have any size. Beyond: a new chunk has the
   * least size.
   */
  copyChunksLentBytesMax: 64 * MIB,
  /** Bytes of free chunks of all sizes that are kept. Beyond: a chunk that comes back is freed. */
  copyChunksKeptBytesMax: 4 * MIB,
  /** Bytes of the file that are read and queued when sendfile(2) finds the socket full. */
  sendfileNudgeBytes: 64 * KIB,
  /**
   * Bytes up to which several buffers are copied into one. Beyond: each buffer is handed to the
   * kernel, which is cheaper then.
   */
  sendGatherBytesMax: 64 * KIB,

  // ## Topics, partitions, metadata
  /** Partitions in one answer to DescribeTopicPartitions. Beyond: the next answer goes on. */
  partitionsDescribedMax: 2_000,
  /** Partitions of one topic, and those that one CreateTopics makes. Beyond: INVALID_PARTITIONS. */
  partitionsPerTopicMax: 10_000,
  /**
   * Partitions of all topics, twice as many as honest use is to need; each takes some kilobytes of
   * memory. Beyond: INVALID_PARTITIONS.
   */
  partitionsMax: 200_000,
  /** Topics from which on the image of the metadata is changed in layers, not copied. */
  imageLayeredTopicsMin: 1_000,
  /** Topics that one transaction creates or deletes. Beyond: several, one after another. */
  topicsPerTransaction: 250,
  /** Partitions that one transaction creates or deletes; a topic with more goes alone. */
  partitionsPerTransaction: 1_000,
  /**
   * Partitions whose log start offsets one DeleteRecords moves at the same time. Beyond: the other
   * partitions wait.
   */
  recordDeletionsAtOnce: 64,
  /**
   * Logs of deleted topics whose files are deleted at the same time. Beyond: the other logs wait.
   */
  deletionsAtOnce: 64,
  /**
   * Batches of idempotent producers that a partition remembers as refused while its log is being
   * opened. Beyond: a refused batch is not remembered, and a batch that was sent behind it may be
   * taken before it is sent again.
   */
  refusedWhileOpeningMax: 1_000,
  /**
   * Characters of a topic's name, which must fit a file name with partition and suffix. Beyond:
   * INVALID_TOPIC_EXCEPTION.
   */
  topicNameLengthMax: 249,
  /**
   * Characters of one setting's value: a list is split, and told to every client that asks for it.
   * Beyond: INVALID_CONFIG.
   */
  configValueLengthMax: 32_768,
  /** Characters of a bad topic name that an error shows. Beyond: it is cut. */
  topicNameShownLengthMax: 64,
  /**
   * Partitions opened at the same time at the start: the engine reads a few of them at a time, and
   * syncs those that are ready in one round.
   */
  partitionsOpenedAtOnce: 512,
  /**
   * Partitions of one topic that get changed settings in one turn. Beyond: the other partitions get
   * them in later turns.
   */
  partitionsAppliedAtOnce: 250,
  /**
   * Partitions that retention looks at in one turn. Beyond: the other partitions wait for a later
   * turn.
   */
  retentionPartitionsPerTurn: 64,
  /**
   * Metadata transactions remembered for watches that begin in the past. Beyond: such a watch is
   * refused.
   */
  metadataHistoryCount: 1024,
  /** The time after which keys of a lease that could not be removed are tried again. */
  leaseExpiryRetryMs: 1 * SECOND_MS,
  /** Entries in one transaction of the metadata's copy. Beyond: another transaction. */
  metadataCopyChangesMax: 500,
  /** The time after which the metadata's copy is tried again when the disk had no room for it. */
  metadataCopyRetryMs: 5 * SECOND_MS,
  /**
   * Producer ids taken from the metadata at a time. A crash loses at most the rest of such a block.
   */
  producerIdBlockCount: 1000,
  /**
   * Elements that the plan of a topic, or the check of its settings, counts for: it resolves all
   * settings that the topic inherits, or looks for the known name that is nearest to an unknown
   * one.
   */
  topicPlanElements: 10,
  /** Characters of a setting's value that count for one element more where it is parsed. */
  settingElementChars: 64,
  /** Bytes of the file that `--config` names. Beyond: the start fails. */
  settingsFileBytesMax: 1 * MIB,

  // ## Produce and fetch
  /** The interval of odradek.flush=interval where neither flush.ms nor flush.messages sets one. */
  flushIntervalMs: 1 * SECOND_MS,
  /**
   * Batches of one Produce request up to which it appends them all in one turn. Beyond: other
   * requests are served in between.
   */
  produceBatchesAtOnceMax: 250,
  /**
   * The number of these that may be the first batches of their logs, which make folders and files.
   * Beyond: other requests are served in between.
   */
  produceFirstBatchesAtOnceMax: 4,
  /** Elements that an append counts for where other requests are served in between. */
  produceBatchElements: 20,
  /** Elements that the first append to a log counts for: half a millisecond. */
  produceFirstBatchElements: 500,
  /**
   * Partitions of all fetch sessions together, some 400 bytes of heap each. Beyond:
   * FETCH_SESSION_ID_NOT_FOUND, or no session.
   */
  fetchSessionPartitionsMax: 100_000,
  /**
   * The time for which a fetch session keeps its place although new sessions want it (in Kafka the
   * same, not a setting).
   */
  fetchSessionEvictionMs: 2 * MINUTE_MS,
  /**
   * Partitions that a fetch reads in one turn before it asks whether it may go on. Beyond: other
   * requests are served in between.
   */
  fetchPartitionsAtOnceMax: 32,
  /**
   * The longest time that a fetch waits, whatever it asks for; `odradek.fetch.max.wait.ms` shortens
   * it. Beyond: it is answered.
   */
  fetchWaitMsMax: 5 * MINUTE_MS,
  /**
   * Partitions that all waiting fetches together watch. Beyond: a fetch is answered without waiting
   * for its partitions.
   */
  fetchWatchedPartitionsMax: 1_000_000,
  /**
   * Topics and partitions that all waiting fetches together name, and `requestBeginElements` for
   * each fetch. Beyond: a fetch is answered without waiting.
   */
  fetchWaitingNamedMax: 4_000_000,
  /** Bytes of an answer that a fetch expects a partition to take before it was read from disk. */
  fetchWarmingBytes: 1 * MIB,

  // ## Groups
  /**
   * Cancelled deadlines that a heap may hold. Beyond: the heap is rebuilt without them, once they
   * are most of it.
   */
  staleDeadlinesMax: 64,
  /**
   * Characters of a group, member or instance id, or of a protocol's name. Beyond:
   * INVALID_GROUP_ID or INVALID_REQUEST.
   */
  groupIdLengthMax: 1024,
  /**
   * Groups of a broker, some 2 KB of heap each. Beyond: POLICY_VIOLATION for members and offsets of
   * groups that are new.
   */
  groupsMax: 250_000,
  /**
   * Members of one group: the default of the setting. Kafka: group.max.size (2,147,483,647).
   * Beyond: GROUP_MAX_SIZE_REACHED for a new member.
   */
  membersPerGroupMax: 10_000,
  /**
   * Bytes that members of all groups take: metadata, protocol names, `memberBytes` for each member
   * and `pendingMemberBytes` for each member id that was given out. Beyond: GROUP_MAX_SIZE_REACHED.
   */
  memberBytesMax: 256 * MIB,
  /** Heap that a member takes beside its metadata, roughly, … */
  memberBytes: 1 * KIB,
  /** … and heap that a member id takes which was given out. */
  pendingMemberBytes: 256,
  /** Committed offsets of one group. Beyond: POLICY_VIOLATION for partitions that are new. */
  groupOffsetsMax: 1_000_000,
  /**
   * Committed offsets of all groups, some 130 bytes of heap each. Beyond: POLICY_VIOLATION for
   * partitions that are new.
   */
  offsetsMax: 5_000_000,
  /** Groups that one DeleteGroups deletes at a time. Beyond: the others wait. */
  groupDeletionsAtOnce: 250,
  /**
   * Members that one LeaveGroup removes in one turn. Beyond: the other members leave in a later
   * turn.
   */
  leaversAtOnce: 500,
  /**
   * Elements that an answer to a member counts for: a promise, an encoding, a write. The leader's
   * list of members, and the group's record, are counted by themselves.
   */
  memberAnswerElements: 16,
  /** Members that a walk passes for one element. */
  membersPassedPerElement: 8,
  /**
   * Member names of a leader's plan that are looked up in the time that a walk needs for one
   * member.
   */
  planNamesPerMemberPassed: 32,
  /**
   * Members copied for DescribeGroups for one element; the members of one group are copied all at
   * once.
   */
  membersDescribedPerElement: 8,
  /** Committed offsets of a group that a walk passes for one element. */
  offsetsPassedPerElement: 8,
  /**
   * Elements of a group's step up to which it is done at once and not counted: what a small group
   * costs. Beyond: its answers are sent in later turns.
   */
  groupStepElementsMax: 64,
  /** Protocols that one member names. Beyond: INVALID_REQUEST. */
  memberProtocolsMax: 100,
  /**
   * Metadata of one member, all protocols together, in bytes: it is kept in memory, and has to fit
   * a record. Beyond: INVALID_REQUEST.
   */
  memberMetadataBytesMax: 1 * MIB,
  /**
   * Metadata and protocol names of all members of one group, in bytes. Beyond:
   * GROUP_MAX_SIZE_REACHED.
   */
  groupMetadataBytesMax: 64 * MIB,
  /**
   * Protocol names on all the different lists of protocols in one group; most groups have one list
   * or two. Beyond: GROUP_MAX_SIZE_REACHED.
   */
  groupProtocolNamesMax: 10_000,
  /**
   * Members of one group that are dropped in one turn when their session timeouts are over. Beyond:
   * the other members wait for a later turn.
   */
  membersDroppedAtOnce: 250,
  /**
   * The time after which a member that has joined, and could not be told of it, is removed. Kafka:
   * the same, not a setting.
   */
  newMemberWaitMs: 5 * MINUTE_MS,
  /**
   * Member ids of one group that were given out and not yet used. Beyond: the oldest id is
   * forgotten, and its client starts over.
   */
  pendingMembersMax: 10_000,
  /**
   * Committed offsets that are deleted in one turn because their topic was deleted or their
   * retention is over. Beyond: the other offsets wait for a later turn.
   */
  tombstonesAtOnce: 500,
  /** Topics that the members of one group read together. Beyond: its offsets do not age. */
  subscribedTopicsMax: 100_000,
  /** The longest time that a fetch waits while its client is called to a rebalance. */
  calledWaitMs: 100,

  // ## Coordinators
  /**
   * Bytes of a coordinator's records that are written in one batch. Beyond: several batches; a
   * single larger record goes alone.
   */
  stateBatchBytesMax: 256 * KIB,
  /**
   * Bytes of a log of a coordinator's topic that are read at a time while it is loaded. Kafka:
   * offsets.load.buffer.size.
   */
  stateLoadBytes: 1 * MIB,
  /**
   * Partitions of a coordinator's topic that are loaded at a time. Kafka:
   * group.coordinator.threads. Beyond: the other partitions wait, and refuse requests meanwhile.
   */
  shardsLoadedAtOnce: 4,

  // ## startBroker and odradek dev
  /**
   * Requests that a test can look at; up to twice as many are kept. Beyond: the oldest are
   * forgotten.
   */
  trackedRequestsMax: 10_000,
  /** Topics and errors of one request that are looked at. Beyond: they are left out. */
  trackedNamesMax: 100,
  /** Lists in one another in which the error of an answer is looked for. */
  trackedErrorDepth: 3,
  /** Characters of a client's text that are kept. Beyond: it is cut. */
  trackedNameLengthMax: 255,
  /** Records that a test reads at once. Beyond: refused, read a part. */
  testRecordsMax: 100_000,
  /** Bytes of records that a test reads at once. Beyond: refused, read a part. */
  testRecordsBytesMax: 256 * MIB,
  /** The time that a fetch waits in a temporary broker of `startBroker`. Beyond: it is answered. */
  testFetchWaitMs: 100,
  /** Folders of killed processes that one process removes. Beyond: the next one does. */
  staleFoldersAtOnce: 100,
  /** The age before which no folder is taken for one of a killed process. */
  staleFolderAgeMs: 1 * MINUTE_MS,
  /** The time that `until` waits, unless it is told otherwise. */
  untilMs: 5 * SECOND_MS,
  /** Kinds of errors of one API that a failed `until` names. Beyond: they are left out. */
  untilErrorsShownMax: 3,
  /** Records of one batch of those that a broker starts with. */
  seedBatchRecords: 500,
  /**
   * Bytes of one batch of those that a broker starts with; a larger record is alone in its batch.
   */
  seedBatchBytes: 64 * KIB,

  /** Bytes of the body of a request to the control port. Beyond: refused with 413. */
  controlBodyBytesMax: 64 * KIB,
  /** Connections to the control port. Beyond: a new one is closed. */
  controlConnectionsMax: 100,
  /** The time that a request to the control port has to arrive. Beyond: refused with 408. */
  controlRequestMs: 10 * SECOND_MS,
  /** Faults that were ordered over the control port. Beyond: refused, delete some. */
  controlFaultsMax: 1000,
  /** How often `odradek dev` looks whether its parent is still there. */
  parentCheckMs: 500,

  // ## Log lines
  /**
   * Characters of a field or message; a stack is longer than a client's text. Beyond: it is cut.
   */
  logTextLengthMax: 2000,
  /** Characters of a client's text. Beyond: it is cut. */
  logClientTextLengthMax: 256,
  /** Objects inside one another. Beyond: `[deeper]`. */
  logDepthMax: 4,
  /** Elements of an array, fields of an object, frames of a stack. Beyond: they are left out. */
  logElementsMax: 50,
  /** A line of one kind is written once in this time; the others are counted. */
  logRepeatMs: 10 * SECOND_MS,
  /** Kinds of lines whose repetitions are counted. Beyond: the oldest is forgotten. */
  logKindsMax: 1000,
} as const;

/**
 * The table's names, each with any number: the broker's settings and tests choose others than the
 * defaults.
 */
export type ServerLimits = { readonly [Name in keyof typeof SERVER_LIMITS]: number };

/** States how the bounds relate; a table that contradicts itself is a broken program. */
export function assertLimits(limits: ServerLimits): void {
  for (const [name, value] of Object.entries(limits)) {
    assert(Number.isSafeInteger(value) && value > 0, `${name} is a positive whole number`);
  }
  const atMost = (lower: keyof ServerLimits, upper: keyof ServerLimits): void => {
    assert(limits[lower] <= limits[upper], `${lower} is at most ${upper}`);
  };
  atMost('bytesInFlightPerConnection', 'bytesInFlightMax');
  atMost('bytesInFlightFloor', 'bytesInFlightPerConnection');
  atMost('receiveScratchBytes', 'frameAllocateAtOnceBytes');
  atMost('frameAllocateAtOnceBytes', 'bytesInFlightPerConnection');
  atMost('sliceReadAtOnceBytes', 'sendfileNudgeBytes');
  atMost('sendfileNudgeBytes', 'copyChunkBytes');
  atMost('copyChunkBytes', 'turnBytesMax');
  atMost('pacedTurnBytesMax', 'turnBytesMax');
  atMost('requestBeginElements', 'turnBegunElementsMax');
  atMost('sweepMs', 'lingerMs');
  atMost('lingerMs', 'frameDeadlineMs');
  atMost('frameDeadlineMs', 'writeDeadlineMs');
  atMost('writeDeadlineMs', 'idleMs');
  // A 32-bit size prefix is all that a frame can announce.
  assert(limits.requestBytesMax < 2 ** 31, 'requestBytesMax fits an int32');
}

assertLimits(SERVER_LIMITS);
