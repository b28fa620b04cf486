import type { Clock, Random, Work } from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';
import type { Partition } from '../partition/partition.js';
import type { RequestOf } from '../protocol/api.js';
import { ApiError } from '../protocol/api-error.js';
import type { Fetch } from '../protocol/messages/fetch.js';
import type { DelayedOperations } from '../request/delayed.js';
import type { WaitKey } from '../request/waiting.js';
import {
  FetchSession,
  FINAL_EPOCH,
  INITIAL_EPOCH,
  NO_SESSION,
  nextEpoch,
  type SessionPartition,
  type TopicAnswer,
} from './fetch-session.js';

export interface FetchSessionsOptions {
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Fetches that wait for a session; they are told when one of its partitions moves, and when it
   * ends.
   */
  readonly delayed: Pick<DelayedOperations<WaitKey>, 'check' | 'expire'>;
  /** `max.incremental.fetch.session.cache.slots`: open sessions at most; 0 for none. */
  readonly slotsMax: number;
  /** Partitions of all sessions together. */
  readonly partitionsMax: number;
  /**
   * Time in ms for which a session keeps its place although new sessions want it: since its last
   * use or, against larger sessions, since its beginning.
   */
  readonly evictionMs: number;
}

type FullFetch = Pick<RequestOf<typeof Fetch>, 'sessionEpoch' | 'topics'>;

/** Some of the partitions of a topic. */
interface Part {
  readonly partitions: readonly unknown[];
}

interface SessionKind {
  readonly usesTopicIds: boolean;
  readonly isPrivileged: boolean;
}

/** Kafka's metrics of sessions, under its names in brackets. */
export interface FetchSessionCounters {
  /** Open now (NumIncrementalFetchSessions). */
  readonly sessions: number;
  /** Partitions of the open sessions (NumIncrementalFetchPartitionsCached). */
  readonly partitions: number;
  /**
   * Sessions that made room for others since the start (IncrementalFetchSessionEvictionsPerSec).
   */
  readonly evictions: number;
}

/**
 * The sessions of this broker (KIP-227), on all connections: the end of a connection does not end a
 * session. They are bounded in number and in partitions; a client that finds no room fetches as
 * before, and names every partition each time.
 *
 * Each partition that a session has nothing to say about is watched, so that neither a fetch nor
 * its waiting has to go through all of them.
 */
export class FetchSessions {
  readonly #options: FetchSessionsOptions;
  readonly #sessions = new Map<number, FetchSession>();
  readonly #watchers = new Map<Partition, Set<SessionPartition>>();
  #partitionCount = 0;
  #evictions = 0;

  constructor(options: FetchSessionsOptions) {
    this.#options = options;
  }

  get counters(): FetchSessionCounters {
    return {
      sessions: this.#sessions.size,
      partitions: this.#partitionCount,
      evictions: this.#evictions,
    };
  }

