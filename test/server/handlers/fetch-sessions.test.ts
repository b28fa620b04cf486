import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../engine/index.js';
import type { AnswerOf, RequestOf } from '../../../server/protocol/api.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import type { Fetch } from '../../../server/protocol/messages/fetch.js';
import {
  batchOf,
  fetchOf,
  joined,
  type MemoryBroker,
  memoryBroker,
  produceOf,
  requestFrame,
  turns,
} from '../../support/memory-broker.js';

type Answer = AnswerOf<typeof Fetch>;
type Wish = Partial<RequestOf<typeof Fetch>['topics'][number]['partitions'][number]>;

const VERSION = 12;

/** `topic-partition` of all that an answer lists. */
function listed({ topics }: Answer): string[] {
  return topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ partitionIndex }) => `${topic}-${partitionIndex}`),
  );
}

function bodyOf(wishes: readonly Wish[], options: Partial<RequestOf<typeof Fetch>>) {
  const body = fetchOf({ name: 't' }, wishes, options);
  return wishes.length === 0 ? { ...body, topics: [] } : body;
}

/** A broker with one topic, and a client in a session that has read everything. */
async function inSession(partitionCount: number, settings = {}) {
  const broker = await memoryBroker({ settings });
  await broker.createTopic('t', partitionCount);
  const all = Array.from({ length: partitionCount }, (_, partition) => ({ partition }));
  const full = await broker.call('Fetch', VERSION, bodyOf(all, { sessionEpoch: 0 }));
  const { sessionId } = full;
  let sessionEpoch = 0;
  const next = (wishes: readonly Wish[] = [], options: Partial<RequestOf<typeof Fetch>> = {}) => {
    sessionEpoch += 1;
    return broker.call('Fetch', VERSION, bodyOf(wishes, { sessionId, sessionEpoch, ...options }));
  };
  return { broker, full, sessionId, next };
}

async function produce(broker: MemoryBroker, partition: number, ...values: string[]) {
  const { topics } = await broker.call(
    'Produce',
    9,
    produceOf('t', batchOf(values), { partition }),
  );
  expect(topics[0]!.partitions[0]!.errorCode).toBe(0);
}

