import { describe, expect, test } from 'vitest';
import { AssertionError, EngineError } from '../../../engine/index.js';
import { APIS } from '../../../server/handlers/apis.js';
import { CloseConnection } from '../../../server/net/dispatcher.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { decodeResponse } from '../../../server/protocol/frame.js';
import {
  batchOf,
  fetchOf,
  joined,
  memoryBroker,
  produceOf,
  requestFrame,
  TestConnection,
  turns,
} from '../../support/memory-broker.js';
import { MemoryEngine } from '../../support/memory-log.js';

/** A batch with the transactional bit, which only a producer with a transactional id sets. */
function transactionalBatch(): Buffer {
  const batch = batchOf(['x']);
  batch.writeUInt16BE(batch.readUInt16BE(21) | 0x10, 21);
  return batch;
}

/** A batch that says it is compressed with zstd. */
function zstdBatch(): Buffer {
  const batch = batchOf(['x']);
  batch.writeUInt16BE(batch.readUInt16BE(21) | 4, 21);
  return batch;
}

describe('produce', () => {
  test('answers with the offsets that the log gave', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t', 2);
    const first = await broker.call('Produce', 9, produceOf('t', batchOf(['a', 'b'])));
    expect(first.topics[0]!.partitions[0]).toMatchObject({
      index: 0,
      errorCode: 0,
      baseOffset: 0,
      logAppendTimeMs: -1,
      logStartOffset: 0,
      errorMessage: null,
    });
    const second = await broker.call('Produce', 3, produceOf('t', batchOf(['c']), { acks: 1 }));
    expect(second.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, baseOffset: 2 });
    const other = await broker.call(
      'Produce',
      11,
      produceOf('t', batchOf(['d']), { partition: 1 }),
    );
    expect(other.topics[0]!.partitions[0]).toMatchObject({ index: 1, baseOffset: 0 });
  });

  test('pipelined requests take their places in the order of dispatch, before any is answered', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    const log = broker.engine.log('t');
    log.holding = true;
    const answers = ['a', 'b', 'c'].map((value) =>
      broker.dispatcher.dispatch(
        requestFrame('Produce', 9, produceOf('t', batchOf([value]))),
        broker.connection,
      ),
    );
    expect(log.logEndOffset).toBe(3);
    expect(log.batches.map((batch) => batch.toString('latin1').at(-2))).toEqual(['a', 'b', 'c']);
    let answered = 0;
    for (const answer of answers) void answer.then(() => answered++);
    await turns();
    expect(answered).toBe(0);
    log.sync();
    await Promise.all(answers);
    expect(answered).toBe(3);
  });

  test('the bytes that are appended are those of the frame, not a copy', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    const frame = requestFrame('Produce', 9, produceOf('t', batchOf(['a'])));
    await broker.dispatcher.dispatch(frame, broker.connection);
    expect(broker.engine.log('t').batches[0]!.buffer).toBe(frame.buffer);
  });

  test.each([
    [
      'a topic that does not exist',
      produceOf('none', batchOf(['x'])),
      'UNKNOWN_TOPIC_OR_PARTITION',
    ],
    [
      'a partition that does not exist',
      produceOf('t', batchOf(['x']), { partition: 1 }),
      'UNKNOWN_TOPIC_OR_PARTITION',
    ],
    [
      'a negative partition',
      produceOf('t', batchOf(['x']), { partition: -1 }),
      'UNKNOWN_TOPIC_OR_PARTITION',
    ],
    [
      'a name that no topic can have',
      produceOf('../x', batchOf(['x'])),
      'UNKNOWN_TOPIC_OR_PARTITION',
    ],
    ['__proto__', produceOf('__proto__', batchOf(['x'])), 'UNKNOWN_TOPIC_OR_PARTITION'],
    [
      'an internal topic',
      produceOf('__consumer_offsets', batchOf(['x'])),
      'INVALID_TOPIC_EXCEPTION',
    ],
    ['no records', produceOf('t', null), 'INVALID_RECORD'],
    ['empty records', produceOf('t', Buffer.alloc(0)), 'INVALID_RECORD'],
    ['bytes that are no batch', produceOf('t', Buffer.alloc(10, 1)), 'CORRUPT_MESSAGE'],
    ['acks of 2', produceOf('t', batchOf(['x']), { acks: 2 }), 'INVALID_REQUIRED_ACKS'],
    [
      'a transactional id',
      { ...produceOf('t', batchOf(['x'])), transactionalId: 'tx' },
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
    ],
    ['a transactional batch', produceOf('t', transactionalBatch()), 'INVALID_TXN_STATE'],
    [
      'a batch above max.message.bytes',
      produceOf('t', batchOf(['x'.repeat(2000)])),
      'MESSAGE_TOO_LARGE',
    ],
  ] as const)('%s gets its error code, and nothing is appended', async (_name, body, code) => {
    const broker = await memoryBroker();
    await broker.createTopic('t', 1, { 'max.message.bytes': '1000' });
    const answer = await broker.call('Produce', 9, body);
    const { errorCode, baseOffset, logStartOffset } = answer.topics[0]!.partitions[0]!;
    expect({ errorCode, baseOffset, logStartOffset }).toEqual({
      errorCode: ErrorCode[code],
      baseOffset: -1,
      logStartOffset: -1,
    });
    expect(broker.engine.log('t').logEndOffset).toBe(0);
  });

  test('zstd is refused below version 7 and accepted from it on', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    const old = await broker.call('Produce', 6, produceOf('t', zstdBatch()));
    expect(old.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE);
    const recent = await broker.call('Produce', 7, produceOf('t', zstdBatch()));
    expect(recent.topics[0]!.partitions[0]!.errorCode).toBe(0);
  });

  test('one bad partition leaves the others of its request be', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t', 2);
    const answer = await broker.call('Produce', 9, {
      acks: 1,
      timeoutMs: 1000,
      topics: [
        { name: 'none', partitions: [{ index: 0, records: batchOf(['x']) }] },
        {
          name: 't',
          partitions: [
            { index: 7, records: batchOf(['x']) },
            { index: 1, records: batchOf(['x']) },
          ],
        },
      ],
    });
    expect(answer.topics.flatMap(({ partitions }) => partitions.map((p) => p.errorCode))).toEqual([
      3, 3, 0,
    ]);
    expect(broker.engine.log('t', 1).logEndOffset).toBe(1);
  });

  test('an unexpected error of one partition is answered when nothing of the request is under way any more, and a broken invariant is not hidden by it', async () => {
    const crashes: unknown[] = [];
    const broker = await memoryBroker({ crash: (error) => crashes.push(error) });
    await broker.createTopic('t', 3);
    let end = (_error: Error): void => {};
    broker.engine.log('t', 0).append = () => Promise.reject(new Error('odd'));
    broker.engine.log('t', 1).append = () => new Promise((_resolve, reject) => (end = reject));
    const frame = requestFrame('Produce', 9, {
      acks: 1,
      timeoutMs: 1000,
      topics: [
        {
          name: 't',
          partitions: [0, 1, 2].map((index) => ({ index, records: batchOf(['x']) })),
        },
      ],
    });
    let isSettled = false;
    const answer = broker.dispatcher.dispatch(frame, broker.connection).finally(() => {
      isSettled = true;
    });
    const outcome = expect(answer).rejects.toThrow('a broken invariant');
    await turns(5);
    expect(isSettled).toBe(false);
    expect(broker.engine.log('t', 2).logEndOffset).toBe(1);
    end(new AssertionError('a broken invariant'));
    await outcome;
    expect(crashes).toHaveLength(1);
  });

  test.each([
    ['STORAGE_OFFLINE', 'KAFKA_STORAGE_ERROR'],
    ['STORAGE_FULL', 'KAFKA_STORAGE_ERROR'],
    ['LOG_CLOSED', 'NOT_LEADER_OR_FOLLOWER'],
    ['OUT_OF_ORDER_SEQUENCE', 'OUT_OF_ORDER_SEQUENCE_NUMBER'],
    ['STALE_PRODUCER_EPOCH', 'INVALID_PRODUCER_EPOCH'],
    ['INVALID_TIMESTAMP', 'INVALID_TIMESTAMP'],
    ['UNSUPPORTED_MAGIC', 'INVALID_RECORD'],
  ] as const)(
    'the engine’s %s is %s on the wire, without the paths in its text',
    async (engineCode, code) => {
      const broker = await memoryBroker();
      await broker.createTopic('t');
      broker.engine.log('t').refuseNext = new EngineError(
        engineCode,
        'cannot write /data/t-0/x.log',
        {
          path: '/data/t-0/x.log',
        },
      );
      const answer = await broker.call('Produce', 9, produceOf('t', batchOf(['x'])));
      expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode[code]);
      expect(answer.topics[0]!.partitions[0]!.errorMessage).not.toContain('/data');
    },
  );

  test('acks=0 is never answered, and an error ends the connection', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    const good = requestFrame('Produce', 9, produceOf('t', batchOf(['x']), { acks: 0 }));
    expect(await broker.dispatcher.dispatch(good, broker.connection)).toBeNull();
    expect(broker.engine.log('t').logEndOffset).toBe(1);
    const bad = requestFrame('Produce', 9, produceOf('none', batchOf(['x']), { acks: 0 }));
    await expect(broker.dispatcher.dispatch(bad, broker.connection)).rejects.toThrow(
      CloseConnection,
    );
  });

  test('acks=all waits for the high watermark, acks=1 does not', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    const log = broker.engine.log('t');
    let replicatedEnd = 0;
    log.watermark.setRule(() => replicatedEnd);
    const one = await broker.call('Produce', 9, produceOf('t', batchOf(['a']), { acks: 1 }));
    expect(one.topics[0]!.partitions[0]!.errorCode).toBe(0);
    let answered = false;
    const all = broker.call('Produce', 9, produceOf('t', batchOf(['b']))).finally(() => {
      answered = true;
    });
    await turns();
    expect(answered).toBe(false);
    replicatedEnd = 1;
    log.watermark.advance();
    await turns();
    expect(answered).toBe(false);
    replicatedEnd = 2;
    log.watermark.advance();
    expect((await all).topics[0]!.partitions[0]!.errorCode).toBe(0);
    expect(broker.connection.listenerCount).toBe(0);
  });

  test('acks=all times out when the high watermark stays behind', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    broker.engine.log('t').watermark.setRule(() => 0);
    const all = broker.call('Produce', 9, produceOf('t', batchOf(['b']), { timeoutMs: 300 }));
    await turns();
    broker.clock.advance(299);
    expect(broker.delayed.size).toBe(1);
    broker.clock.advance(1);
    expect((await all).topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.REQUEST_TIMED_OUT);
  });

  test('acks=all with too few replicas in sync is refused before the append; acks=1 is not', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t', 1, { 'min.insync.replicas': '2' });
    const all = await broker.call('Produce', 9, produceOf('t', batchOf(['a'])));
    expect(all.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.NOT_ENOUGH_REPLICAS);
    expect(broker.engine.log('t').logEndOffset).toBe(0);
    const one = await broker.call('Produce', 9, produceOf('t', batchOf(['a']), { acks: 1 }));
    expect(one.topics[0]!.partitions[0]!.errorCode).toBe(0);
  });
});

