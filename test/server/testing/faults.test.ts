import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import { ManualClock } from '../../../engine/manual-clock.js';
import { Client } from '../../../server/cli/client.js';
import { APIS } from '../../../server/handlers/apis.js';
import type { RunningBroker } from '../../../server/index.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { RequestFaults } from '../../../server/testing/faults.js';
import { startTestBroker } from '../../support/start-broker.js';

const TOPICS = ['a', 'b'];

/** A broker with topics `a` and `b` of two partitions each, and a client. */
async function testBroker(): Promise<{
  broker: RunningBroker;
  client: Client;
  ids: Map<string, string>;
}> {
  const broker = await startTestBroker({ config: { 'num.partitions': '2' } });
  const client = await connectTo(broker);
  const { topics } = await client.request(APIS.Metadata, {
    topics: TOPICS.map((name) => ({ name })),
  });
  return { broker, client, ids: new Map(topics.map(({ name, topicId }) => [name ?? '', topicId])) };
}

async function connectTo({ bootstrap }: RunningBroker): Promise<Client> {
  const client = await Client.connect({ bootstrap });
  onTestFinished(() => client.close());
  return client;
}

/** One record for each partition of each topic: error codes by `topic-partition`. */
async function produceToAll(client: Client): Promise<Record<string, number>> {
  const records = buildBatchSync([{ key: null, value: 'v', timestamp: 1 }]);
  const { topics } = await client.request(APIS.Produce, {
    acks: -1,
    timeoutMs: 1000,
    topics: TOPICS.map((name) => ({
      name,
      partitions: [0, 1].map((index) => ({ index, records })),
    })),
  });
  return codesOf(topics.map(({ name, partitions }) => ({ topic: name, partitions })));
}

function codesOf(
  topics: readonly {
    topic: string;
    partitions: readonly { index?: number; partitionIndex?: number; errorCode: number }[];
  }[],
): Record<string, number> {
  return Object.fromEntries(
    topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ index, partitionIndex, errorCode }) => [
        `${topic}-${index ?? partitionIndex}`,
        errorCode,
      ]),
    ),
  );
}

async function endOffsets(client: Client): Promise<Record<string, number>> {
  const { topics } = await client.request(APIS.ListOffsets, {
    replicaId: -1,
    topics: TOPICS.map((name) => ({
      name,
      partitions: [0, 1].map((partitionIndex) => ({ partitionIndex, timestamp: -1 })),
    })),
  });
  return Object.fromEntries(
    topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, offset }) => [`${name}-${partitionIndex}`, offset]),
    ),
  );
}

const NOT_LEADER = ErrorCode.NOT_LEADER_OR_FOLLOWER;

