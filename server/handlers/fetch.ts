import type { FileSlice, ReadIsolation, ReadRequest } from '../../engine/index.js';
import { ApiError } from '../api-error.js';
import type { RequestContext } from '../context.js';
import { clientKey, type RebalanceCalls } from '../groups/rebalance-calls.js';
import type { MetadataView } from '../metadata/metadata-view.js';
import type { DelayedOperations } from '../net/delayed.js';
import type { Partition } from '../partition/partition.js';
import type { Partitions } from '../partition/partitions.js';
import { type WaitKey, waitFor } from '../partition/waiting.js';
import type { RequestOf, ResponseOf } from '../protocol/api-keys.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { clientHostOf } from './client-host.js';
import { wireError } from './error-map.js';
import type { Handler } from './handler.js';

export interface FetchParts {
  readonly metadata: MetadataView;
  readonly partitions: Pick<Partitions, 'find'>;
  readonly delayed: DelayedOperations<WaitKey>;
  readonly groups: { readonly calls: Pick<RebalanceCalls, 'waitMs'> };
  /** `fetch.max.bytes`. */
  readonly responseBytesMax: number;
}

type TopicAnswer = ResponseOf<'Fetch'>['topics'][number];
type PartitionAnswer = TopicAnswer['partitions'][number];
type TopicWish = RequestOf<'Fetch'>['topics'][number];
type PartitionWish = TopicWish['partitions'][number];

/** One pass over the request: an answer for every partition, in its order. */
interface Round {
  readonly topics: readonly TopicAnswer[];
  readonly slices: readonly FileSlice[];
  readonly bytes: number;
  /** Errors and diverging epochs are answered without waiting. */
  readonly urgent: boolean;
  /** What a wait looks at. */
  readonly reads: readonly Read[];
  /** What has to be read from the disk first. If there is any, the answers are incomplete. */
  readonly warming: readonly Promise<void>[];
}

interface Read {
  readonly partition: Partition;
  readonly wish: PartitionWish;
}

const NOT_READ = { highWatermark: -1, lastStableOffset: -1, logStartOffset: -1 } as const;
const EMPTY = Buffer.alloc(0);

/**
 * Fetch. Reads at once; with less than min_bytes it waits until the high watermark has moved far enough, or for max_wait_ms, or
 * until a rebalance calls the client, and reads anew. The session id is always 0, which tells clients that there are no sessions (KIP-227), so every answer names every
 * partition asked for. The answer carries slices of log files; no record is read here.
 */
export function fetchHandler(parts: FetchParts): Handler<'Fetch'> {
  return async (context, request) => {
    checkRequest(request);
    let round = readAll(parts, context, request, 'warm');
    if (round.warming.length > 0) {
      for (const slice of round.slices) slice.release();
      await Promise.all(round.warming);
      // For a client that is gone nothing was warmed, and the event loop shall not wait for its pages either.
      const { closing } = context.connection;
      round = readAll(parts, context, request, closing ? 'resident' : 'as-it-is');
    }
    if (
      !round.urgent &&
      round.bytes < request.minBytes &&
      request.maxWaitMs > 0 &&
      round.reads.length > 0
    ) {
      for (const slice of round.slices) slice.release();
      const { reads } = round;
      const client = clientKey(clientHostOf(context), context.clientId ?? '');
      const waitMs = parts.groups.calls.waitMs(client, request.maxWaitMs);
      await waitFor({
        delayed: parts.delayed,
        keys: [...new Set(reads.map(({ partition }) => partition)), client],
        deadlineMs: context.deadlineMs(waitMs),
        connection: context.connection,
        isDone: () => hasEnough(reads, request),
      });
      round = readAll(parts, context, request, 'as-it-is');
    }
    for (const slice of round.slices) context.hold(slice);
    return { topics: round.topics };
  };
}

function checkRequest({
  sessionEpoch,
  replicaId,
  replicaState,
  isolationLevel,
}: RequestOf<'Fetch'>): void {
  if (sessionEpoch > 0) {
    throw new ApiError('FETCH_SESSION_ID_NOT_FOUND', 'this broker keeps no fetch sessions');
  }
  if (replicaId >= 0 || replicaState.replicaId >= 0) {
    // A follower reads past the high watermark; nobody may who is not one.
    throw new ApiError('NOT_LEADER_OR_FOLLOWER', 'no other broker holds replicas');
  }
  if (isolationLevel !== 0 && isolationLevel !== 1) {
    throw new ApiError('INVALID_REQUEST', `isolation level ${isolationLevel} is not known`);
  }
}

/**
 * What becomes of a partition that would hold up the event loop: it is warmed and left out for now, it is left out, or it is read all the same because it was
 * warmed before.
 */
