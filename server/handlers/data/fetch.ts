import {
  withoutRepetitions,
  withoutRepetitionsInSlices,
} from '../../fetching/fetch-repetitions.js';
import { FetchRound, type How } from '../../fetching/fetch-round.js';
import type { FetchSession, TopicNews } from '../../fetching/fetch-session.js';
import { type FetchSessions, overtaken } from '../../fetching/fetch-sessions.js';
import { type FetchKey, FetchWait, type Watched } from '../../fetching/fetch-wait.js';
import { WaitingFetches } from '../../fetching/waiting-fetches.js';
import { clientKey, type RebalanceCalls } from '../../groups/classic/rebalance-calls.js';
import { SERVER_LIMITS } from '../../limits.js';
import type { MetadataView } from '../../metadata/metadata-view.js';
import type { Partitions } from '../../partition/partitions.js';
import type { RequestOf, ResponseOf } from '../../protocol/api.js';
import { ApiError } from '../../protocol/api-error.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { Fetch } from '../../protocol/messages/fetch.js';
import type { RequestContext } from '../../request/context.js';
import type { DelayedOperations } from '../../request/delayed.js';
import { startWaiting, type WaitKey } from '../../request/waiting.js';
import { clientHostOf } from '../client-host.js';
import { type Handler, handler } from '../handler.js';

export interface FetchParts {
  readonly metadata: MetadataView;
  readonly partitions: Pick<Partitions, 'find'>;
  readonly delayed: DelayedOperations<WaitKey>;
  readonly groups: { readonly calls: Pick<RebalanceCalls, 'waitMs'> };
  readonly fetchSessions: FetchSessions;
  /** `fetch.max.bytes`. */
  readonly responseBytesMax: number;
  /** `odradek.fetch.max.wait.ms`. */
  readonly fetchWaitMsMax: number;
}

type Request = RequestOf<typeof Fetch>;

/** The session epoch of a fetch without a session. */
const NO_EPOCH = -1;
const PARTITIONS_AT_ONCE_MAX = SERVER_LIMITS.fetchPartitionsAtOnceMax;

/**
 * Fetch. Reads at once; with less than min_bytes it waits until the high watermark has moved far
 * enough, or for max_wait_ms, or until a rebalance calls the client, and reads again. A full fetch
 * (KIP-227) is answered with every partition that it lists; a fetch in a session looks at the
 * partitions that may have news, and answers with those that have. The answer carries slices of log
 * files; no record is read here.
 */
export const fetchRecords = handler(
  Fetch,
  {
    asks: [
      {
        operation: 'read',
        resource: 'topic',
        or: { operation: 'clusterAction', resource: 'cluster' },
      },
    ],
    order: 'pipelined',
  },
  fetchHandler,
);

function fetchHandler(parts: FetchParts): Handler<typeof Fetch> {
  const waiting = new WaitingFetches();
  return async (context, request) => {
    try {
      return await answer(parts, waiting, context, request);
    } catch (error) {
      // An error of the session stands above the partitions, from the version on that has sessions.
      if (!(error instanceof ApiError) || context.apiVersion < 7) throw error;
      return { errorCode: ErrorCode[error.code], topics: [] };
    }
  };
}