describe('next', () => {
  test('fails one request in the place of each partition, and nothing of it is done', async () => {
    const { broker, client } = await testBroker();
    const fault = broker.faults.next('Produce', 'NOT_LEADER_OR_FOLLOWER');
    expect(await produceToAll(client)).toEqual({
      'a-0': NOT_LEADER,
      'a-1': NOT_LEADER,
      'b-0': NOT_LEADER,
      'b-1': NOT_LEADER,
    });
    await fault.done;
    expect(fault.count).toBe(1);
    expect(await endOffsets(client)).toEqual({ 'a-0': 0, 'a-1': 0, 'b-0': 0, 'b-1': 0 });
    expect(await produceToAll(client)).toEqual({ 'a-0': 0, 'a-1': 0, 'b-0': 0, 'b-1': 0 });
  });

  test('with a topic or a partition fails that part only, as often as was said', async () => {
    const { broker, client } = await testBroker();
    broker.faults.next('Produce', 'NOT_LEADER_OR_FOLLOWER', { topic: 'a', partition: 1, times: 2 });
    const failed = { 'a-0': 0, 'a-1': NOT_LEADER, 'b-0': 0, 'b-1': 0 };
    expect(await produceToAll(client)).toEqual(failed);
    expect(await produceToAll(client)).toEqual(failed);
    expect(await produceToAll(client)).toEqual({ ...failed, 'a-1': 0 });
    expect(await endOffsets(client)).toEqual({ 'a-0': 3, 'a-1': 1, 'b-0': 3, 'b-1': 3 });
    broker.faults.next('Produce', 'KAFKA_STORAGE_ERROR', { partition: 0 });
    const storage = ErrorCode.KAFKA_STORAGE_ERROR;
    expect(await produceToAll(client)).toEqual({
      'a-0': storage,
      'a-1': 0,
      'b-0': storage,
      'b-1': 0,
    });
  });

  test('waits for a request that names its topic', async () => {
    const { broker, client } = await testBroker();
    const fault = broker.faults.next('Produce', 'NOT_LEADER_OR_FOLLOWER', { topic: 'c' });
    expect(Object.values(await produceToAll(client))).toEqual([0, 0, 0, 0]);
    expect(fault.count).toBe(0);
    fault.cancel();
    await fault.done;
  });

  test('answers a fetch by topic id at once, although the other partitions have nothing', async () => {
    const { broker, client, ids } = await testBroker();
    broker.faults.next('Fetch', 'NOT_LEADER_OR_FOLLOWER', { topic: 'a' });
    const { topics } = await client.request(APIS.Fetch, {
      maxWaitMs: 25_000,
      minBytes: 1,
      topics: TOPICS.map((topic) => ({
        topic,
        topicId: ids.get(topic)!,
        partitions: [0, 1].map((partition) => ({
          partition,
          fetchOffset: 0,
          partitionMaxBytes: 1000,
        })),
      })),
      forgottenTopicsData: [],
    });
    const byId = topics.map(({ topicId, partitions }) => ({
      topic: TOPICS.find((name) => ids.get(name) === topicId)!,
      partitions,
    }));
    expect(codesOf(byId)).toEqual({ 'a-0': NOT_LEADER, 'a-1': NOT_LEADER, 'b-0': 0, 'b-1': 0 });
  });

  test('ends the connection of a produce without an answer', async () => {
    const { broker, client } = await testBroker();
    broker.faults.next('Produce', 'NOT_LEADER_OR_FOLLOWER');
    const records = buildBatchSync([{ key: null, value: 'v', timestamp: 1 }]);
    await client.send(APIS.Produce, {
      acks: 0,
      timeoutMs: 0,
      topics: [{ name: 'a', partitions: [{ index: 0, records }] }],
    });
    await expect(client.request(APIS.Metadata, { topics: [] })).rejects.toThrow('ended before');
    expect(await endOffsets(await connectTo(broker))).toMatchObject({ 'a-0': 0 });
  });

  test('a batch that met a fault which clients retry comes before those that were sent behind it', async () => {
    const { broker, client } = await testBroker();
    const send = async (baseSequence: number): Promise<number> => {
      const producer = { producerId: 5, producerEpoch: 0, baseSequence };
      const records = buildBatchSync([{ key: null, value: 'v', timestamp: 1 }], producer);
      const { topics } = await client.request(APIS.Produce, {
        acks: -1,
        timeoutMs: 1000,
        topics: [{ name: 'a', partitions: [{ index: 0, records }] }],
      });
      return topics[0]!.partitions[0]!.errorCode;
    };
    broker.faults.next('Produce', 'NOT_LEADER_OR_FOLLOWER');
    expect(await send(0)).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    expect(await send(1)).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect([await send(0), await send(1)]).toEqual([0, 0]);
  });

  test('several faults of one API are met in their order; clear takes back the rest', async () => {
    const { broker, client } = await testBroker();
    broker.faults.next('Metadata', 'LEADER_NOT_AVAILABLE');
    broker.faults.next('Metadata', 'UNKNOWN_TOPIC_OR_PARTITION', {
      times: Number.POSITIVE_INFINITY,
    });
    const codes = [];
    for (let request = 0; request < 4; request++) {
      if (request === 3) broker.faults.clear();
      const { topics } = await client.request(APIS.Metadata, { topics: [{ name: 'a' }] });
      codes.push(topics[0]?.errorCode);
    }
    const missing = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    expect(codes).toEqual([ErrorCode.LEADER_NOT_AVAILABLE, missing, missing, 0]);
  });
});

describe('a list of errors', () => {
  test('is gone through by one request after another; null lets one pass', async () => {
    const { broker, client } = await testBroker();
    const fault = broker.faults.next(
      'Produce',
      ['NOT_LEADER_OR_FOLLOWER', null, 'REQUEST_TIMED_OUT'],
      { times: 2, topic: 'a', partition: 0 },
    );
    const codes = [];
    for (let request = 0; request < 7; request++) codes.push((await produceToAll(client))['a-0']);
    const timedOut = ErrorCode.REQUEST_TIMED_OUT;
    expect(codes).toEqual([NOT_LEADER, 0, timedOut, NOT_LEADER, 0, timedOut, 0]);
    await fault.done;
    expect(fault.count).toBe(6);
    expect(await endOffsets(client)).toMatchObject({ 'a-0': 3, 'b-0': 7 });
  });
});

describe('throttle', () => {
  test('is told in the answer, and the connection is not served for that time', async () => {
    const clock = new ManualClock();
    const broker = await startTestBroker({ clock });
    const client = await connectTo(broker);
    broker.faults.throttle('Metadata', '30s');
    expect((await client.request(APIS.Metadata, { topics: [] })).throttleTimeMs).toBe(30_000);
    let answered = false;
    const next = client.request(APIS.Metadata, { topics: [] }).finally(() => {
      answered = true;
    });
    const other = await connectTo(broker);
    expect((await other.request(APIS.Metadata, { topics: [] })).throttleTimeMs).toBe(0);
    expect(answered).toBe(false);
    await clock.advance(30_000);
    expect((await next).throttleTimeMs).toBe(0);
  });
});

