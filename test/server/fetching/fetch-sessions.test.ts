import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../engine/manual-clock.js';
import { type Random, seededRandom } from '../../../engine/random.js';
import type { FetchSession } from '../../../server/fetching/fetch-session.js';
import {
  evictable,
  FetchSessions,
  type FetchSessionsOptions,
} from '../../../server/fetching/fetch-sessions.js';
import type { Partition } from '../../../server/partition/partition.js';
import type { RequestOf } from '../../../server/protocol/api.js';
import type { Fetch } from '../../../server/protocol/messages/fetch.js';
import type { WaitKey } from '../../../server/request/waiting.js';

const BY_NAME = { usesTopicIds: false, isPrivileged: false };
const EVICTION_MS = 120_000;

function sessions(options: Partial<FetchSessionsOptions> = {}) {
  const clock = new ManualClock();
  const checked: WaitKey[] = [];
  const expired: WaitKey[] = [];
  const all = new FetchSessions({
    clock,
    random: seededRandom(1),
    delayed: {
      check: (key) => checked.push(key),
      expire: (key) => void expired.push(key),
    },
    slotsMax: 2,
    partitionsMax: 100,
    evictionMs: EVICTION_MS,
    ...options,
  });
  return { all, clock, checked, expired };
}

function request(
  partitions: readonly number[],
  options: Partial<RequestOf<typeof Fetch>> = {},
): RequestOf<typeof Fetch> {
  const wishes = partitions.map((partition) => ({
    partition,
    currentLeaderEpoch: -1,
    fetchOffset: 0,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
    partitionMaxBytes: 1,
    replicaDirectoryId: '',
  }));
  return {
    sessionId: 0,
    sessionEpoch: 0,
    topics: wishes.length === 0 ? [] : [{ topic: 't', topicId: '', partitions: wishes }],
    forgottenTopicsData: [],
    ...options,
  } as RequestOf<typeof Fetch>;
}

const numbers = (count: number) => Array.from({ length: count }, (_, at) => at);

/** Makes the bytes that ids come from. */
function randomOf(...values: number[]): Random {
  return {
    next: () => 0,
    fill: (bytes) => {
      bytes.writeUInt32BE(values.shift()!);
      return bytes;
    },
  };
}

describe('opening', () => {
  test('an id is random, never 0, never that of another', () => {
    const { all } = sessions({ random: randomOf(0, 1, 2 ** 32 - 1, 2 ** 32 - 2, 20) });
    expect(all.open(request([0]), [], BY_NAME)).toBe(2 ** 31 - 1);
    expect(all.open(request([0]), [], BY_NAME)).toBe(10);
    expect(all.counters).toEqual({ sessions: 2, partitions: 2, evictions: 0 });
  });

  test('nothing is opened for who asks for none, for who fetches nothing, and without slots', () => {
    const { all } = sessions();
    expect(all.open(request([0], { sessionEpoch: -1 }), [], BY_NAME)).toBe(0);
    expect(all.open(request([]), [], BY_NAME)).toBe(0);
    expect(sessions({ slotsMax: 0 }).all.open(request([0]), [], BY_NAME)).toBe(0);
    expect(all.counters.sessions).toBe(0);
  });

  test('a full cache opens no more, and the client goes on without', () => {
    const { all } = sessions();
    expect(all.open(request([0]), [], BY_NAME)).not.toBe(0);
    expect(all.open(request([0]), [], BY_NAME)).not.toBe(0);
    expect(all.open(request([0, 1]), [], BY_NAME)).toBe(0);
    expect(all.counters).toEqual({ sessions: 2, partitions: 2, evictions: 0 });
  });

  test('the partitions of all sessions are bounded too', () => {
    const { all } = sessions({ slotsMax: 10 });
    expect(all.open(request(numbers(60)), [], BY_NAME)).not.toBe(0);
    expect(all.open(request(numbers(41)), [], BY_NAME)).toBe(0);
    expect(all.open(request(numbers(101)), [], BY_NAME)).toBe(0);
    expect(all.open(request(numbers(40)), [], BY_NAME)).not.toBe(0);
    expect(all.counters.partitions).toBe(100);
  });
});

describe('eviction', () => {
  test('who has not fetched for two minutes makes room, the longest silent first', () => {
    const { all, clock } = sessions();
    const first = all.open(request([0]), [], BY_NAME);
    clock.advance(10);
    const second = all.open(request([0]), [], BY_NAME);
    clock.advance(10);
    all.begin(request([], { sessionId: first, sessionEpoch: 1 }), false);
    clock.advance(EVICTION_MS - 10);
    expect(all.open(request([0]), [], BY_NAME)).toBe(0);
    clock.advance(1);
    expect(all.open(request([0]), [], BY_NAME)).not.toBe(0);
    expect(all.counters).toEqual({ sessions: 2, partitions: 2, evictions: 1 });
    const stale = request([], { sessionId: second, sessionEpoch: 1 });
    expect(() => all.begin(stale, false)).toThrow('there is no fetch session');
    expect(all.begin(request([], { sessionId: first, sessionEpoch: 2 }), false)).not.toBeNull();
  });

  const one = (size: number, createdMs = 0, isPrivileged = false, lastUsedMs = 100) =>
    ({ size, createdMs, isPrivileged, lastUsedMs }) as FetchSession;
  const consumer = (size: number) => ({ size, isPrivileged: false });
  const follower = (size: number) => ({ size, isPrivileged: true });

  test('the smallest of those that are old enough yields to a larger one, not to an equal one', () => {
    const small = one(3);
    const all = [one(5), small, one(1, 60)];
    expect(evictable(all, consumer(4), 50)).toBe(small);
    expect(evictable(all, consumer(3), 50)).toBeNull();
    expect(evictable([], consumer(9), 50)).toBeNull();
  });

  test('a follower takes the place of a consumer however new and large, and a consumer never that of a follower', () => {
    const fresh = one(9, 60);
    expect(evictable([fresh, one(1, 0, true)], follower(2), 50)).toBe(fresh);
    expect(evictable([one(1, 0, true)], consumer(9), 50)).toBeNull();
    expect(evictable([one(1, 60, true)], follower(9), 50)).toBeNull();
    const old = one(1, 0, true);
    expect(evictable([old], follower(9), 50)).toBe(old);
  });

  test('a silent one goes before all others, a follower too', () => {
    const silent = one(50, 0, true, 49);
    expect(evictable([one(1), silent], consumer(2), 50)).toBe(silent);
    expect(evictable([one(1), one(50, 0, true, 50)], consumer(2), 50)?.size).toBe(1);
  });
});