describe('an incremental fetch', () => {
  test('is answered with what has changed, and reads nothing else', async () => {
    const { broker, full, sessionId, next } = await inSession(3);
    expect(sessionId).toBeGreaterThan(0);
    expect(listed(full)).toEqual(['t-0', 't-1', 't-2']);
    expect(await next()).toMatchObject({ errorCode: 0, sessionId, topics: [] });
    const reads = () => [0, 1, 2].map((partition) => broker.engine.log('t', partition).reads);
    const before = reads();
    await produce(broker, 1, 'a');
    const answer = await next();
    expect(listed(answer)).toEqual(['t-1']);
    expect(answer.topics[0]!.partitions[0]!.records).not.toHaveLength(0);
    expect(listed(await next([{ partition: 1, fetchOffset: 1 }]))).toEqual([]);
    expect(reads()).toEqual([before[0], before[1]! + 2, before[2]]);
  });

  test('waits until one of the partitions that it does not name moves', async () => {
    const { broker, next } = await inSession(100);
    await next();
    const waiting = next([], { maxWaitMs: 1000 });
    await turns();
    expect(broker.delayed.size).toBe(1);
    await produce(broker, 42, 'a');
    expect(listed(await waiting)).toEqual(['t-42']);
    expect(broker.delayed.size).toBe(0);
  });

  test('waits for min_bytes over all of them, and for the deadline', async () => {
    const { broker, next } = await inSession(3);
    const size = batchOf(['a']).length;
    const waiting = next([], { maxWaitMs: 1000, minBytes: 2 * size });
    await turns();
    await produce(broker, 0, 'a');
    await turns();
    expect(broker.delayed.size).toBe(1);
    await produce(broker, 2, 'b');
    expect(listed(await waiting)).toEqual(['t-0', 't-2']);
    const read = [
      { partition: 0, fetchOffset: 1 },
      { partition: 2, fetchOffset: 1 },
    ];
    const late = next(read, { maxWaitMs: 1000 });
    await turns();
    broker.clock.advance(1000);
    expect(listed(await late)).toEqual([]);
  });

  test('that is overtaken by the next ends at once with INVALID_FETCH_SESSION_EPOCH, and nothing of it is lost', async () => {
    const { broker, next } = await inSession(2);
    const first = next([], { maxWaitMs: 10_000, minBytes: 1_000_000 });
    await turns();
    await produce(broker, 1, 'a');
    const second = next([]);
    expect(await first).toMatchObject({
      errorCode: ErrorCode.INVALID_FETCH_SESSION_EPOCH,
      topics: [],
    });
    expect(listed(await second)).toEqual(['t-1']);
    for (const slice of broker.engine.log('t', 1).slices) expect(slice.releases).toBe(1);
  });

  test('whose session ends meanwhile is answered at once', async () => {
    const { broker, sessionId, next } = await inSession(2);
    const waiting = next([], { maxWaitMs: 10_000 });
    await turns();
    await broker.call('Fetch', VERSION, bodyOf([{}], { sessionId, sessionEpoch: -1 }));
    expect(await waiting).toMatchObject({ errorCode: 0, topics: [] });
    expect(await next()).toMatchObject({ errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND });
  });

  test('takes up and forgets partitions', async () => {
    const { broker, next } = await inSession(2);
    await broker.createTopic('u', 1);
    const [t] = bodyOf([{ partition: 1, fetchOffset: 0 }], {}).topics;
    const more = await next([], {
      topics: [t, { ...t, topic: 'u', partitions: [{ ...t!.partitions[0]!, partition: 0 }] }],
      forgottenTopicsData: [{ topic: 't', topicId: '', partitions: [0] }],
    } as Partial<RequestOf<typeof Fetch>>);
    expect(listed(more)).toEqual([]);
    await produce(broker, 0, 'not asked for any more');
    await produce(broker, 1, 'a');
    expect(listed(await next())).toEqual(['t-1']);
  });

  test('is told that records were deleted, and of a new leader epoch', async () => {
    const { broker, next } = await inSession(2);
    await produce(broker, 1, 'a', 'b');
    expect(listed(await next())).toEqual(['t-1']);
    expect(listed(await next([{ partition: 1, fetchOffset: 2, currentLeaderEpoch: 0 }]))).toEqual(
      [],
    );
    await broker.engine.log('t', 1).deleteBefore(1);
    const [topic] = (await next()).topics;
    expect(topic!.partitions[0]).toMatchObject({ partitionIndex: 1, logStartOffset: 1 });
    const partition = [...broker.partitions.open()].find(({ name }) => name.partition === 1)!;
    const waiting = next([], { maxWaitMs: 1000 });
    await turns();
    partition.lead({ ...partition.leadership, leaderEpoch: 9 });
    expect((await waiting).topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.FENCED_LEADER_EPOCH);
  });

  test('by name finds a topic that was deleted and created again', async () => {
    const { broker, next } = await inSession(1);
    await produce(broker, 0, 'a');
    await next();
    expect(await next([{ partition: 0, fetchOffset: 1 }])).toMatchObject({ topics: [] });
    const waiting = next([], { maxWaitMs: 10_000 });
    await turns();
    await broker.call('DeleteTopics', 5, { topicNames: ['t'], timeoutMs: 1000 });
    const gone = (await waiting).topics[0]!.partitions[0]!;
    expect(gone.errorCode).not.toBe(0);
    expect((await next()).topics[0]!.partitions[0]!.errorCode).toBe(
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    );
    await broker.createTopic('t', 1);
    expect((await next([{ partition: 0, fetchOffset: 0 }])).topics[0]!.partitions[0]).toMatchObject(
      { errorCode: 0, highWatermark: 0 },
    );
    await produce(broker, 0, 'b');
    expect((await next()).topics[0]!.partitions[0]!.records).not.toHaveLength(0);
  });

  test('by id says UNKNOWN_TOPIC_ID of a deleted topic each time, and refuses names', async () => {
    const broker = await memoryBroker();
    const { topicId } = await broker.createTopic('t', 1);
    const wishes = fetchOf({ id: topicId }, [{}], { sessionEpoch: 0 });
    const { sessionId } = await broker.call('Fetch', 17, wishes);
    await broker.call('DeleteTopics', 5, { topicNames: ['t'], timeoutMs: 1000 });
    await broker.createTopic('t', 1);
    for (const sessionEpoch of [1, 2]) {
      const body = { ...wishes, topics: [], sessionId, sessionEpoch };
      const { topics } = await broker.call('Fetch', 17, body);
      expect(topics).toMatchObject([
        { topicId, partitions: [{ partitionIndex: 0, errorCode: ErrorCode.UNKNOWN_TOPIC_ID }] },
      ]);
    }
    const byName = await broker.call('Fetch', 12, bodyOf([], { sessionId, sessionEpoch: 3 }));
    expect(byName).toMatchObject({
      errorCode: ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
      sessionId: 0,
      topics: [],
    });
    const body = { ...wishes, topics: [], sessionId, sessionEpoch: 3 };
    expect(await broker.call('Fetch', 17, body)).toMatchObject({ errorCode: 0, sessionId });
  });

  test('waits for what lies on the disk as a full one does', async () => {
    const { broker, next } = await inSession(2);
    await produce(broker, 1, 'a');
    const log = broker.engine.log('t', 1);
    log.warming = Promise.resolve();
    expect(listed(await next())).toEqual(['t-1']);
  });

  test('of a log that fails says so', async () => {
    const { broker, next } = await inSession(2);
    await next();
    const log = broker.engine.log('t', 1);
    await produce(broker, 1, 'a');
    log.readError = new EngineError('STORAGE_OFFLINE', 'the disk');
    expect((await next()).topics[0]!.partitions[0]!.errorCode).not.toBe(0);
    log.readError = null;
    expect((await next()).topics[0]!.partitions[0]!.records).not.toHaveLength(0);
  });
});

