import type { FileSlice, ReadRequest } from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';
import type { MetadataView } from '../metadata/metadata-view.js';
import type { Partition } from '../partition/partition.js';
import type { Partitions } from '../partition/partitions.js';
import type { RequestOf } from '../protocol/api.js';
import { ApiError } from '../protocol/api-error.js';
import { ErrorCode } from '../protocol/error-codes.js';
import type { Fetch } from '../protocol/messages/fetch.js';
import type { RequestContext } from '../request/context.js';
import { wireError } from '../request/error-map.js';
import type {
  FetchSession,
  Finding,
  PartitionAnswer,
  PartitionWish,
  SessionPartition,
  TopicAnswer,
  TopicName,
} from './fetch-session.js';
import type { FetchSessions } from './fetch-sessions.js';
import { isolationOf, type Watched } from './fetch-wait.js';

export interface FetchRoundParts {
  readonly metadata: MetadataView;
  readonly partitions: Pick<Partitions, 'find'>;
  readonly fetchSessions: FetchSessions;
  /** `fetch.max.bytes`. */
  readonly responseBytesMax: number;
}

type Request = RequestOf<typeof Fetch>;

/**
 * The treatment of a partition that would hold up the event loop: it is warmed and left out for
 * now, it is left out, or it is read all the same because it was warmed before.
 */
export type How = 'warm' | 'resident' | 'as-it-is';

const NOT_READ = { highWatermark: -1, lastStableOffset: -1, logStartOffset: -1 } as const;
const EMPTY = Buffer.alloc(0);

/**
 * One pass over the partitions of a fetch, in the order of the request, or of its session. The
 * first partition that has records yields its first batch whole, however large; afterwards the
 * limits hold (KIP-74).
 */
export class FetchRound {
  /** An answer for every partition that the request lists; empty in a session. */
  readonly topics: TopicAnswer[] = [];
  /** The findings of the session's partitions; empty without a session. */
  readonly findings: Finding[] = [];
  readonly slices: FileSlice[] = [];
  /** The partitions that a wait looks at, but for those of a session. */
  readonly reads: Watched[] = [];
  /** Reads from the disk that must end first. If there are any, the answers are incomplete. */
  readonly warming: Promise<void>[] = [];
  bytes = 0;
  /** Errors and diverging epochs are answered without waiting. */
  urgent = false;
  #bytesLeft: number;
  readonly #parts: FetchRoundParts;
  readonly #context: RequestContext;
  readonly #request: Request;
  readonly #how: How;
  readonly #isWanted: () => boolean;

  constructor(parts: FetchRoundParts, context: RequestContext, request: Request, how: How) {
    this.#parts = parts;
    this.#context = context;
    this.#request = request;
    this.#how = how;
    this.#isWanted = () => !context.connection.closing;
    this.#bytesLeft = Math.min(Math.max(0, request.maxBytes), parts.responseBytesMax);
  }