describe('going on', () => {
  test('epochs count up, and any other is refused without harm', () => {
    const { all } = sessions();
    const sessionId = all.open(request([0]), [], BY_NAME);
    const next = (sessionEpoch: number) => () =>
      all.begin(request([], { sessionId, sessionEpoch }), false);
    expect(next(2)).toThrow('the epoch of the fetch session is 1, not 2');
    expect(next(-2)).toThrow('the epoch of the fetch session is 1, not -2');
    expect(next(1)()?.epoch).toBe(2);
    expect(next(1)).toThrow('the epoch of the fetch session is 2, not 1');
    const session = next(2)()!;
    session.epoch = 2 ** 31 - 1;
    expect(next(2 ** 31 - 1)()?.epoch).toBe(1);
    expect(next(1)()?.epoch).toBe(2);
  });

  test('a session of names is none of ids, and the other way round', () => {
    const { all } = sessions();
    for (const usesTopicIds of [false, true]) {
      const sessionId = all.open(request([0]), [], { ...BY_NAME, usesTopicIds });
      const other = request([], { sessionId, sessionEpoch: 1 });
      expect(() => all.begin(other, !usesTopicIds)).toThrow('names topics by');
      expect(all.begin(other, usesTopicIds)).not.toBeNull();
    }
  });

  test('a full fetch ends the session that it names, whether it asks for a new one or not', () => {
    const { all, expired } = sessions();
    for (const sessionEpoch of [0, -1]) {
      const sessionId = all.open(request([0, 1]), [], BY_NAME);
      expect(all.begin(request([0], { sessionId, sessionEpoch }), false)).toBeNull();
      expect(all.counters).toEqual({ sessions: 0, partitions: 0, evictions: 0 });
    }
    expect(expired).toHaveLength(2);
    expect(all.begin(request([0], { sessionId: 12_345, sessionEpoch: -1 }), false)).toBeNull();
  });

  test('a session from which everything is forgotten ends', () => {
    const { all } = sessions();
    const sessionId = all.open(request([0]), [], BY_NAME);
    const forgottenTopicsData = [{ topic: 't', topicId: '', partitions: [0] }];
    const last = request([], { sessionId, sessionEpoch: 1, forgottenTopicsData });
    expect(all.begin(last, false)).toBeNull();
    expect(all.counters).toEqual({ sessions: 0, partitions: 0, evictions: 0 });
  });

  test('a session that grows beyond the bound ends, and its client is told to begin again', () => {
    const { all } = sessions();
    const sessionId = all.open(request(numbers(60)), [], BY_NAME);
    const growing = request(numbers(101), { sessionId, sessionEpoch: 1 });
    expect(() => all.begin(growing, false)).toThrow('sessions hold 100 partitions at most');
    expect(all.counters).toEqual({ sessions: 0, partitions: 0, evictions: 0 });
  });
});

describe('watching', () => {
  const partition = () => ({}) as Partition;

  test('a move is for those who watch, once each, and wakes who waits for their sessions', () => {
    const { all, checked } = sessions();
    const ids = [0, 1].map(() => all.open(request([0, 1]), [], BY_NAME));
    const open = ids.map(
      (sessionId) => all.begin(request([], { sessionId, sessionEpoch: 1 }), false)!,
    );
    const [a, b] = [partition(), partition()];
    for (const session of open) {
      for (const entry of session.partitions())
        all.watch(entry, entry.wish.partition === 0 ? a : b);
    }
    all.moved(partition());
    expect(checked).toEqual([]);
    all.moved(a);
    expect(checked).toEqual(open);
    // Another partition of the same name took its place: moves of the old one no longer count.
    for (const entry of open[0]!.partitions()) all.watch(entry, b);
    all.moved(a);
    expect(checked).toEqual([...open, open[1]]);
  });

  test('of a session that has ended nothing is watched any more, also by a fetch that is still reading', () => {
    const { all, checked } = sessions();
    const sessionId = all.open(request([0]), [], BY_NAME);
    const session = all.begin(request([], { sessionId, sessionEpoch: 1 }), false)!;
    const [entry] = [...session.partitions()];
    const moving = partition();
    all.watch(entry!, moving);
    all.begin(request([0], { sessionId, sessionEpoch: -1 }), false);
    all.moved(moving);
    all.watch(entry!, moving);
    all.moved(moving);
    expect(checked).toEqual([]);
    expect(entry!.watched).toBeNull();
  });
});
