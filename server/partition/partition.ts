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
import type { DelayedOperations } from '../request/delayed.js';
import type { WaitKey } from '../request/waiting.js';
import { type Acks, type AppendWait, type InSync, Leader, NO_DEADLINE } from './leader.js';

/** The role of this broker in a partition, and the replicas that the partition requires. */
export interface Leadership extends InSync {
  readonly role: 'leader' | 'follower';
  readonly leaderEpoch: number;
}

/** Stands for "do not check" where a request carries a leader epoch (KIP-320). */
export const NO_EPOCH = -1;

/** The watchers of a partition. */
export interface PartitionWatchers {
  /** The partition checks these whenever it has moved. */
  readonly delayed: DelayedOperations<WaitKey>;
  /** Called when readers may see more, the role has changed, or the partition was let go. */
  onMove(partition: Partition): void;
}

/**
 * One partition on this broker: the log behind the rules of replication. Handlers talk to it, and
 * only it talks to the log. Every method throws `ApiError` NOT_LEADER_OR_FOLLOWER once the
 * partition was let go, and the errors of the log.
 */
export class Partition {
  readonly name: PartitionName;
  readonly #log: PartitionLog;
  readonly #watchers: PartitionWatchers;
  readonly #stopListening: () => void;
  #leadership: Leadership;
  /** The leader of the present epoch; null while this broker follows. */
  #leader: Leader | null = null;
  #released = false;

  /** Throws STALE_LEADER_EPOCH, LOG_CLOSED or STORAGE_OFFLINE, as `lead` does. */
  constructor(log: PartitionLog, leadership: Leadership, watchers: PartitionWatchers) {
    this.name = log.name;
    this.#log = log;
    this.#watchers = watchers;
    this.#leadership = leadership;
    this.#begin(leadership);
    this.#stopListening = log.watermark.onAdvance(() => this.#moved());
  }

  get leadership(): Leadership {
    return this.#leadership;
  }

  /**
   * The log itself, for work that is no request: settings, retention, replication's high watermark
   * rule.
   */
  get log(): PartitionLog {
    return this.#log;
  }

  get logStartOffset(): number {
    return this.#log.logStartOffset;
  }

  /** Exclusive: readers see the records below. */
  get highWatermark(): number {
    return this.#log.highWatermark;
  }

  get lastStableOffset(): number {
    return this.#log.lastStableOffset;
  }

  /**
   * Takes in a new role or epoch, and tells the log. Waiting requests look again, and waiting
   * appends of another epoch are refused. Throws STALE_LEADER_EPOCH for an epoch that the log
   * cannot lead with, LOG_CLOSED, STORAGE_OFFLINE; the partition then has no role.
   */
  lead(leadership: Leadership): void {
    const { role, leaderEpoch } = this.#leadership;
    const isSame = role === leadership.role && leaderEpoch === leadership.leaderEpoch;
    this.#leadership = leadership;
    try {
      if (isSame) this.#leader?.update(leadership);
      else this.#begin(leadership);
    } finally {
      this.#moved();
    }
  }

  #begin(leadership: Leadership): void {
    const log = this.#log;
    this.#leader?.end();
    this.#leader = null;
    if (leadership.role === 'follower') log.epochs.follow();
    else {
      // A log without a role leads with the epoch of its directory, which is that of a lone node,
      // whatever epochs its batches have.
      if (log.epochs.current !== leadership.leaderEpoch) log.epochs.lead(leadership.leaderEpoch);
      this.#leader = new Leader({ log, delayed: this.#watchers.delayed, key: this }, leadership);
    }
  }

  #moved(): void {
    this.#watchers.delayed.check(this);
    this.#watchers.onMove(this);
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
   * The leader of the present epoch. Throws NOT_LEADER_OR_FOLLOWER if this broker does not lead.
   */
  leading(): Leader {
    this.checkLeader(NO_EPOCH);
    if (this.#leader !== null) return this.#leader;
    throw new ApiError('NOT_LEADER_OR_FOLLOWER', 'the log could not take the leader epoch');
  }

  /**
   * Appends a batch as leader. The batch has its place in the log when this returns. Resolves when
   * the acknowledgements that are asked for are there: with acks 0 and 1 when the log's flush
   * promise holds, with -1 when the high watermark has passed the batch as well, in the leader
   * epoch of the append.
   *
   * Throws NOT_LEADER_OR_FOLLOWER, NOT_ENOUGH_REPLICAS and RECORD_LIST_TOO_LARGE, with nothing
   * done. Rejects with the errors of the log; with acks -1 also NOT_LEADER_OR_FOLLOWER when the
   * epoch is over, whatever the high watermark says, NOT_ENOUGH_REPLICAS_AFTER_APPEND when it has
   * passed the batch with too few replicas in sync, and `OverdueAppend` at the deadline or the end
   * of the connection; with an `expectedOffset` as the log says. The buffer is stamped in place and
   * must stay untouched until the log's promise settles.
   */
  append(
    batch: Buffer,
    acks: Acks,
    wait: AppendWait = NO_DEADLINE,
    expectedOffset: number | null = null,
  ): Promise<Appended> {
    return this.leading().append(batch, acks, wait, expectedOffset);
  }

  /**
   * Appends a leader's batches, with their offsets and epochs as they are. The promise is the
   * log's.
   */
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
   * Brings into memory the bytes that `read` would wait for, off the event loop; null when it would
   * not wait. As the log's `warm`.
   */
  warm(request: ReadRequest, isWanted: () => boolean): Promise<void> | null {
    return this.#log.warm(request, () => isWanted() && !this.#released);
  }

  endOfEpoch(leaderEpoch: number, currentLeaderEpoch: number): EpochEnd {
    this.checkLeader(currentLeaderEpoch);
    return this.#log.epochs.endOf(leaderEpoch);
  }

  /**
   * The leader epoch that wrote `offset`, or will write it, at the log end; -1 where it is unknown.
   */
  epochAt(offset: number): number {
    return this.#log.epochs.at(offset);
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

  /** Ends service, and the leader epoch with it: other brokers have the partition now. */
  handOver(): void {
    this.#leader?.end();
    this.release();
  }

  /**
   * Ends service: the topic was deleted or the broker stops. Waiters wake and find it gone. A
   * second call does nothing.
   */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#stopListening();
    this.#leader?.release();
    this.#moved();
  }
}