  /**
   * Finds the session of a request. Null for a full fetch; a session that it names has ended then.
   * Else the session, which has taken in the partitions of the request, and whose epoch is that of
   * the next request.
   *
   * @throws ApiError FETCH_SESSION_ID_NOT_FOUND, INVALID_FETCH_SESSION_EPOCH,
   *   FETCH_SESSION_TOPIC_ID_ERROR. A client then begins again with a full fetch.
   */
  begin(request: RequestOf<typeof Fetch>, usesTopicIds: boolean): FetchSession | null {
    const session = this.#named(request, usesTopicIds);
    if (session === null) return null;
    const sizeBefore = session.size;
    this.#add(session, request.topics);
    this.#forget(session, request.forgottenTopicsData);
    if (!this.#isHeld(session, sizeBefore)) return null;
    this.#goOn(session);
    return session;
  }

  /**
   * The same for many partitions: other requests are served in between. The epoch becomes that of
   * the next request at once; if a later request comes meanwhile, or the session ends, this rejects
   * with INVALID_FETCH_SESSION_EPOCH.
   */
  async beginInSlices(
    work: Work,
    request: RequestOf<typeof Fetch>,
    usesTopicIds: boolean,
  ): Promise<FetchSession | null> {
    const session = this.#named(request, usesTopicIds);
    if (session === null) return null;
    const sizeBefore = session.size;
    this.#goOn(session);
    const { epoch } = session;
    const pauseAfter = async ({ partitions }: Part): Promise<void> => {
      const pause = work.did(1 + partitions.length);
      if (pause !== null) await pause;
      if (!this.#isOpen(session) || session.epoch !== epoch) throw overtaken();
    };
    for (const part of partsOf(request.topics)) {
      this.#add(session, [part]);
      await pauseAfter(part);
    }
    for (const part of partsOf(request.forgottenTopicsData)) {
      this.#forget(session, [part]);
      await pauseAfter(part);
    }
    return this.#isHeld(session, sizeBefore) ? session : null;
  }

  /** The session that a request goes on with; null for a full fetch. */
  #named(request: RequestOf<typeof Fetch>, usesTopicIds: boolean): FetchSession | null {
    const { sessionId, sessionEpoch } = request;
    if (sessionEpoch === FINAL_EPOCH || sessionEpoch === INITIAL_EPOCH) {
      if (sessionId !== NO_SESSION) this.#end(this.#sessions.get(sessionId));
      return null;
    }
    const session = this.#sessions.get(sessionId);
    if (session === undefined) {
      throw new ApiError('FETCH_SESSION_ID_NOT_FOUND', `there is no fetch session ${sessionId}`);
    }
    if (sessionEpoch !== session.epoch) {
      throw new ApiError(
        'INVALID_FETCH_SESSION_EPOCH',
        `the epoch of the fetch session is ${session.epoch}, not ${sessionEpoch}`,
      );
    }
    if (usesTopicIds !== session.usesTopicIds) {
      throw new ApiError(
        'FETCH_SESSION_TOPIC_ID_ERROR',
        `the fetch session names topics by ${session.usesTopicIds ? 'id' : 'name'}`,
      );
    }
    return session;
  }

  /**
   * Begins a session with the answers of a full fetch. Returns its id, or `NO_SESSION` where the
   * fetch asks for no session or there is no room: the client goes on with full fetches.
   */
  open(request: FullFetch, answers: readonly TopicAnswer[], kind: SessionKind): number {
    const session = this.#opened(request, kind);
    if (session === null) return NO_SESSION;
    this.#add(session, request.topics);
    session.told(answers);
    return session.id;
  }

  /**
   * The same for many partitions: other requests are served in between. It also returns
   * `NO_SESSION` if one of them has taken the place of the session, or its room.
   */
  async openInSlices(
    work: Work,
    request: FullFetch,
    answers: readonly TopicAnswer[],
    kind: SessionKind,
  ): Promise<number> {
    const session = this.#opened(request, kind);
    if (session === null) return NO_SESSION;
    for (const part of partsOf(request.topics)) {
      this.#add(session, [part]);
      const pause = work.did(1 + part.partitions.length);
      if (pause !== null) await pause;
      if (!this.#isOpen(session)) return NO_SESSION;
      if (this.#partitionCount <= this.#options.partitionsMax) continue;
      this.#end(session);
      return NO_SESSION;
    }
    for (const part of partsOf(answers)) {
      session.told([part]);
      const pause = work.did(1 + part.partitions.length);
      if (pause !== null) await pause;
    }
    return this.#isOpen(session) ? session.id : NO_SESSION;
  }

  /** Readers of the partition may see more, its role has changed, or it was let go. */
  moved(partition: Partition): void {
    const watchers = this.#watchers.get(partition);
    if (watchers === undefined) return;
    for (const entry of watchers) {
      entry.session.moved(entry);
      this.#options.delayed.check(entry.session, entry);
    }
  }

  /** From now on a move of `partition` counts as a move of `entry`; null for none. */
  watch(entry: SessionPartition, partition: Partition | null): void {
    if (entry.watched === partition) return;
    if (entry.watched !== null) {
      const watchers = this.#watchers.get(entry.watched);
      watchers?.delete(entry);
      if (watchers?.size === 0) this.#watchers.delete(entry.watched);
    }
    // A session that has ended while it was being read must not be watched.
    entry.watched = this.#isOpen(entry.session) ? partition : null;
    if (entry.watched === null) return;
    const watchers = this.#watchers.get(entry.watched);
    if (watchers === undefined) this.#watchers.set(entry.watched, new Set([entry]));
    else watchers.add(entry);
  }

  #isOpen(session: FetchSession): boolean {
    return this.#sessions.get(session.id) === session;
  }

  /** A new session for the partitions that the fetch names; null if there is no room for it. */
  #opened({ sessionEpoch, topics }: FullFetch, kind: SessionKind): FetchSession | null {
    if (sessionEpoch !== INITIAL_EPOCH) return null;
    const { isPrivileged, usesTopicIds } = kind;
    const nowMs = this.#options.clock.monotonicMs();
    let named = 0;
    for (const { partitions } of topics) named += partitions.length;
    if (named === 0 || !this.#makeRoom({ isPrivileged, size: named }, nowMs)) return null;
    const session = new FetchSession({ id: this.#newId(), isPrivileged, usesTopicIds, nowMs });
    this.#sessions.set(session.id, session);
    return session;
  }

  #add(session: FetchSession, topics: FullFetch['topics']): void {
    const sizeBefore = session.size;
    session.add(topics);
    this.#partitionCount += session.size - sizeBefore;
  }

  #forget(session: FetchSession, topics: RequestOf<typeof Fetch>['forgottenTopicsData']): void {
    const forgotten = session.forget(topics);
    this.#partitionCount -= forgotten.length;
    for (const entry of forgotten) this.watch(entry, null);
  }

  /**
   * Whether a session stays, now that it has taken in the partitions of a request. Throws where it
   * is too large.
   */
  #isHeld(session: FetchSession, sizeBefore: number): boolean {
    const { partitionsMax } = this.#options;
    if (session.size === 0) {
      this.#end(session);
      return false;
    }
    if (session.size > sizeBefore && this.#partitionCount > partitionsMax) {
      this.#end(session);
      throw new ApiError(
        'FETCH_SESSION_ID_NOT_FOUND',
        `the fetch session was ended: sessions hold ${partitionsMax} partitions at most`,
      );
    }
    return true;
  }

  #goOn(session: FetchSession): void {
    const { delayed, clock } = this.#options;
    session.lastUsedMs = clock.monotonicMs();
    session.epoch = nextEpoch(session.epoch);
    // A request of the session that still waits has been overtaken, and must not hold up the answer
    // to this one.
    delayed.expire(session);
  }

