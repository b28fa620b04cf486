import type { Appended, PartitionLog } from '../../engine/index.js';
import type { ConnectionInfo } from '../net/dispatcher.js';
import { ApiError } from '../protocol/api-error.js';
import type { DelayedOperations } from '../request/delayed.js';
import { type WaitKey, waitFor } from '../request/waiting.js';

/**
 * Acknowledgements that a producer asks for: none, the leader's, or those of all in-sync replicas.
 */
export type Acks = 0 | 1 | -1;

/** The number of replicas in sync, and the number that is required. */
export interface InSync {
  /** Replicas in sync, this broker among them. */
  readonly inSyncCount: number;
  /** `min.insync.replicas`: acks=all is refused with fewer replicas in sync. */
  readonly minInSyncReplicas: number;
}

/** The bounds of an append's wait for the in-sync replicas once the log's promise holds. */
export interface AppendWait {
  /** On the monotonic clock; Infinity waits until the outcome is known. */
  readonly deadlineMs: number;
  /** The connection on whose behalf it waits; the wait ends with it. Null: no connection. */
  readonly connection: ConnectionInfo | null;
}

/**
 * The caller of an append. One of its two methods is called, once, and not before the append
 * returns.
 */
export interface AppendCaller extends AppendWait {
  /** Called when the acknowledgements that were asked for are there. */
  appended(result: Appended): void;
  failed(error: unknown): void;
}

/** The options of one leader. */
export interface LeaderOptions {
  readonly log: PartitionLog;
  readonly delayed: DelayedOperations<WaitKey>;
  /**
   * The key that is checked when the high watermark has moved, and after every change of the
   * leader.
   */
  readonly key: WaitKey;
}

/**
 * REQUEST_TIMED_OUT for an append that has its place in the log: it is unknown whether it will
 * count.
 */
export class OverdueAppend extends ApiError {
  readonly #whenKnown: () => Promise<Appended>;

  constructor(whenKnown: () => Promise<Appended>) {
    super('REQUEST_TIMED_OUT', 'not all in-sync replicas have the records yet');
    this.#whenKnown = whenKnown;
  }

  /** Goes on waiting, without a deadline, and settles as the append would have. */
  whenKnown(): Promise<Appended> {
    return this.#whenKnown();
  }
}

/**
 * A partition's leader in one leader epoch: decides when an append counts. When the epoch or the
 * role is over, so is this object; the next epoch has another. So an append knows its epoch: an
 * append that has waited beyond it is refused, although the high watermark may have passed its
 * offset, since another leader may have put another record there.
 */
export class Leader {
  readonly #options: LeaderOptions;
  #inSync: InSync;
  #isOver = false;
  #isReleased = false;

  constructor(options: LeaderOptions, inSync: InSync) {
    this.#options = options;
    this.#inSync = inSync;
  }

  /** Takes in the number of replicas in sync. The caller checks the key then. */
  update(inSync: InSync): void {
    this.#inSync = inSync;
  }

  /**
   * Another epoch or role has begun: appends that are not acknowledged by now are
   * NOT_LEADER_OR_FOLLOWER. The caller checks the key then.
   */
  end(): void {
    this.#isOver = true;
  }

  /**
   * The partition was let go: the high watermark moves no more, and appends that wait for it are
   * NOT_LEADER_OR_FOLLOWER. The caller checks the key then.
   */
  release(): void {
    this.#isReleased = true;
  }

  /** Appends as `Partition.append` says. */
  append(
    batch: Buffer,
    acks: Acks,
    wait: AppendWait,
    expectedOffset: number | null = null,
  ): Promise<Appended> {
    this.#admit(batch, acks);
    return new Promise((appended, failed) => {
      this.#append({ ...wait, appended, failed }, batch, acks, expectedOffset);
    });
  }

  /**
   * As `append`, but it calls the caller instead of making one more promise for each batch. Unless
   * the high watermark lags, only the log's own promise and its waiter are allocated.
   */
  appendFor(caller: AppendCaller, batch: Buffer, acks: Acks): void {
    this.#admit(batch, acks);
    this.#append(caller, batch, acks);
  }

  /** Refuses a batch in front of the log. */
  #admit(batch: Buffer, acks: Acks): void {
    const { inSyncCount, minInSyncReplicas } = this.#inSync;
    if (acks === -1 && inSyncCount < minInSyncReplicas) {
      throw new ApiError('NOT_ENOUGH_REPLICAS', inSyncText(this.#inSync));
    }
    const { segmentBytes, maxBatchBytes } = this.#options.log.settings;
    // The log refuses a still larger batch with MESSAGE_TOO_LARGE.
    if (batch.length > segmentBytes && batch.length <= maxBatchBytes) {
      throw new ApiError(
        'RECORD_LIST_TOO_LARGE',
        `the batch has ${batch.length} bytes, a segment has ${segmentBytes}: send less at a time, or raise segment.bytes`,
      );
    }
  }

  #append(
    caller: AppendCaller,
    batch: Buffer,
    acks: Acks,
    expectedOffset: number | null = null,
  ): void {
    this.#options.log.append(batch, 'client', expectedOffset).then(
      (appended) => this.#promised(caller, appended, acks),
      (error: unknown) => caller.failed(error),
    );
  }

  /** The log's promise holds: the append is done, unless all in-sync replicas are asked for. */
  #promised(caller: AppendCaller, appended: Appended, acks: Acks): void {
    let isDone: boolean;
    try {
      isDone = acks !== -1 || this.#isCommitted(appended.lastOffset);
    } catch (error) {
      caller.failed(error);
      return;
    }
    if (isDone) caller.appended(appended);
    else this.#wait(caller, appended);
  }

  #wait(caller: AppendCaller, appended: Appended): void {
    this.#whenCommitted(appended, caller).then(
      (result) => caller.appended(result),
      (error: unknown) => caller.failed(error),
    );
  }

  /** Resolves when every in-sync replica has the records, as the high watermark shows. */
  async #whenCommitted(
    appended: Appended,
    { deadlineMs, connection }: AppendWait,
  ): Promise<Appended> {
    const { delayed, key } = this.#options;
    const isDone = (): boolean => this.#isCommitted(appended.lastOffset);
    if (await waitFor({ delayed, keys: [key], deadlineMs, connection, isDone })) return appended;
    throw new OverdueAppend(() => this.#whenCommitted(appended, NO_DEADLINE));
  }

  /** Throws NOT_LEADER_OR_FOLLOWER, NOT_ENOUGH_REPLICAS_AFTER_APPEND. */
  #isCommitted(lastOffset: number): boolean {
    if (this.#isOver) throw new ApiError('NOT_LEADER_OR_FOLLOWER', 'the leader epoch is over');
    if (this.#options.log.highWatermark > lastOffset) {
      const { inSyncCount, minInSyncReplicas } = this.#inSync;
      if (inSyncCount >= minInSyncReplicas) return true;
      throw new ApiError('NOT_ENOUGH_REPLICAS_AFTER_APPEND', inSyncText(this.#inSync));
    }
    if (this.#isReleased) throw new ApiError('NOT_LEADER_OR_FOLLOWER', 'the partition was let go');
    return false;
  }
}

/** A wait that ends when the outcome is known. */
export const NO_DEADLINE: AppendWait = {
  deadlineMs: Number.POSITIVE_INFINITY,
  connection: null,
};

function inSyncText({ inSyncCount, minInSyncReplicas }: InSync): string {
  return `${inSyncCount} replicas are in sync, min.insync.replicas is ${minInSyncReplicas}`;
}
