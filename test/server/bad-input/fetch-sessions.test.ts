import { expect, test } from 'vitest';
import { SERVER_LIMITS } from '../../../server/limits.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { beside, startAttackedBroker } from './attacked-broker.js';
import type { Body } from './wire-client.js';

type Fetch = Body<'Fetch'>;

const MOST = SERVER_LIMITS.fetchSessionPartitionsMax;

function fetchOf(
  partitions: readonly number[],
  options: Partial<Fetch>,
  forgotten: readonly number[] = [],
): Fetch {
  const wishes = partitions.map((partition) => ({
    partition,
    fetchOffset: 0,
    partitionMaxBytes: 1,
  }));
  return {
    maxWaitMs: 0,
    minBytes: 1,
    topics: wishes.length === 0 ? [] : [{ topic: 't', partitions: wishes }],
    forgottenTopicsData: forgotten.length === 0 ? [] : [{ topic: 't', partitions: [...forgotten] }],
    ...options,
  };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

test('a million partitions: the session that asks for them ends, and fetches without one go on', async () => {
  const broker = await startAttackedBroker();
  await beside(broker, async () => {
    const client = await broker.connect();
    const step = MOST / 4;
    let { sessionId } = await client.call(
      'Fetch',
      12,
      fetchOf(range(0, step), { sessionEpoch: 0 }),
    );
    expect(sessionId).not.toBe(0);
    let sessionEpoch = 0;
    let errorCode = 0;
    for (let from = step; errorCode === 0 && from < 1_000_000; from += step) {
      sessionEpoch += 1;
      const more = fetchOf(range(from, from + step), { sessionId, sessionEpoch });
      ({ errorCode } = await client.call('Fetch', 12, more));
      expect(broker.broker.fetchSessions.counters.partitions).toBeLessThanOrEqual(MOST);
    }
    expect(errorCode).toBe(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    expect(broker.broker.fetchSessions.counters).toMatchObject({ sessions: 0, partitions: 0 });
    ({ sessionId, errorCode } = await client.call('Fetch', 12, fetchOf([0], { sessionEpoch: 0 })));
    expect(errorCode).toBe(0);
    expect(sessionId).not.toBe(0);
  });
});

test('sessions opened in a loop fill the slots and no more, and are answered all the same', async () => {
  const config = { 'max.incremental.fetch.session.cache.slots': '50' };
  const broker = await startAttackedBroker({ config });
  await beside(broker, async () => {
    const ids = new Set<number>();
    for (let round = 0; round < 20; round++) {
      // Sessions outlive their connections, as in Kafka.
      const client = await broker.connect();
      for (let at = 0; at < 20; at++) client.send('Fetch', 12, fetchOf([0], { sessionEpoch: 0 }));
      for (let at = 0; at < 20; at++) {
        const { errorCode, sessionId, topics } = await client.next('Fetch', 12);
        expect(errorCode).toBe(0);
        expect(topics).toHaveLength(1);
        ids.add(sessionId);
      }
      client.close();
    }
    expect(ids.size).toBe(51);
    expect(ids.has(0)).toBe(true);
    expect(broker.broker.fetchSessions.counters).toEqual({
      sessions: 50,
      partitions: 50,
      evictions: 0,
    });
  });
});

test('ids and epochs that are none get their error, and harm no session', async () => {
  const broker = await startAttackedBroker();
  await broker.createTopic('t');
  const client = await broker.connect();
  const full = await client.call('Fetch', 12, fetchOf([0], { sessionEpoch: 0 }));
  const { sessionId } = full;
  const codeOf = async (options: Partial<Fetch>, version = 12) =>
    (await client.call('Fetch', version, fetchOf([], options))).errorCode;
  for (const id of [0, -1, -(2 ** 31), 2 ** 31 - 1]) {
    expect(await codeOf({ sessionId: id, sessionEpoch: 1 })).toBe(
      ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
    );
  }
  for (const sessionEpoch of [2, -2, -(2 ** 31), 2 ** 31 - 1]) {
    expect(await codeOf({ sessionId, sessionEpoch })).toBe(ErrorCode.INVALID_FETCH_SESSION_EPOCH);
  }
  expect(await codeOf({ sessionId, sessionEpoch: 1 }, 13)).toBe(
    ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
  );
  expect(await codeOf({ sessionId, sessionEpoch: 1 })).toBe(0);
});

test('partitions named twice, partitions forgotten that were never there, both at once', async () => {
  const broker = await startAttackedBroker();
  await broker.createTopic('t', {}, 2);
  const client = await broker.connect();
  const full = await client.call('Fetch', 12, fetchOf([0, 0, 1, 0], { sessionEpoch: 0 }));
  const { sessionId } = full;
  expect(full.topics[0]!.partitions.map((each) => each.partitionIndex)).toEqual([0, 1]);
  expect(broker.broker.fetchSessions.counters).toMatchObject({ sessions: 1, partitions: 2 });
  const next = (sessionEpoch: number, named: number[], forgotten: number[]) =>
    client.call('Fetch', 12, fetchOf(named, { sessionId, sessionEpoch }, forgotten));
  expect(await next(1, [1, 1, 1], [7, -1, 2 ** 31 - 1])).toMatchObject({
    errorCode: 0,
    topics: [],
  });
  expect(await next(2, [0], [0, 0])).toMatchObject({ errorCode: 0, topics: [] });
  expect(broker.broker.fetchSessions.counters).toMatchObject({ sessions: 1, partitions: 1 });
  // Nothing is left: the session ends, and the client is told so by id 0.
  expect(await next(3, [], [1])).toMatchObject({ errorCode: 0, sessionId: 0, topics: [] });
  expect(await next(4, [], [])).toMatchObject({ errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND });
});