  #end(session: FetchSession | undefined): void {
    if (session === undefined) return;
    this.#sessions.delete(session.id);
    this.#partitionCount -= session.size;
    for (const entry of session.partitions()) this.watch(entry, null);
    this.#options.delayed.expire(session);
  }

  #makeRoom(newcomer: Pick<FetchSession, 'isPrivileged' | 'size'>, nowMs: number): boolean {
    const { slotsMax, partitionsMax, evictionMs } = this.#options;
    while (
      this.#sessions.size >= slotsMax ||
      this.#partitionCount + newcomer.size > partitionsMax
    ) {
      if (newcomer.size > partitionsMax) return false;
      const victim = evictable(this.#sessions.values(), newcomer, nowMs - evictionMs);
      if (victim === null) return false;
      this.#end(victim);
      this.#evictions += 1;
    }
    return true;
  }

  /** The id is random, so that a client cannot guess that of another client. */
  #newId(): number {
    const bytes = Buffer.alloc(4);
    for (;;) {
      const id = this.#options.random.fill(bytes).readUInt32BE(0) >>> 1;
      if (id !== NO_SESSION && !this.#sessions.has(id)) return id;
    }
  }
}

/** The error of a fetch whose session has gone on without it. */
export function overtaken(): ApiError {
  return new ApiError('INVALID_FETCH_SESSION_EPOCH', 'a later fetch of the session has come');
}

/** Topics in pieces, each of which is done in one turn of the event loop. */
function* partsOf<T extends Part>(topics: readonly T[]): Iterable<T> {
  const { fetchPartitionsAtOnceMax } = SERVER_LIMITS;
  for (const topic of topics) {
    const { partitions } = topic;
    for (let at = 0; at < partitions.length; at += fetchPartitionsAtOnceMax) {
      yield { ...topic, partitions: partitions.slice(at, at + fetchPartitionsAtOnceMax) };
    }
  }
}

/**
 * The session that makes room for a new one, or null: the one that was not used for longest, if
 * that was before `beforeMs`; else the least valuable one, if the newcomer is worth more. Followers
 * are worth more than consumers, and more partitions more than fewer; but a session that began
 * after `beforeMs` yields only to a follower, if it is none itself (KIP-227). Looks at all of them.
 */
export function evictable(
  sessions: Iterable<FetchSession>,
  newcomer: Pick<FetchSession, 'isPrivileged' | 'size'>,
  beforeMs: number,
): FetchSession | null {
  let stalest: FetchSession | null = null;
  let least: FetchSession | null = null;
  for (const session of sessions) {
    if (stalest === null || session.lastUsedMs < stalest.lastUsedMs) stalest = session;
    const mayYield =
      session.createdMs < beforeMs || (newcomer.isPrivileged && !session.isPrivileged);
    if (mayYield && (least === null || isWorthMore(least, session))) least = session;
  }
  if (stalest !== null && stalest.lastUsedMs < beforeMs) return stalest;
  return least !== null && isWorthMore(newcomer, least) ? least : null;
}

type Worth = Pick<FetchSession, 'isPrivileged' | 'size'>;

function isWorthMore(one: Worth, other: Worth): boolean {
  return one.isPrivileged === other.isPrivileged ? one.size > other.size : one.isPrivileged;
}