async function answer(
  parts: FetchParts,
  waiting: WaitingFetches,
  context: RequestContext,
  request: Request,
): Promise<ResponseOf<typeof Fetch>> {
  checkRequest(request);
  const usesTopicIds = context.apiVersion >= 13;
  const isLongRequest = namesMany(request.topics) || namesMany(request.forgottenTopicsData);
  const session = isLongRequest
    ? await parts.fetchSessions.beginInSlices(context.work, request, usesTopicIds)
    : parts.fetchSessions.begin(request, usesTopicIds);
  const epoch = session?.epoch;
  const isLong = session === null ? isLongRequest : session.toLookAt.size > PARTITIONS_AT_ONCE_MAX;
  let topics: Request['topics'] = [];
  if (session === null) {
    topics = isLong
      ? await withoutRepetitionsInSlices(context.work, request.topics, usesTopicIds)
      : withoutRepetitions(request.topics, usesTopicIds);
  }
  const read = (how: How): FetchRound | Promise<FetchRound> => {
    const round = new FetchRound(parts, context, request, how);
    if (isLong) return round.runInSlices(topics, session).then(() => round);
    round.run(topics, session);
    return round;
  };
  const first = read('warm');
  let round = first instanceof Promise ? await first : first;
  if (round.warming.length > 0) {
    round.release();
    await Promise.all(round.warming);
    // Nothing was warmed for a client that is gone, and the event loop must not wait for its pages
    // either.
    round = await read(context.connection.closing ? 'resident' : 'as-it-is');
  }
  const mayWait = !round.urgent && round.bytes < request.minBytes && request.maxWaitMs > 0;
  if (mayWait && (session !== null || round.reads.length > 0)) {
    round.release();
    await waiting.whileIn(request, () => {
      context.waits();
      return waitForMore(parts, context, request, session, round.reads);
    });
    round = await read('as-it-is');
  }
  if (session !== null) {
    const news: TopicNews[] = [];
    const { findings } = round;
    for (let at = 0; at === 0 || at < findings.length; at += PARTITIONS_AT_ONCE_MAX) {
      if (session.epoch !== epoch) {
        round.release();
        throw overtaken();
      }
      const end = at + PARTITIONS_AT_ONCE_MAX;
      session.answer(findings.slice(at, end), request.isolationLevel === 1, news);
      const pause = end < findings.length ? context.work.did(PARTITIONS_AT_ONCE_MAX) : null;
      if (pause !== null) await pause;
    }
    for (const slice of round.slices) context.hold(slice);
    return { sessionId: session.id, topics: news };
  }
  for (const slice of round.slices) context.hold(slice);
  // Followers, whose sessions are privileged, were refused.
  const kind = { usesTopicIds, isPrivileged: false };
  const full = { sessionEpoch: request.sessionEpoch, topics };
  const sessionId = isLong
    ? await parts.fetchSessions.openInSlices(context.work, full, round.topics, kind)
    : parts.fetchSessions.open(full, round.topics, kind);
  return { sessionId, topics: round.topics };
}

/**
 * Whether there are too many partitions to be read in one turn, without serving other requests in
 * between.
 */
function namesMany(topics: Request['topics'] | Request['forgottenTopicsData']): boolean {
  if (topics.length > PARTITIONS_AT_ONCE_MAX) return true;
  let count = 0;
  for (const { partitions } of topics) count += partitions.length;
  return count > PARTITIONS_AT_ONCE_MAX;
}

/**
 * Resolves when another read may find more, when the fetch has waited long enough, or when a
 * rebalance calls its client.
 */
async function waitForMore(
  { delayed, groups, fetchWaitMsMax }: FetchParts,
  context: RequestContext,
  request: Request,
  session: FetchSession | null,
  reads: readonly Watched[],
): Promise<void> {
  if (delayed.keyCount + reads.length > SERVER_LIMITS.fetchWatchedPartitionsMax) return;
  const client = clientKey(clientHostOf(context), context.clientId ?? '');
  const waitMs = Math.min(request.maxWaitMs, fetchWaitMsMax);
  const wait = new FetchWait(request, session);
  const waiting = startWaiting({
    delayed,
    keys: session === null ? [client] : [session, client],
    deadlineMs: context.deadlineMs(groups.calls.waitMs(client, waitMs)),
    connection: context.connection,
    isDone: (moved: FetchKey | null) => wait.isDone(moved),
  });
  for (const read of reads) {
    if (waiting.isOver) break;
    if (read.watched !== null) waiting.watch(read.watched);
    if (wait.add(read)) waiting.end();
    const pause = context.work.did(1);
    if (pause !== null) await pause;
  }
  await waiting.over;
}

function checkRequest(request: Request): void {
  const { replicaId, replicaState, isolationLevel, sessionEpoch, topics } = request;
  if (replicaId >= 0 || replicaState.replicaId >= 0) {
    // Only a follower may read past the high watermark.
    throw new ApiError('NOT_LEADER_OR_FOLLOWER', 'no other broker holds replicas');
  }
  if (isolationLevel !== 0 && isolationLevel !== 1) {
    throw new ApiError('INVALID_REQUEST', `isolation level ${isolationLevel} is not known`);
  }
  // A session would answer with it again and again.
  const { topicNameLengthMax } = SERVER_LIMITS;
  if (sessionEpoch !== NO_EPOCH && topics.some(({ topic }) => topic.length > topicNameLengthMax)) {
    throw new ApiError('INVALID_TOPIC_EXCEPTION', 'a topic has no name as long as that');
  }
}
