import type {
  Appended,
  EpochEnd,
  KnownProducer,
  PartitionLog,
  PartitionName,
  ReadRequest,
  ReadResult,
  Timestamp,
  TimestampLookup,
} from '../../engine/index.js';
import { ApiError } from '../protocol/api-error.js';

/** This broker's part in a partition, and what the partition asks of its replicas. */
export interface Leadership {
  readonly role: 'leader' | 'follower';
  readonly leaderEpoch: number;
  /** Replicas in sync, this broker among them. */
  readonly inSyncCount: number;
  /** `min.insync.replicas`: fewer in sync, and acks=all is refused. */
  readonly minInSyncReplicas: number;
}

/**
 * Acknowledgements that a producer asks for: none, the leader's, or those of all in-sync replicas.
 */
export type Acks = 0 | 1 | -1;

/** Stands for "do not check" where a request carries a leader epoch (KIP-320). */
export const NO_EPOCH = -1;

/**
 * One partition on this broker: the log behind the rules of replication. Handlers talk to it, and
 * only it talks to the log. Everything throws `ApiError` NOT_LEADER_OR_FOLLOWER once the partition
 * was let go, and what the log throws.
 */
export class Partition {
  readonly name: PartitionName;
  readonly #log: PartitionLog;
  readonly #onMove: (partition: Partition) => void;
  readonly #stopListening: () => void;
  #leadership: Leadership;
  #released = false;

  /**
   * `onMove` is called when readers may see more, the role has changed, or the partition was let
   * go.
   */
  constructor(log: PartitionLog, leadership: Leadership, onMove: (partition: Partition) => void) {
    this.name = log.name;
    this.#log = log;
    this.#leadership = leadership;
    this.#onMove = onMove;
    this.#stopListening = log.onAdvance(() => onMove(this));
  }

  get leadership(): Leadership {
    return this.#leadership;
  }

  /**
   * The log itself, for what is no request: settings, retention, replication's high watermark rule.
   */
  get log(): PartitionLog {
    return this.#log;
  }

  get logStartOffset(): number {
    return this.#log.logStartOffset;
  }

  /** Exclusive: readers see what lies below. */
  get highWatermark(): number {
    return this.#log.highWatermark;
  }

  get lastStableOffset(): number {
    return this.#log.lastStableOffset;
  }

  /** Takes over a new role or epoch; whoever waits looks again. */
  lead(leadership: Leadership): void {
    this.#leadership = leadership;
    this.#onMove(this);
  }

