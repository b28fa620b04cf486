import type { FileSlice, ReadRequest } from '../../engine/index.js';
import { ApiError } from '../api-error.js';
import type { RequestContext } from '../context.js';
import { clientKey, type RebalanceCalls } from '../groups/rebalance-calls.js';
import { SERVER_LIMITS } from '../limits.js';
import type { MetadataView } from '../metadata/metadata-view.js';
import type { DelayedOperations } from '../net/delayed.js';
import type {
  FetchSession,
  Finding,
  PartitionAnswer,
  PartitionWish,
  SessionPartition,
  TopicAnswer,
  TopicName,
} from '../partition/fetch-session.js';
import type { FetchSessions } from '../partition/fetch-sessions.js';
import type { Partition } from '../partition/partition.js';
import type { Partitions } from '../partition/partitions.js';
import { type WaitKey, waitFor } from '../partition/waiting.js';
import type { RequestOf } from '../protocol/api-keys.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { clientHostOf } from './client-host.js';
import { wireError } from './error-map.js';
import { hasEnough, isolationOf, type Watched } from './fetch-wait.js';
import type { Handler } from './handler.js';

export interface FetchParts {
  readonly metadata: MetadataView;
  readonly partitions: Pick<Partitions, 'find'>;
  readonly delayed: DelayedOperations<WaitKey>;
  readonly groups: { readonly calls: Pick<RebalanceCalls, 'waitMs'> };
  readonly fetchSessions: FetchSessions;
  /** `fetch.max.bytes`. */
  readonly responseBytesMax: number;
}

/** One pass over what the request wants, in its order. */
interface Round {
  /** An answer for every partition that the request lists; empty in a session. */
  readonly topics: readonly TopicAnswer[];
  /** What the session's partitions have; empty without one. */
  readonly findings: readonly Finding[];
  readonly slices: readonly FileSlice[];
  readonly bytes: number;
  /** Errors and diverging epochs are answered without waiting. */
  readonly urgent: boolean;
  /** What a wait looks at, but for a session's partitions. */
  readonly reads: readonly Watched[];
  /** What has to be read from the disk first. If there is any, the answers are incomplete. */
  readonly warming: readonly Promise<void>[];
}

const NOT_READ = { highWatermark: -1, lastStableOffset: -1, logStartOffset: -1 } as const;
const EMPTY = Buffer.alloc(0);

/**
 * Fetch. Reads at once; with less than min_bytes it waits until the high watermark has moved far enough, or for max_wait_ms, or
 * until a rebalance calls the client, and reads anew. A full fetch (KIP-227) is answered with every partition it lists; one in a session looks
 * at those that may have news, and answers with those that have. The answer carries slices of log files; no record is read here.
 */
export function fetchHandler(parts: FetchParts): Handler<'Fetch'> {
  return async (context, request) => {
    checkRequest(request);
    const usesTopicIds = context.apiVersion >= 13;
    const session = parts.fetchSessions.begin(request, usesTopicIds);
    const epoch = session?.epoch;
    let round = readAll(parts, context, request, session, 'warm');
    if (round.warming.length > 0) {
      for (const slice of round.slices) slice.release();
      await Promise.all(round.warming);
      // For a client that is gone nothing was warmed, and the event loop shall not wait for its pages either.
      const { closing } = context.connection;
      round = readAll(parts, context, request, session, closing ? 'resident' : 'as-it-is');
    }
    if (
      !round.urgent &&
      round.bytes < request.minBytes &&
      request.maxWaitMs > 0 &&
      (session !== null || round.reads.length > 0)
    ) {
      for (const slice of round.slices) slice.release();
      const client = clientKey(clientHostOf(context), context.clientId ?? '');
      const waitMs = parts.groups.calls.waitMs(client, request.maxWaitMs);
      const watched = session === null ? round.reads : session.toLookAt;
      await waitFor({
        delayed: parts.delayed,
        keys: [...(session === null ? partitionsOf(round.reads) : [session]), client],
        deadlineMs: context.deadlineMs(waitMs),
        connection: context.connection,
        isDone: () => hasEnough(watched, request),
      });
      round = readAll(parts, context, request, session, 'as-it-is');
    }
    if (session !== null && session.epoch !== epoch) {
      for (const slice of round.slices) slice.release();
      throw new ApiError('INVALID_FETCH_SESSION_EPOCH', 'a later fetch of the session has come');
    }
    for (const slice of round.slices) context.hold(slice);
    if (session !== null) {
      const readsCommitted = request.isolationLevel === 1;
      return { sessionId: session.id, topics: session.answer(round.findings, readsCommitted) };
    }
    const { topics } = round;
    // Followers, whose sessions are privileged, were refused.
    const kind = { usesTopicIds, isPrivileged: false };
    return { sessionId: parts.fetchSessions.open(request, topics, kind), topics };
  };
}