test('partitions take turns when an answer has room for one', async () => {
  const { broker, next } = await inSession(3);
  for (const partition of [0, 1, 2])
    for (let at = 0; at < 4; at++) await produce(broker, partition, 'v');
  const turnsOf: number[] = [];
  const offsets = [0, 0, 0];
  let read: Wish[] = [];
  for (let round = 0; round < 12; round++) {
    const { topics } = await next(read, { maxBytes: 1 });
    const [got] = topics
      .flatMap(({ partitions }) => partitions)
      .filter(({ records }) => records!.length > 0)
      .map(({ partitionIndex }) => partitionIndex);
    turnsOf.push(got!);
    offsets[got!]! += 1;
    read = [{ partition: got!, fetchOffset: offsets[got!]! }];
  }
  expect(turnsOf).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
});

test('without slots every fetch is a full one', async () => {
  const settings = { 'max.incremental.fetch.session.cache.slots': '0' };
  const { broker, full } = await inSession(2, settings);
  expect(full.sessionId).toBe(0);
  const again = await broker.call(
    'Fetch',
    VERSION,
    bodyOf([{}, { partition: 1 }], { sessionEpoch: 0 }),
  );
  expect(again).toMatchObject({ errorCode: 0, sessionId: 0 });
  expect(listed(again)).toEqual(['t-0', 't-1']);
});

test('the bytes of an incremental answer without news', async () => {
  const { broker, sessionId } = await inSession(2);
  const frame = requestFrame('Fetch', 12, bodyOf([], { sessionId, sessionEpoch: 1 }));
  const answer = joined((await broker.dispatcher.dispatch(frame, broker.connection))!);
  const expected = Buffer.from(
    [
      '00000011', // size
      '00000007', // correlation id
      '00', // tags of the header
      '00000000', // throttle time
      '0000', // error code
      '00000000', // session id, written below
      '01', // no topics
      '00', // tags
    ].join(''),
    'hex',
  );
  expected.writeInt32BE(sessionId, 15);
  expect(answer.toString('hex')).toBe(expected.toString('hex'));
});
