import assert from 'node:assert/strict';

const KIB = 1024;
const MIB = 1024 * KIB;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/**
 * Every bound of the broker, with its default. Names carry their unit; a bound named `…Max` is
 * inclusive.
 */
export interface ServerLimits {
  /** Open client connections of one broker (Kafka: max.connections). */
  readonly connectionsMax: number;
  /** Open client connections from one address (Kafka: max.connections.per.ip). */
  readonly connectionsPerIpMax: number;
  /** Size of one request without its prefix (Kafka: socket.request.max.bytes). */
  readonly requestBytesMax: number;
  /** Requests of one connection that were received and not answered. */
  readonly requestsInFlightPerConnection: number;
  /**
   * Received and unanswered plus unsent bytes of one connection; a single larger request is let
   * through alone.
   */
  readonly bytesInFlightPerConnection: number;
  /** The same, summed over the broker. */
  readonly bytesInFlightMax: number;
  /**
   * What each connection may hold even while the broker is over `bytesInFlightMax`, so that few
   * cannot stop all.
   */
  readonly bytesInFlightFloor: number;
  /** Shared space that reads land in before frames are known. */
  readonly receiveScratchBytes: number;
  /**
   * A frame up to this size gets its whole buffer at its first byte; a larger one grows as bytes
   * arrive.
   */
  readonly frameAllocateAtOnceBytes: number;
  /** Memory lent to received frames at a time, used again when they are answered. Beyond it each frame gets memory of its own. */
  readonly frameMemoryBytesMax: number;
  /** The time that a started frame has, whatever its size, counted only while we are reading. */
  readonly frameDeadlineMs: number;
  /** A frame past its deadline goes on for as long as it averages this rate. */
  readonly frameBytesPerSecondMin: number;
  /** The time without any progress after which a client that does not read is cut off. */
  readonly writeDeadlineMs: number;
  /** The time that a closing connection gives its client to read the last answers. */
  readonly lingerMs: number;
  /**
   * Connections with nothing in flight are closed after this time (Kafka: connections.max.idle.ms).
   */
  readonly idleMs: number;
  /** How often deadlines are looked at; they are late by up to this much. */
  readonly sweepMs: number;
  /**
   * Bytes received, and bytes sent, per connection and turn of the event loop; one frame or part
   * may exceed it.
   */
  readonly turnBytesMax: number;
  /** Bytes of files sent per turn over all connections, while a client with small answers is about; one piece may exceed it. */
  readonly pacedTurnBytesMax: number;
  /** A client with small answers counts as about until this much of files has been sent after its request. */
  readonly pacedBytes: number;
  /** A file slice up to this size is read at once and sent with its neighbours. */
  readonly sliceReadAtOnceBytes: number;
  /** How much of a file is read at a time where it cannot be handed to sendfile. */
  readonly copyChunkBytes: number;
  /** How much is read and queued when sendfile finds the socket full. */
  readonly sendfileNudgeBytes: number;
  /** Partitions of one topic. */
  readonly partitionsPerTopicMax: number;
  /** Array elements of one request, over all its arrays: each costs some microseconds in which nobody else is served. */
  readonly arrayElementsPerRequestMax: number;
  /** Partitions of all fetch sessions together, some 400 bytes of heap each, so 40 MB (Kafka has no such bound). */
  readonly fetchSessionPartitionsMax: number;
  /** How long a fetch session is safe from others that want its place (Kafka: the same, not a setting). */
  readonly fetchSessionEvictionMs: number;
  /** Bytes of the file that `--config` names. */
  readonly settingsFileBytesMax: number;
  /** Characters of a topic's name, which must fit a file name with partition and suffix (Kafka). */
  readonly topicNameLengthMax: number;
}

/** The defaults. Finite, all of them. */
export const SERVER_LIMITS: ServerLimits = {
  connectionsMax: 10_000,
  connectionsPerIpMax: 10_000,
  requestBytesMax: 100 * MIB,
  requestsInFlightPerConnection: 1024,
  bytesInFlightPerConnection: 16 * MIB,
  bytesInFlightMax: 256 * MIB,
  bytesInFlightFloor: 64 * KIB,
  receiveScratchBytes: 256 * KIB,
  frameAllocateAtOnceBytes: 1 * MIB,
  frameMemoryBytesMax: 64 * MIB,
  frameDeadlineMs: 30 * SECOND_MS,
  frameBytesPerSecondMin: 16 * KIB,
  writeDeadlineMs: 60 * SECOND_MS,
  lingerMs: 2 * SECOND_MS,
  idleMs: 10 * MINUTE_MS,
  sweepMs: 1 * SECOND_MS,
  turnBytesMax: 1 * MIB,
  pacedTurnBytesMax: 256 * KIB,
  pacedBytes: 16 * MIB,
  sliceReadAtOnceBytes: 16 * KIB,
  copyChunkBytes: 256 * KIB,
  sendfileNudgeBytes: 64 * KIB,
  partitionsPerTopicMax: 10_000,
  arrayElementsPerRequestMax: 100_000,
  fetchSessionPartitionsMax: 100_000,
  fetchSessionEvictionMs: 2 * MINUTE_MS,
  settingsFileBytesMax: 1 * MIB,
  topicNameLengthMax: 249,
};

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
  atMost('sweepMs', 'lingerMs');
  atMost('lingerMs', 'frameDeadlineMs');
  atMost('frameDeadlineMs', 'writeDeadlineMs');
  atMost('writeDeadlineMs', 'idleMs');
  // A 32-bit size prefix is all that a frame can announce.
  assert(limits.requestBytesMax < 2 ** 31, 'requestBytesMax fits an int32');
}

assertLimits(SERVER_LIMITS);
