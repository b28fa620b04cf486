import assert from 'node:assert/strict';

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/**
 * Every bound of the broker, with its default, in one table, of which `npm run docs:limits` makes
 * docs/limits.md. Names carry their unit; a bound named `…Max` is inclusive. A row is what it
 * bounds, then `Kafka: name.` where Kafka has one, then `Beyond: …` where something is refused,
 * closed, or let wait. `// ##` begins a section.
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
  /** A connection with nothing in flight is closed after this. Kafka: connections.max.idle.ms. */
  idleMs: 10 * MINUTE_MS,
  /**
   * The time that a started frame has, whatever its size, counted only while the broker reads.
   * Beyond: the connection is closed.
   */
  frameDeadlineMs: 30 * SECOND_MS,
  /** A frame, or an answer, past its deadline goes on for as long as it averages this rate. */
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
  /** The longest that a stop waits for requests that were received. */
  drainMs: 10 * SECOND_MS,

  // ## Requests
  /**
   * Size of one request without its prefix. Kafka: socket.request.max.bytes. Beyond: the
   * connection is closed.
   */
  requestBytesMax: 100 * MIB,
  /**
   * Requests of one connection that were received and not answered. Beyond: it is not read from.
   */
  requestsInFlightPerConnection: 1024,
  /**
   * Received and unanswered plus unsent bytes of one connection; one larger request goes through
   * alone. Beyond: it is not read from.
   */
  bytesInFlightPerConnection: 16 * MIB,
  /**
   * The same, summed over the broker. Kafka: queued.max.request.bytes. Beyond: nobody is read
   * from.
   */
  bytesInFlightMax: 256 * MIB,
  /** Elements taken from a queue that its array still holds. Beyond: it is compacted. */
  queueTakenMax: 256,
  /**
   * What each connection may hold even while the broker is over `bytesInFlightMax`, so that few
   * cannot stop all.
   */
  bytesInFlightFloor: 64 * KIB,
  /**
   * What requests that begin in one turn count for, over all connections: each for
   * `requestBeginElements` and for its array elements. Beyond: they wait for a later turn, in
   * which the connections that wait begin one each, in turn.
   */
  turnBegunElementsMax: 4_096,
  /** What a request without elements counts for in that. */
  requestBeginElements: 16,
  /**
   * One part in so many of `turnBegunElementsMax` may be spent without knowing which turn it is.
   */
  turnBegunUnaskedDivisor: 2,
  /** Of the requests that wait for a turn those below this size begin first, all others behind. */
  smallRequestBytes: 4 * KIB,
  /** Levels of such requests by size, each up to four times as large as the one before. */
  requestSizeLevels: 5,
  /**
   * Elements of the large requests that are in progress, over all connections; up to a KiB of heap
   * each. Beyond: large requests wait; they go one by one while `bytesInFlightMax` is reached.
   */
  elementsInProgressMax: 150_000,
  /** A request of so many elements is large. */
  largeRequestElementsMin: 1_000,
  /** A request that only reads is large when it has looked at so many for its answer. */
  largeAnswerElementsMin: 128,
  /** Such requests that go on at a time. Beyond: they wait, with what they have. */
  largeAnswersAtOnceMax: 8,
  /**
   * Elements of a request that is decoded at once. Beyond: it is decoded in slices, and runs alone.
   */
  requestElementsAtOnceMax: 1_000,
  /**
   * Array elements and tagged fields of one request, in all its structures; a string counts for one
   * in each 64 bytes. Beyond: the connection is closed.
   */
  arrayElementsPerRequestMax: 100_000,

  // ## Receiving
  /** Shared space that reads land in before frames are known. */
  receiveScratchBytes: 256 * KIB,
  /**
   * A frame up to this size gets its whole buffer at its first byte; a larger one grows as bytes
   * arrive.
   */
  frameAllocateAtOnceBytes: 1 * MIB,
  /**
   * A frame of this size, or a read that brings as much, is worth a slab to read into; less is
   * cheaper to copy.
   */
  frameInPlaceBytesMin: 16 * KIB,
  /** Less room than this behind what was received is not worth a read. */
  frameReadBytesMin: 64 * KIB,
  /**
   * What small frames share, and what a frame larger than `frameAllocateAtOnceBytes` starts with.
   */
  frameSlabBytes: 256 * KIB,
  /**
   * Memory lent to received frames at a time, used again when they are answered. Beyond: each
   * frame gets memory of its own.
   */
  frameMemoryBytesMax: 64 * MIB,
  /**
   * While no more is lent, streams keep memory between their frames. Beyond: frames are copied out
   * of what all reads share.
   */
  frameMemoryKeptBytesMax: 16 * MIB,
  /** Slabs kept unused, of each size. Beyond: they are given back. */
  frameMemoryFreeBytesMax: 4 * MIB,

  // ## Sending
  /**
   * Bytes received, and bytes sent, per connection and turn; one frame or part may exceed it.
   * Beyond: they wait for a later turn.
   */
  turnBytesMax: 1 * MIB,
  /** One part in so many of `turnBytesMax` may be spent without knowing which turn it is. */
  turnUnaskedDivisor: 16,
  /**
   * Bytes of files sent per turn over all connections while a client with small answers is about.
   * Beyond: a later turn.
   */
  pacedTurnBytesMax: 256 * KIB,
  /**
   * A client with small answers counts as about until this much of files has been sent after its
   * request.
   */
  pacedBytes: 16 * MIB,
  /** A file slice up to this size is read at once and sent with its neighbours. */
  sliceReadAtOnceBytes: 16 * KIB,
  /** How much of a file is read at a time where it cannot be handed to sendfile(2). */
  copyChunkBytes: 256 * KIB,
  /** The smallest chunk for copying. */
  copyChunkBytesMin: 16 * KIB,
  /**
   * Chunks of any size are lent up to this much. Beyond: whoever comes gets one of the least size.
   */
  copyChunksLentBytesMax: 64 * MIB,
  /** Free chunks that are kept, all sizes together. Beyond: they are given back. */
  copyChunksKeptBytesMax: 4 * MIB,
  /** How much is read and queued when sendfile(2) finds the socket full. */
  sendfileNudgeBytes: 64 * KIB,
  /**
   * Several buffers are copied into one up to this much. Beyond: each is handed to the kernel,
   * which is cheaper then.
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
  /** Partitions of which one DeleteRecords moves the log start at a time. Beyond: they wait. */
  recordDeletionsAtOnce: 64,
  /** Logs of deleted topics whose files go at a time. Beyond: they wait. */
  deletionsAtOnce: 64,
  /**
   * Batches of idempotent producers that a partition remembers to have refused while its log is
   * being opened. Beyond: those are refused as any, and what was sent behind them may be taken
   * before they come again.
   */
  refusedWhileOpeningMax: 1_000,
  /**
   * Characters of a topic's name, which must fit a file name with partition and suffix. Beyond:
   * INVALID_TOPIC_EXCEPTION.
   */
  topicNameLengthMax: 249,
  /**
   * Characters of one setting's value: lists are taken apart, and told to whoever asks. Beyond:
   * INVALID_CONFIG.
   */
  configValueLengthMax: 32_768,
  /** Characters of a bad topic name that an error shows. Beyond: it is cut. */
  topicNameShownLengthMax: 64,
  /**
   * Partitions opened at a time at the start: the engine reads few at once, and syncs those that
   * are ready in one round.
   */
  partitionsOpenedAtOnce: 512,
  /**
   * Partitions of one topic that get changed settings in one turn. Beyond: the others get them in
   * later turns.
   */
  partitionsAppliedAtOnce: 250,
  /** Partitions that retention looks at in one turn. Beyond: the others wait for a later turn. */
  retentionPartitionsPerTurn: 64,
  /**
   * Metadata transactions remembered for watches that begin in the past. Beyond: such a watch is
   * refused.
   */
  metadataHistoryCount: 1024,
  /** A lease's keys that could not be removed are tried again after this. */
  leaseExpiryRetryMs: 1 * SECOND_MS,
  /** Entries of one transaction of the metadata's copy. Beyond: another transaction. */
  metadataCopyChangesMax: 500,
  /** The metadata's copy is written again after this, where there was no room for it. */
  metadataCopyRetryMs: 5 * SECOND_MS,
  /**
   * Producer ids taken from the metadata at a time. A crash loses what is left of a block, and no
   * more.
   */
  producerIdBlockCount: 1000,
  /**
   * Characters of an unknown setting that are compared with those known: the cost is quadratic.
   * Beyond: it is cut.
   */
  settingNameLengthMax: 64,
  /**
   * Elements that it counts for to plan a topic, or to check the settings of one: all that it
   * inherits are resolved, or the name that is nearest to an unknown one is looked for.
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
   * Batches of one request that are appended in one turn without asking. Beyond: others are served
   * in between.
   */
  produceBatchesAtOnceMax: 250,
  /**
   * Of which so many are the first of their logs, whose folder and files they make. Beyond: as
   * above.
   */
  produceFirstBatchesAtOnceMax: 4,
  /** Elements that an append counts for where others are served in between. */
  produceBatchElements: 20,
  /** Elements that the first append to a log counts for: half a millisecond. */
  produceFirstBatchElements: 500,
  /**
   * Partitions of all fetch sessions together, some 400 bytes of heap each. Beyond:
   * FETCH_SESSION_ID_NOT_FOUND, or no session.
   */
  fetchSessionPartitionsMax: 100_000,
  /**
   * How long a fetch session is safe from others that want its place (in Kafka the same, not a
   * setting).
   */
  fetchSessionEvictionMs: 2 * MINUTE_MS,
  /**
   * Partitions that a fetch reads in one turn without asking. Beyond: others are served in
   * between.
   */
  fetchPartitionsAtOnceMax: 32,
  /** The longest that a fetch waits, whatever it asks for. Beyond: it is answered by then. */
  fetchWaitMsMax: 5 * MINUTE_MS,
  /**
   * Partitions that waiting fetches watch, all together. Beyond: a fetch is answered without
   * waiting for them.
   */
  fetchWatchedPartitionsMax: 1_000_000,
  /**
   * Topics and partitions that waiting fetches name, all together, and `requestBeginElements` for
   * each fetch. Beyond: a fetch is answered without waiting.
   */
  fetchWaitingNamedMax: 4_000_000,
  /**
   * What a partition that is read from disk takes of an answer at least, as far as can be said
   * before it was looked at.
   */
  fetchWarmingBytes: 1 * MIB,

  // ## Groups
  /** Deadlines in a heap that hold no longer. Beyond: it is made anew, once they are most of it. */
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
   * Beyond: GROUP_MAX_SIZE_REACHED for whoever joins anew.
   */
  membersPerGroupMax: 10_000,
  /**
   * What members of all groups take, in bytes: metadata, protocol names, `memberBytes` for each
   * member and `pendingMemberBytes` for each id that was given out. Beyond: GROUP_MAX_SIZE_REACHED.
   */
  memberBytesMax: 256 * MIB,
  /** Heap of a member beside its metadata, about, … */
  memberBytes: 1 * KIB,
  /** … and of an id that was given out. */
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
   * Members that one LeaveGroup takes out in one turn. Beyond: the others leave in a later turn.
   */
  leaversAtOnce: 500,
  /**
   * Elements that an answer to a member counts for: a promise, an encoding, a write. A leader's
   * list of members, and a record of them, report to their own work.
   */
  memberAnswerElements: 16,
  /** Members passed in a walk that count for as much as one element. */
  membersPassedPerElement: 8,
  /** Names of a leader's plan that are looked up in the time that it takes to pass a member. */
  planNamesPerMemberPassed: 32,
  /** Members copied for DescribeGroups, a group's all at once, that count for one element. */
  membersDescribedPerElement: 8,
  /** Committed offsets of a group, passed in a walk, that count for one element. */
  offsetsPassedPerElement: 8,
  /**
   * Elements of a step of a group that is done at once and not reported: what a small group costs.
   * Beyond: its answers go in later turns.
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
   * Names on all different lists of protocols in one group; most groups have one list or two.
   * Beyond: GROUP_MAX_SIZE_REACHED.
   */
  groupProtocolNamesMax: 10_000,
  /**
   * Members of one group that are dropped in one turn when their time is over. Beyond: the others
   * wait for a later turn.
   */
  membersDroppedAtOnce: 250,
  /**
   * A member that has joined and cannot be told of it for so long is given up. Kafka: the same,
   * not a setting.
   */
  newMemberWaitMs: 5 * MINUTE_MS,
  /**
   * Ids of one group given out and not yet used. Beyond: the oldest is forgotten, and its owner
   * starts over.
   */
  pendingMembersMax: 10_000,
  /**
   * Offsets that are forgotten in one turn, of groups whose topic was deleted or whose time is
   * over. Beyond: the others wait for a later turn.
   */
  tombstonesAtOnce: 500,
  /** Topics that the members of one group read together. Beyond: its offsets do not age. */
  subscribedTopicsMax: 100_000,
  /** The longest that a fetch waits while its client is called to a rebalance. */
  calledWaitMs: 100,
  /**
   * Records of groups that are written together, in bytes. Beyond: several batches; a single
   * larger one goes alone.
   */
  groupBatchBytesMax: 256 * KIB,
  /**
   * How much of a log of `__consumer_offsets` is read at a time while loading. Kafka:
   * offsets.load.buffer.size.
   */
  groupLoadBytes: 1 * MIB,

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