  /** Reads the partitions of `topics`, or of the session, at once. */
  run(topics: Request['topics'], session: FetchSession | null): void {
    try {
      if (session === null) {
        for (const topic of topics) {
          const answers = this.#answersOf(topic);
          for (const wish of topic.partitions) answers.push(this.#readOne(topic, wish, null));
        }
      } else for (const entry of session.toLookAt) this.#readEntry(entry);
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** As `run`, for many partitions: with pauses. */
  async runInSlices(topics: Request['topics'], session: FetchSession | null): Promise<void> {
    const { work } = this.#context;
    try {
      for (const topic of session === null ? topics : []) {
        const answers = this.#answersOf(topic);
        const beside = work.did(1);
        if (beside !== null) await beside;
        for (const wish of topic.partitions) {
          answers.push(this.#readOne(topic, wish, null));
          const pause = work.did(1);
          if (pause !== null) await pause;
        }
      }
      // Partitions move meanwhile, and a later fetch of the session changes their order.
      for (const entry of session === null ? [] : [...session.toLookAt]) {
        this.#readEntry(entry);
        const pause = work.did(1);
        if (pause !== null) await pause;
      }
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** Releases the slices that were read. */
  release(): void {
    for (const slice of this.slices) slice.release();
  }

  #answersOf({ topic, topicId }: TopicName): PartitionAnswer[] {
    const partitions: PartitionAnswer[] = [];
    this.topics.push({ topic, topicId, partitions });
    return partitions;
  }

  #readEntry(entry: SessionPartition): void {
    const before = this.bytes;
    const answer = this.#readOne(entry.topic, entry.wish, entry);
    this.findings.push({ entry, answer, recordBytes: this.bytes - before });
  }

  #readOne(topic: TopicName, wish: PartitionWish, entry: SessionPartition | null): PartitionAnswer {
    try {
      const partition = this.#find(topic, wish);
      if (entry !== null) this.#parts.fetchSessions.watch(entry, partition);
      partition.checkLeader(wish.currentLeaderEpoch);
      const diverging = divergence(partition, wish);
      if (diverging !== null) {
        this.urgent = true;
        return diverging;
      }
      const read: ReadRequest = {
        offset: wish.fetchOffset,
        maxBytes: Math.min(Math.max(0, wish.partitionMaxBytes), this.#bytesLeft),
        minOneBatch: this.bytes === 0,
        isolation: isolationOf(this.#request),
      };
      if (this.#how !== 'as-it-is' && (read.maxBytes > 0 || read.minOneBatch)) {
        const warm = partition.warm(read, this.#isWanted);
        if (warm !== null) return this.#warmed(wish, read, warm);
      }
      return this.#answered(wish, entry, partition, read);
    } catch (error) {
      this.urgent = true;
      return failed(wish.partition, error);
    }
  }

  #find(topic: TopicName, wish: PartitionWish): Partition {
    const { image } = this.#parts.metadata;
    const byId = this.#context.apiVersion >= 13;
    const found = byId ? image.topicById(topic.topicId) : image.topic(topic.topic);
    if (found === undefined) throw unknownTopic(byId);
    return this.#parts.partitions.find(found, wish.partition);
  }

  #warmed(wish: PartitionWish, read: ReadRequest, warm: Promise<void>): PartitionAnswer {
    // The read reports why it failed.
    this.warming.push(warm.catch(() => {}));
    const expected = Math.min(read.maxBytes, SERVER_LIMITS.fetchWarmingBytes);
    this.bytes += expected;
    this.#bytesLeft -= expected;
    return {
      partitionIndex: wish.partition,
      errorCode: ErrorCode.NONE,
      ...NOT_READ,
      abortedTransactions: null,
      records: EMPTY,
    };
  }

  #answered(
    wish: PartitionWish,
    entry: SessionPartition | null,
    partition: Partition,
    read: ReadRequest,
  ): PartitionAnswer {
    const result = partition.read(read, wish.currentLeaderEpoch);
    const { emptyUpTo } = result;
    if (entry === null) this.reads.push({ watched: partition, wish, emptyUpTo });
    else entry.emptyUpTo = emptyUpTo;
    if (result.slice !== null) {
      this.slices.push(result.slice);
      // Batches without records at the end of the log are an answer, but no reason to wake a
      // client.
      if (emptyUpTo < result.highWatermark) this.bytes += result.slice.size;
      this.#bytesLeft = Math.max(0, this.#bytesLeft - result.slice.size);
    }
    return {
      partitionIndex: wish.partition,
      errorCode: ErrorCode.NONE,
      highWatermark: result.highWatermark,
      lastStableOffset: result.lastStableOffset,
      logStartOffset: result.logStartOffset,
      // No transaction was ever aborted here; a reader of uncommitted records does not look at this
      // list.
      abortedTransactions: this.#request.isolationLevel === 1 ? [] : null,
      records: result.slice ?? EMPTY,
    };
  }
}

/**
 * The place where the fetcher's log diverges from ours, if it names the epoch of its last record
 * and that epoch ended elsewhere here (KIP-595).
 */
function divergence(partition: Partition, wish: PartitionWish): PartitionAnswer | null {
  if (wish.lastFetchedEpoch < 0) return null;
  const end = partition.endOfEpoch(wish.lastFetchedEpoch, wish.currentLeaderEpoch);
  if (end.endOffset < 0) {
    throw new ApiError('OFFSET_OUT_OF_RANGE', `epoch ${wish.lastFetchedEpoch} is not known`);
  }
  if (end.leaderEpoch === wish.lastFetchedEpoch && end.endOffset >= wish.fetchOffset) return null;
  return {
    partitionIndex: wish.partition,
    errorCode: ErrorCode.NONE,
    highWatermark: partition.highWatermark,
    lastStableOffset: partition.lastStableOffset,
    logStartOffset: partition.logStartOffset,
    divergingEpoch: { epoch: end.leaderEpoch, endOffset: end.endOffset },
    abortedTransactions: null,
    records: EMPTY,
  };
}

function unknownTopic(byId: boolean): ApiError {
  return byId
    ? new ApiError('UNKNOWN_TOPIC_ID', 'there is no topic of this id')
    : new ApiError('UNKNOWN_TOPIC_OR_PARTITION', 'there is no such topic');
}

function failed(partitionIndex: number, error: unknown): PartitionAnswer {
  const errorCode = wireError(error).code;
  return { partitionIndex, errorCode, ...NOT_READ, abortedTransactions: null, records: EMPTY };
}