/** Each once, however often the request lists it. */
function partitionsOf(reads: readonly Watched[]): Iterable<Partition> {
  const partitions = new Set<Partition>();
  for (const { watched } of reads) if (watched !== null) partitions.add(watched);
  return partitions;
}

function checkRequest({ replicaId, replicaState, isolationLevel }: RequestOf<'Fetch'>): void {
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

/**
 * Reads the partitions in the order of the request, or of its session. The first that has something yields its first batch whole, however
 * large; afterwards the limits hold (KIP-74).
 */
function readAll(
  parts: FetchParts,
  context: RequestContext,
  request: RequestOf<'Fetch'>,
  session: FetchSession | null,
  how: How,
): Round {
  const warming: Promise<void>[] = [];
  const isWanted = (): boolean => !context.connection.closing;
  const { image } = parts.metadata;
  const byId = context.apiVersion >= 13;
  const slices: FileSlice[] = [];
  const reads: Watched[] = [];
  let bytes = 0;
  let urgent = false;
  let bytesLeft = Math.min(Math.max(0, request.maxBytes), parts.responseBytesMax);
  const readOne = (
    topic: TopicName,
    wish: PartitionWish,
    entry: SessionPartition | null,
  ): PartitionAnswer => {
    try {
      const found = byId ? image.topicById(topic.topicId) : image.topic(topic.topic);
      if (found === undefined) throw unknownTopic(byId);
      const partition = parts.partitions.find(found, wish.partition);
      if (entry !== null) parts.fetchSessions.watch(entry, partition);
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
          const expected = Math.min(read.maxBytes, SERVER_LIMITS.fetchWarmingBytes);
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
      const { emptyUpTo } = result;
      if (entry === null) reads.push({ watched: partition, wish, emptyUpTo });
      else entry.emptyUpTo = emptyUpTo;
      if (result.slice !== null) {
        slices.push(result.slice);
        // Batches without records at the end of the log are an answer, but nothing to wake a client for.
        if (emptyUpTo < result.highWatermark) bytes += result.slice.size;
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
    const topics: TopicAnswer[] = [];
    const findings: Finding[] = [];
    if (session === null) {
      for (const { topic, topicId, partitions } of request.topics) {
        const name = { topic, topicId };
        const answers = partitions.map((wish) => readOne(name, wish, null));
        topics.push({ topic, topicId, partitions: answers });
      }
    } else {
      for (const entry of session.toLookAt) {
        const bytesBefore = bytes;
        const answer = readOne(entry.topic, entry.wish, entry);
        findings.push({ entry, answer, recordBytes: bytes - bytesBefore });
      }
    }
    return { topics, findings, slices, bytes, urgent, reads, warming };
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

function unknownTopic(byId: boolean): ApiError {
  return byId
    ? new ApiError('UNKNOWN_TOPIC_ID', 'there is no topic of this id')
    : new ApiError('UNKNOWN_TOPIC_OR_PARTITION', 'there is no such topic');
}

function failed(partitionIndex: number, error: unknown): PartitionAnswer {
  const errorCode = wireError(error).code;
  return { partitionIndex, errorCode, ...NOT_READ, abortedTransactions: null, records: EMPTY };
}