describe('fetch', () => {
  async function brokerWith(values: readonly string[][], partitions = 1) {
    const broker = await memoryBroker();
    const { topicId } = await broker.createTopic('t', partitions);
    for (const each of values) {
      await broker.call('Produce', 9, produceOf('t', batchOf(each)));
    }
    return { broker, topicId, log: broker.engine.log('t') };
  }

  test('returns what lies at and after the offset, by name up to version 12 and by id from 13 on', async () => {
    const { broker, topicId, log } = await brokerWith([['a', 'b'], ['c']]);
    for (const version of [4, 7, 11, 12]) {
      const answer = await broker.call(
        'Fetch',
        version,
        fetchOf({ name: 't' }, [{ fetchOffset: 2 }]),
      );
      expect(answer.topics[0]!.topic).toBe('t');
      expect(answer.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, highWatermark: 3 });
      expect(answer.topics[0]!.partitions[0]!.records).toEqual(log.batches[1]);
    }
    for (const version of [13, 17]) {
      const answer = await broker.call('Fetch', version, fetchOf({ id: topicId }, [{}]));
      expect(answer.sessionId).toBe(0);
      expect(answer.topics[0]!.topicId).toBe(topicId);
      expect(answer.topics[0]!.partitions[0]!.records).toEqual(Buffer.concat(log.batches));
    }
  });

  test('every slice is given back exactly once by the connection, and none stays with us', async () => {
    const { broker, log } = await brokerWith([['a'], ['b']]);
    await broker.call('Fetch', 12, fetchOf({ name: 't' }, [{}]));
    expect(log.slices.map(({ releases }) => releases)).toEqual([1]);
  });

  test('slices are released when the answer cannot be encoded', async () => {
    const { broker, log } = await brokerWith([['a']]);
    Object.defineProperty(log, 'lastStableOffset', { value: 0.5 });
    const frame = requestFrame('Fetch', 12, fetchOf({ name: 't' }, [{}]));
    await expect(broker.dispatcher.dispatch(frame, broker.connection)).rejects.toThrow();
    expect(log.slices).toHaveLength(1);
    expect(log.slices[0]!.releases).toBe(1);
  });

  test('the first batch comes whole however small the limits are; then the limits hold', async () => {
    const { broker, log } = await brokerWith([['a'.repeat(100)], ['b'.repeat(100)]], 2);
    await broker.call('Produce', 9, produceOf('t', batchOf(['c']), { partition: 1 }));
    const small = await broker.call(
      'Fetch',
      12,
      fetchOf({ name: 't' }, [{ partitionMaxBytes: 1 }, { partition: 1 }], { maxBytes: 1 }),
    );
    const [first, second] = small.topics[0]!.partitions;
    expect(first!.records).toEqual(log.batches[0]);
    expect(second!.records).toHaveLength(0);
    const reversed = await broker.call(
      'Fetch',
      12,
      fetchOf({ name: 't' }, [{ partition: 1 }, {}], { maxBytes: 1 }),
    );
    expect(reversed.topics[0]!.partitions.map(({ records }) => records!.length > 0)).toEqual([
      true,
      false,
    ]);
  });

  test('an empty partition in front does not use up the right to a whole batch', async () => {
    const { broker } = await brokerWith([['a'.repeat(100)]], 2);
    const answer = await broker.call(
      'Fetch',
      12,
      fetchOf({ name: 't' }, [{ partition: 1 }, { partitionMaxBytes: 1 }]),
    );
    expect(answer.topics[0]!.partitions.map(({ records }) => records!.length > 0)).toEqual([
      false,
      true,
    ]);
  });

  test('negative limits are limits of nothing', async () => {
    const { broker, log } = await brokerWith([['a'], ['b']]);
    const answer = await broker.call(
      'Fetch',
      12,
      fetchOf({ name: 't' }, [{ partitionMaxBytes: -5 }], { maxBytes: -1 }),
    );
    expect(answer.topics[0]!.partitions[0]!.records).toEqual(log.batches[0]);
  });

  test('readers of committed records end at the last stable offset and get a list of aborted transactions', async () => {
    const { broker, log } = await brokerWith([['a'], ['b']]);
    log.stableEnd = 1;
    const committed = await broker.call(
      'Fetch',
      12,
      fetchOf({ name: 't' }, [{}], { isolationLevel: 1 }),
    );
    expect(committed.topics[0]!.partitions[0]).toMatchObject({
      highWatermark: 2,
      lastStableOffset: 1,
      abortedTransactions: [],
      records: log.batches[0],
    });
    const all = await broker.call('Fetch', 12, fetchOf({ name: 't' }, [{}]));
    expect(all.topics[0]!.partitions[0]).toMatchObject({ abortedTransactions: null });
    expect(all.topics[0]!.partitions[0]!.records).toEqual(Buffer.concat(log.batches));
  });

  test('what is appended but not committed cannot be read', async () => {
    const { broker, log } = await brokerWith([['a']]);
    log.holding = true;
    const pending = broker.call('Produce', 9, produceOf('t', batchOf(['b'])));
    const answer = await broker.call('Fetch', 12, fetchOf({ name: 't' }, [{ fetchOffset: 1 }]));
    expect(answer.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, highWatermark: 1 });
    expect(answer.topics[0]!.partitions[0]!.records).toHaveLength(0);
    log.sync();
    await pending;
  });

  test.each([
    ['beyond the end', { fetchOffset: 5 }, 'OFFSET_OUT_OF_RANGE'],
    ['negative', { fetchOffset: -2 }, 'OFFSET_OUT_OF_RANGE'],
    ['beyond 2^53', { fetchOffset: Number.MAX_SAFE_INTEGER }, 'OFFSET_OUT_OF_RANGE'],
    ['an old epoch', { currentLeaderEpoch: 4 }, 'FENCED_LEADER_EPOCH'],
    ['a future epoch', { currentLeaderEpoch: 6 }, 'UNKNOWN_LEADER_EPOCH'],
    ['an unknown partition', { partition: 3 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['an unknown last fetched epoch', { lastFetchedEpoch: 3 }, 'OFFSET_OUT_OF_RANGE'],
  ] as const)('%s is answered at once, with its code', async (_name, wish, code) => {
    const broker = await memoryBroker({ engine: new MemoryEngine(5) });
    await broker.createTopic('t');
    const answer = await broker.call(
      'Fetch',
      12,
      fetchOf({ name: 't' }, [wish], { maxWaitMs: 5000 }),
    );
    expect(answer.topics[0]!.partitions[0]).toMatchObject({
      errorCode: ErrorCode[code],
      highWatermark: -1,
      lastStableOffset: -1,
      logStartOffset: -1,
    });
    expect(answer.topics[0]!.partitions[0]!.records).toHaveLength(0);
  });

  test('the largest int64 on the wire is out of range, not a closed connection', async () => {
    const { broker } = await brokerWith([['a']]);
    const frame = requestFrame('Fetch', 4, fetchOf({ name: 't' }, [{ fetchOffset: 0x1122334455 }]));
    const at = frame.indexOf(Buffer.from('0000001122334455', 'hex'));
    frame.writeBigInt64BE(2n ** 63n - 1n, at);
    const parts = await broker.dispatcher.dispatch(frame, broker.connection);
    const answer = decodeResponse(APIS.Fetch, 4, joined(parts!).subarray(4)).body;
    expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
  });

  test('a fetcher whose log went another way is told where', async () => {
    const { broker, log } = await brokerWith([['a'], ['b']]);
    log.logEndOffset = 2;
    log.epochs.endOf = () => ({ leaderEpoch: 0, endOffset: 1 });
    const answer = await broker.call(
      'Fetch',
      12,
      fetchOf({ name: 't' }, [{ fetchOffset: 2, lastFetchedEpoch: 0 }], { maxWaitMs: 5000 }),
    );
    expect(answer.topics[0]!.partitions[0]).toMatchObject({
      errorCode: 0,
      divergingEpoch: { epoch: 0, endOffset: 1 },
    });
  });

  test('unknown topics: by name, and by an id that is none or was deleted', async () => {
    const { broker, topicId } = await brokerWith([['a']]);
    const byName = await broker.call('Fetch', 12, fetchOf({ name: '__proto__' }, [{}]));
    expect(byName.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    await broker.call('DeleteTopics', 6, {
      topics: [{ name: 't', topicId: 'A'.repeat(22) }],
      timeoutMs: 1,
    });
    await broker.createTopic('t');
    const byId = await broker.call('Fetch', 13, fetchOf({ id: topicId }, [{}]));
    expect(byId.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID);
  });

  test('an incremental fetch without a session gets FETCH_SESSION_ID_NOT_FOUND; a full one gets a session if it asks for one', async () => {
    const { broker } = await brokerWith([['a']]);
    const stray = await broker.call(
      'Fetch',
      7,
      fetchOf({ name: 't' }, [{}], { sessionId: 9, sessionEpoch: 3 }),
    );
    expect(stray).toMatchObject({ errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, topics: [] });
    for (const sessionEpoch of [0, -1]) {
      const full = await broker.call(
        'Fetch',
        7,
        fetchOf({ name: 't' }, [{}], { sessionId: 9, sessionEpoch }),
      );
      expect(full.errorCode).toBe(0);
      expect(full.sessionId === 0).toBe(sessionEpoch === -1);
      expect(full.topics[0]!.partitions).toHaveLength(1);
    }
  });

  test('no client reads as a follower, and an unknown isolation level is refused', async () => {
    const { broker } = await brokerWith([['a']]);
    const old = await broker.call('Fetch', 11, fetchOf({ name: 't' }, [{}], { replicaId: 2 }));
    expect(old.errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    const recent = await broker.call(
      'Fetch',
      17,
      fetchOf({ id: 'x'.repeat(22) }, [{}], { replicaState: { replicaId: 2, replicaEpoch: 1 } }),
    );
    expect(recent.errorCode).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    const isolation = await broker.call(
      'Fetch',
      11,
      fetchOf({ name: 't' }, [{}], { isolationLevel: 5 }),
    );
    expect(isolation.errorCode).toBe(ErrorCode.INVALID_REQUEST);
    const before = fetchOf({ name: 't' }, [{}], { isolationLevel: 5 });
    const { topics } = await broker.call('Fetch', 4, before);
    expect(topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.INVALID_REQUEST);
  });
});

describe('a fetch of what is not in memory', () => {
  /**
   * A topic of two partitions with a batch each; the first has to be warmed, which ends when the
   * test says so.
   */
  async function cold() {
    const broker = await memoryBroker();
    await broker.createTopic('t', 2);
    for (const partition of [0, 1]) {
      await broker.call('Produce', 9, produceOf('t', batchOf(['a']), { partition }));
    }
    const log = [...broker.engine.logs.values()].find(({ name }) => name.partition === 0)!;
    let warmed = (): void => {};
    let failed = (_: Error): void => {};
    log.warming = new Promise<void>((resolve, reject) => {
      warmed = resolve;
      failed = reject;
    });
    const connection = new TestConnection();
    const answer = broker.call(
      'Fetch',
      12,
      fetchOf({ name: 't' }, [{}, { partition: 1 }]),
      connection,
    );
    await turns();
    const partitions = async () => (await answer).topics[0]!.partitions;
    return { broker, log, connection, warmed, failed, partitions };
  }

  test('waits for that, holding no descriptor, and then reads everything', async () => {
    const { broker, log, warmed, partitions } = await cold();
    expect(log.reads).toBe(0);
    for (const { slices } of broker.engine.logs.values()) {
      for (const slice of slices) expect(slice.releases).toBe(1);
    }
    warmed();
    expect((await partitions()).map(({ records }) => records!.length > 0)).toEqual([true, true]);
  });

  test('says that the topic is gone when it was deleted meanwhile', async () => {
    const { broker, warmed, partitions } = await cold();
    await broker.call('DeleteTopics', 1, { topicNames: ['t'], timeoutMs: 1 });
    warmed();
    expect((await partitions()).map(({ errorCode }) => errorCode)).toEqual(
      Array(2).fill(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
    );
  });

  test('says why the disk could not be read', async () => {
    const { log, failed, partitions } = await cold();
    const error = new EngineError('STORAGE_OFFLINE', 'the disk failed');
    log.readError = error;
    failed(error);
    expect((await partitions()).map(({ errorCode }) => errorCode)).toEqual([
      ErrorCode.KAFKA_STORAGE_ERROR,
      ErrorCode.NONE,
    ]);
  });

  test('for a client that went away meanwhile is not read after all', async () => {
    const { log, connection, warmed, partitions } = await cold();
    connection.close();
    warmed();
    expect((await partitions()).map(({ records }) => records!.length > 0)).toEqual([false, true]);
    expect(log.reads).toBe(0);
  });
});

describe('long poll', () => {
  async function waiting(
    options: Parameters<typeof fetchOf>[2],
    partitions: Parameters<typeof fetchOf>[1] = [{}],
  ) {
    const broker = await memoryBroker();
    await broker.createTopic('t', 2);
    const state = { answered: false };
    const answer = broker
      .call('Fetch', 12, fetchOf({ name: 't' }, partitions, options))
      .finally(() => {
        state.answered = true;
      });
    await turns();
    return { broker, answer, state };
  }

  test('an empty partition is waited for, and the high watermark wakes, not the append', async () => {
    const { broker, answer, state } = await waiting({ maxWaitMs: 500 });
    const log = broker.engine.log('t');
    expect(state.answered).toBe(false);
    log.holding = true;
    const produced = broker.call('Produce', 9, produceOf('t', batchOf(['a'])));
    await turns();
    expect(log.logEndOffset).toBe(1);
    expect(state.answered).toBe(false);
    log.sync();
    await produced;
    const { records, highWatermark } = (await answer).topics[0]!.partitions[0]!;
    expect(records).toEqual(log.batches[0]);
    expect(highWatermark).toBe(1);
    expect(broker.delayed.size).toBe(0);
    expect(broker.connection.listenerCount).toBe(0);
  });

  test('the deadline answers with what there is: every partition, empty', async () => {
    const { broker, answer, state } = await waiting({ maxWaitMs: 500 }, [{}, { partition: 1 }]);
    broker.clock.advance(499);
    await turns();
    expect(state.answered).toBe(false);
    broker.clock.advance(1);
    const { partitions } = (await answer).topics[0]!;
    expect(partitions.map(({ partitionIndex }) => partitionIndex)).toEqual([0, 1]);
    expect(partitions.map(({ records }) => records!.length)).toEqual([0, 0]);
  });

  test('min_bytes is counted over all partitions, and what the first look found is let go while waiting', async () => {
    const batchBytes = batchOf(['a']).length;
    const { broker, answer, state } = await waiting({ maxWaitMs: 500, minBytes: 2 * batchBytes }, [
      {},
      { partition: 1 },
    ]);
    await broker.call('Produce', 9, produceOf('t', batchOf(['a'])));
    await turns();
    expect(state.answered).toBe(false);
    for (const slice of broker.engine.log('t').slices) expect(slice.releases).toBe(1);
    await broker.call('Produce', 9, produceOf('t', batchOf(['b']), { partition: 1 }));
    const { partitions } = (await answer).topics[0]!;
    expect(partitions.map(({ records }) => records!.length)).toEqual([batchBytes, batchBytes]);
    for (const log of broker.engine.logs.values()) {
      for (const slice of log.slices) expect(slice.releases).toBe(1);
    }
  });

  test('no descriptor is held while waiting', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    await broker.call('Produce', 9, produceOf('t', batchOf(['a'])));
    const options = { maxWaitMs: 500, minBytes: 1_000_000 };
    const answer = broker.call('Fetch', 12, fetchOf({ name: 't' }, [{}], options));
    await turns();
    expect(broker.engine.log('t').slices.map(({ releases }) => releases)).toContain(1);
    expect(broker.engine.log('t').slices.map(({ releases }) => releases)).not.toContain(0);
    broker.clock.advance(500);
    expect((await answer).topics[0]!.partitions[0]!.records!.length).toBeGreaterThan(0);
  });

  test('without a wait there is none', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    const answer = await broker.call(
      'Fetch',
      12,
      fetchOf({ name: 't' }, [{}], { minBytes: 1_000_000 }),
    );
    expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(0);
    const negative = await broker.call(
      'Fetch',
      12,
      fetchOf({ name: 't' }, [{}], { maxWaitMs: -1 }),
    );
    expect(negative.topics[0]!.partitions[0]!.errorCode).toBe(0);
    const nothing = await broker.call('Fetch', 12, { maxWaitMs: 9999, minBytes: 1, topics: [] });
    expect(nothing.topics).toEqual([]);
  });

  test('deleting the topic wakes, and the second look says that it is gone', async () => {
    const { broker, answer } = await waiting({ maxWaitMs: 60_000 });
    await broker.call('DeleteTopics', 1, { topicNames: ['t'], timeoutMs: 1000 });
    expect((await answer).topics[0]!.partitions[0]!.errorCode).toBe(
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    );
  });

  test('deleting records past the offset wakes with OFFSET_OUT_OF_RANGE', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    await broker.call('Produce', 9, produceOf('t', batchOf(['a'])));
    const log = broker.engine.log('t');
    const answer = broker.call(
      'Fetch',
      12,
      fetchOf({ name: 't' }, [{}], { maxWaitMs: 60_000, minBytes: 1_000_000 }),
    );
    await turns();
    await log.deleteBefore(1);
    expect((await answer).topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
  });

  test('a new leader epoch wakes who named the old one', async () => {
    const { broker, answer } = await waiting({ maxWaitMs: 60_000 }, [{ currentLeaderEpoch: 0 }]);
    const partition = broker.partitions.find(broker.metadata.image.topic('t')!, 0);
    partition.lead({ ...partition.leadership, leaderEpoch: 1 });
    expect((await answer).topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.FENCED_LEADER_EPOCH);
  });

  test('the end of the connection ends the wait', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    const connection = new TestConnection();
    const answer = broker.call(
      'Fetch',
      12,
      fetchOf({ name: 't' }, [{}], { maxWaitMs: 60_000 }),
      connection,
    );
    await turns();
    expect(broker.delayed.size).toBe(1);
    connection.close();
    expect(broker.delayed.size).toBe(0);
    expect((await answer).topics[0]!.partitions[0]!.errorCode).toBe(0);
    const late = await broker.call(
      'Fetch',
      12,
      fetchOf({ name: 't' }, [{}], { maxWaitMs: 60_000 }),
      connection,
    );
    expect(late.topics[0]!.partitions[0]!.errorCode).toBe(0);
    expect(broker.delayed.size).toBe(0);
  });

  test('a partition that moves makes no fetch read that waits for others', async () => {
    const { broker } = await waiting({ maxWaitMs: 500 });
    const reads = broker.engine.log('t').reads;
    await broker.call('Produce', 9, produceOf('t', batchOf(['b']), { partition: 1 }));
    expect(broker.engine.log('t').reads).toBe(reads);
    expect(broker.delayed.size).toBe(1);
  });
});