type How = 'warm' | 'resident' | 'as-it-is';

/** What a partition that is read from disk takes of the answer at least, as far as can be said before it was looked at. */
const WARMING_BYTES = 1024 * 1024;

/**
 * Reads the partitions in the order of the request. The first that has something yields its first batch whole, however
 * large; afterwards the limits hold (KIP-74).
 */
function readAll(
  parts: FetchParts,
  context: RequestContext,
  request: RequestOf<'Fetch'>,
  how: How,
): Round {
  const warming: Promise<void>[] = [];
  const isWanted = (): boolean => !context.connection.closing;
  const { image } = parts.metadata;
  const byId = context.apiVersion >= 13;
  const slices: FileSlice[] = [];
  const reads: Read[] = [];
  let bytes = 0;
  let urgent = false;
  let bytesLeft = Math.min(Math.max(0, request.maxBytes), parts.responseBytesMax);
  const readOne = (topic: TopicWish, wish: PartitionWish): PartitionAnswer => {
    try {
      const found = byId ? image.topicById(topic.topicId) : image.topic(topic.topic);
      if (found === undefined) throw unknownTopic(byId);
      const partition = parts.partitions.find(found, wish.partition);
      partition.checkLeader(wish.currentLeaderEpoch);
      const diverging = divergence(partition, wish);
      if (diverging !== null) {
        urgent = true;
        return diverging;
      }
      const read: ReadRequest = {
        offset: wish.fetchOffset,
        maxBytes: Math.min(Math.max(0, wish.partitionMaxBytes), bytesLeft),
        minOneBatch: bytes === 0,
        isolation: isolationOf(request),
      };
      if (how !== 'as-it-is' && (read.maxBytes > 0 || read.minOneBatch)) {
        const warm = partition.warm(read, isWanted);
        if (warm !== null) {
          // Why it failed the read will say.
          warming.push(warm.catch(() => {}));
          const expected = Math.min(read.maxBytes, WARMING_BYTES);
          bytes += expected;
          bytesLeft -= expected;
          return {
            partitionIndex: wish.partition,
            errorCode: ErrorCode.NONE,
            ...NOT_READ,
            abortedTransactions: null,
            records: EMPTY,
          };
        }
      }
      const result = partition.read(read, wish.currentLeaderEpoch);
      reads.push({ partition, wish });
      if (result.slice !== null) {
        slices.push(result.slice);
        bytes += result.slice.size;
        bytesLeft = Math.max(0, bytesLeft - result.slice.size);
      }
      return {
        partitionIndex: wish.partition,
        errorCode: ErrorCode.NONE,
        highWatermark: result.highWatermark,
        lastStableOffset: result.lastStableOffset,
        logStartOffset: result.logStartOffset,
        // None was ever aborted here; who reads uncommitted does not look.
        abortedTransactions: request.isolationLevel === 1 ? [] : null,
        records: result.slice ?? EMPTY,
      };
    } catch (error) {
      urgent = true;
      return failed(wish.partition, error);
    }
  };
  try {
    const topics = request.topics.map((topic) => ({
      topic: topic.topic,
      topicId: topic.topicId,
      partitions: topic.partitions.map((wish) => readOne(topic, wish)),
    }));
    return { topics, slices, bytes, urgent, reads, warming };
  } catch (error) {
    for (const slice of slices) slice.release();
    throw error;
  }
}

/** Where the fetcher's log left ours, if it names the epoch of its last record and that ended elsewhere here (KIP-595). */
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

/** Whether reading anew would answer the request. Numbers first: most wake-ups of a large fetch concern one partition. */
function hasEnough(reads: readonly Read[], request: RequestOf<'Fetch'>): boolean {
  const isolation = isolationOf(request);
  let bytes = 0;
  for (const { partition, wish } of reads) {
    try {
      partition.checkLeader(wish.currentLeaderEpoch);
      const { fetchOffset: offset, partitionMaxBytes } = wish;
      if (offset < partition.logStartOffset) return true;
      const end =
        isolation === 'high-watermark' ? partition.highWatermark : partition.lastStableOffset;
      if (offset >= end) continue;
      if (request.minBytes <= 1) return true;
      const maxBytes = Math.max(0, partitionMaxBytes);
      const { slice } = partition.read({ offset, maxBytes, minOneBatch: true, isolation }, -1);
      bytes += slice?.size ?? 0;
      slice?.release();
      if (bytes >= request.minBytes) return true;
    } catch {
      // Whatever is wrong, the second reading finds it and answers it.
      return true;
    }
  }
  return false;
}

function isolationOf({ isolationLevel }: RequestOf<'Fetch'>): ReadIsolation {
  return isolationLevel === 1 ? 'last-stable-offset' : 'high-watermark';
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