  /**
   * Refuses a request that knows another leader epoch: FENCED_LEADER_EPOCH for an older one,
   * UNKNOWN_LEADER_EPOCH for a newer one, NOT_LEADER_OR_FOLLOWER if this broker does not lead.
   * `NO_EPOCH` skips the comparison.
   */
  checkLeader(currentLeaderEpoch: number): void {
    if (this.#released) throw new ApiError('NOT_LEADER_OR_FOLLOWER', 'the partition was let go');
    const { role, leaderEpoch } = this.#leadership;
    if (currentLeaderEpoch !== NO_EPOCH && currentLeaderEpoch !== leaderEpoch) {
      throw currentLeaderEpoch < leaderEpoch
        ? new ApiError('FENCED_LEADER_EPOCH', `the leader epoch is ${leaderEpoch}`)
        : new ApiError('UNKNOWN_LEADER_EPOCH', `the leader epoch is ${leaderEpoch}`);
    }
    if (role !== 'leader') throw new ApiError('NOT_LEADER_OR_FOLLOWER', 'another broker leads');
  }

  /**
   * Appends a producer's batch as leader. The batch has its place in the log when this returns; the
   * promise resolves when the log's flush promise holds for it. With acks=all the caller then waits
   * for the high watermark. Throws NOT_ENOUGH_REPLICAS for acks=all with too few replicas in sync,
   * RECORD_LIST_TOO_LARGE for a batch above `segment.bytes`. The buffer is stamped in place and
   * must stay untouched until the promise settles.
   */
  append(batch: Buffer, acks: Acks): Promise<Appended> {
    this.checkLeader(NO_EPOCH);
    const { inSyncCount, minInSyncReplicas } = this.#leadership;
    if (acks === -1 && inSyncCount < minInSyncReplicas) {
      throw new ApiError(
        'NOT_ENOUGH_REPLICAS',
        `${inSyncCount} replicas are in sync, min.insync.replicas is ${minInSyncReplicas}`,
      );
    }
    const { segmentBytes, maxBatchBytes } = this.#log.settings;
    // What is larger still is MESSAGE_TOO_LARGE, which the log says.
    if (batch.length > segmentBytes && batch.length <= maxBatchBytes) {
      throw new ApiError(
        'RECORD_LIST_TOO_LARGE',
        `the batch has ${batch.length} bytes, a segment has ${segmentBytes}: send less at a time, or raise segment.bytes`,
      );
    }
    return this.#log.append(batch);
  }

  /** Appends what a leader sent, offsets and epochs as they are. The promise is the log's. */
  appendAsFollower(batch: Buffer): Promise<Appended> {
    if (this.#released || this.#leadership.role !== 'follower') {
      throw new ApiError('NOT_LEADER_OR_FOLLOWER', 'this broker is no follower of the partition');
    }
    return this.#log.append(batch, 'replica');
  }

  /**
   * Finds batches; synchronous. The caller releases the slice. Throws OFFSET_OUT_OF_RANGE,
   * CORRUPT_BATCH.
   */
  read(request: ReadRequest, currentLeaderEpoch: number): ReadResult {
    this.checkLeader(currentLeaderEpoch);
    return this.#log.read(request);
  }

  /**
   * Brings into memory what `read` would wait for, off the event loop; null when it would not wait.
   * As the log's `warm`.
   */
  warm(request: ReadRequest, isWanted: () => boolean): Promise<void> | null {
    return this.#log.warm(request, () => isWanted() && !this.#released);
  }

  endOfEpoch(leaderEpoch: number, currentLeaderEpoch: number): EpochEnd {
    this.checkLeader(currentLeaderEpoch);
    return this.#log.endOfEpoch(leaderEpoch);
  }

  /**
   * The leader epoch that wrote `offset`, or will write it, at the log end; -1 where that is not
   * known.
   */
  epochAt(offset: number): number {
    return this.#log.epochAt(offset);
  }

  /** The idempotent producers that the log remembers, live. */
  producers(): Iterable<KnownProducer> {
    this.checkLeader(NO_EPOCH);
    return this.#log.knownProducers();
  }

  /** First record at or after the time, below the high watermark; null when there is none. */
  async offsetForTimestamp(
    timestampMs: Timestamp,
    currentLeaderEpoch: number,
  ): Promise<TimestampLookup | null> {
    this.checkLeader(currentLeaderEpoch);
    return this.#log.offsetForTimestamp(timestampMs);
  }

  /** First record that carries the largest timestamp; null for an empty log (KIP-734). */
  async offsetOfLargestTimestamp(currentLeaderEpoch: number): Promise<TimestampLookup | null> {
    this.checkLeader(currentLeaderEpoch);
    return this.#log.offsetOfLargestTimestamp();
  }

  /**
   * Moves the log start up to `offset`; -1 is the high watermark. Resolves with the log start
   * offset once that is durable. Rejects OFFSET_OUT_OF_RANGE, and POLICY_VIOLATION for a log that
   * is only compacted.
   */
  async deleteBefore(offset: number): Promise<number> {
    this.checkLeader(NO_EPOCH);
    const { compacted, deletes } = this.#log.settings;
    if (compacted && !deletes) {
      throw new ApiError('POLICY_VIOLATION', 'records of a compacted topic cannot be deleted');
    }
    return this.#log.deleteBefore(offset === -1 ? this.#log.highWatermark : offset);
  }

  /**
   * Ends service: the topic was deleted or the broker stops. Waiters wake and find it gone. Twice
   * is once.
   */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#stopListening();
    this.#onMove(this);
  }
}