describe('disconnect', () => {
  test('of a request ends the connection, and nothing is done', async () => {
    const { broker, client } = await testBroker();
    const fault = broker.faults.disconnect('Produce');
    await expect(produceToAll(client)).rejects.toThrow('ended before the answer came');
    expect(fault.count).toBe(1);
    expect(await endOffsets(await connectTo(broker))).toMatchObject({ 'a-0': 0, 'b-1': 0 });
  });

  test('of an answer ends the connection when all is done', async () => {
    const { broker, client } = await testBroker();
    broker.faults.disconnect('Produce', { lose: 'answer' });
    await expect(produceToAll(client)).rejects.toThrow('ended before the answer came');
    expect(await endOffsets(await connectTo(broker))).toMatchObject({ 'a-0': 1, 'b-1': 1 });
  });

  test('of any API meets whatever comes first, on every connection', async () => {
    const { broker, client } = await testBroker();
    broker.faults.disconnect('any', { times: 2 });
    await expect(endOffsets(client)).rejects.toThrow('ended before');
    await expect(Client.connect({ bootstrap: broker.bootstrap })).rejects.toThrow('ended before');
    expect(await endOffsets(await connectTo(broker))).toMatchObject({ 'a-0': 0 });
  });
});

describe('delay', () => {
  test('holds an answer back until the clock has moved on; other connections do not wait', async () => {
    const { broker, client } = await testBroker();
    const fault = broker.faults.delay('Produce', '1h');
    let answered = false;
    const produced = produceToAll(client).finally(() => {
      answered = true;
    });
    await fault.done;
    const other = await connectTo(broker);
    expect(await produceToAll(other)).toMatchObject({ 'a-0': 0 });
    expect(await endOffsets(other)).toMatchObject({ 'a-0': 2 });
    expect(answered).toBe(false);
    await broker.clock.advance('1h');
    expect(await produced).toMatchObject({ 'a-0': 0 });
  });

  test('keeps no broker from closing', async () => {
    const { broker, client } = await testBroker();
    const fault = broker.faults.delay('Produce', '1h');
    const produced = produceToAll(client);
    await fault.done;
    const closed = broker.close();
    expect(await produced).toMatchObject({ 'a-0': 0 });
    client.close();
    await closed;
  });
});

describe('a fault that cannot be', () => {
  const faults = new RequestFaults();

  test.each<[string, () => unknown]>([
    [
      'there is no API "Prduce": did you mean Produce?',
      () => faults.next('Prduce' as 'Produce', 'NOT_COORDINATOR'),
    ],
    [
      'there is no error "NOT_LEADER": did you mean',
      () => faults.next('Fetch', 'NOT_LEADER' as 'NOT_COORDINATOR'),
    ],
    ['Metadata has no topics and partitions', () => faults.disconnect('Metadata', { topic: 'a' })],
    ['any has no topics and partitions', () => faults.delay('any', 1, { partition: 0 })],
    ['times is a whole number', () => faults.disconnect('any', { times: 0 })],
    ['has at least one element', () => faults.next('Fetch', [])],
    ['there is no error "constructor"', () => faults.next('Fetch', 'constructor' as never)],
    ['there is no error "__proto__"', () => faults.next('Fetch', '__proto__' as never)],
    ['there is no error "NONE"', () => faults.next('Fetch', 'NONE')],
    ['there is no API an object', () => faults.disconnect({ toString: 1 } as never)],
    ['there is no error an object', () => faults.next('Fetch', { toString: 1 } as never)],
    ['Infinity, not Symbol(2)', () => faults.disconnect('any', { times: Symbol('2') as never })],
    ['there is no error null', () => faults.next('Fetch', null as never)],
    ['there is no error "OOPS"', () => faults.next('Fetch', [null, 'OOPS'] as never)],
    ['is no duration', () => faults.delay('any', 'soon' as '1s')],
  ])('says so: %s', (message, order) => {
    expect(order).toThrow(message);
  });
});

test('kafkajs retries what brokers and networks do to it, and loses nothing', async () => {
  const broker = await startTestBroker();
  const kafka = new Kafka({
    brokers: [broker.bootstrap],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 1, maxRetryTime: 5, retries: 10 },
  });
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  onTestFinished(() => producer.disconnect());
  const faults = [
    broker.faults.next('Produce', 'NOT_LEADER_OR_FOLLOWER', { times: 2 }),
    broker.faults.disconnect('Produce'),
    broker.faults.disconnect('Produce', { lose: 'answer' }),
    broker.faults.delay('Produce', '5ms'),
  ];
  await producer.send({ topic: 'a', messages: [{ value: 'one' }, { value: 'two' }] });
  await Promise.all(faults.map(({ done }) => done));
  const admin = kafka.admin();
  await admin.connect();
  onTestFinished(() => admin.disconnect());
  expect(await admin.fetchTopicOffsets('a')).toMatchObject([{ low: '0', high: '2' }]);
});
