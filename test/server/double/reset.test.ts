import { Kafka, logLevel } from 'kafkajs';
import { expect, onTestFinished, test } from 'vitest';
import { Client } from '../../../server/cli/client.js';
import { APIS } from '../../../server/handlers/apis.js';
import type { RunningBroker } from '../../../server/index.js';
import { startTestBroker } from '../../support/start-broker.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

function kafkaOf({ bootstrap }: RunningBroker): Kafka {
  const retry = { initialRetryTime: 1, maxRetryTime: 20, retries: 100 };
  return new Kafka({ brokers: [bootstrap], clientId: 'app', logLevel: logLevel.NOTHING, retry });
}

const SEED = { orders: { partitions: 2, records: [{ key: 'ann', value: 'seed', partition: 0 }] } };

test('topics, groups, settings, faults, requests and time are as at the start, on the same port', async () => {
  const broker = await startTestBroker({ topics: SEED });
  const { port } = broker;
  const kafka = kafkaOf(broker);
  const [admin, producer] = [kafka.admin(), kafka.producer()];
  await Promise.all([admin.connect(), producer.connect()]);
  onTestFinished(async () => void (await Promise.all([admin.disconnect(), producer.disconnect()])));
  const before = await broker.records('orders');
  await producer.send({ topic: 'orders', messages: [{ value: 'more' }] });
  await producer.send({ topic: 'audit', messages: [{ value: 'more' }] });
  const client = await Client.connect({ bootstrap: broker.bootstrap });
  onTestFinished(() => client.close());
  await client.request(APIS.FindCoordinator, { key: 'billing', coordinatorKeys: ['billing'] });
  const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }];
  const { topics } = await client.request(APIS.OffsetCommit, {
    groupId: 'billing',
    memberId: '',
    topics: [{ name: 'audit', partitions }],
  });
  expect(topics[0]?.partitions[0]?.errorCode).toBe(0);
  expect((await admin.listGroups()).groups).toMatchObject([{ groupId: 'billing' }]);
  await broker.clock.advance('1h');
  broker.faults.next('Metadata', 'UNKNOWN_TOPIC_OR_PARTITION', { times: 1000 });

  await broker.reset();
  expect(broker.requests()).toEqual([]);
  expect(broker.port).toBe(port);
  expect(Math.abs(broker.clock.wallMs() - Date.now())).toBeLessThan(60_000);
  expect(await admin.listTopics()).toEqual(['__consumer_offsets', 'orders']);
  expect(await admin.listGroups()).toEqual({ groups: [] });
  expect(await broker.produced()).toEqual({});
  const seeded = (records: typeof before) => records.map(({ timestamp: _, ...rest }) => rest);
  expect(seeded(await broker.records('orders'))).toEqual(seeded(before));
  // The producer that was connected all along goes on.
  await producer.send({ topic: 'orders', messages: [{ value: 'again', partition: 0 }] });
  expect((await broker.produced()).orders).toMatchObject([{ offset: 1, value: 'again' }]);
});

test('an idempotent producer and a consumer that stay connected go on after a reset', async () => {
  const broker = await startTestBroker({ topics: SEED });
  const kafka = kafkaOf(broker);
  const consumer = kafka.consumer({
    groupId: 'billing',
    maxWaitTimeInMs: 20,
    heartbeatInterval: 20,
    rebalanceTimeout: 1000,
  });
  const producer = kafka.producer({ idempotent: true });
  await Promise.all([consumer.connect(), producer.connect()]);
  onTestFinished(async () => {
    await Promise.all([consumer.disconnect(), producer.disconnect()]);
  });
  const seen: string[] = [];
  await consumer.subscribe({ topic: 'orders', fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => void seen.push(`${message.value}`) });
  await producer.send({ topic: 'orders', messages: [{ value: 'one', partition: 0 }] });
  await broker.until({ group: 'billing', topic: 'orders' });
  expect(seen).toEqual(['seed', 'one']);

  await broker.reset();
  await producer.send({ topic: 'orders', messages: [{ value: 'two', partition: 0 }] });
  await broker.until({ group: 'billing', members: 1, topic: 'orders' }, { timeoutMs: '20s' });
  expect(seen).toEqual(['seed', 'one', 'seed', 'two']);
});

test('a group is gone with a member that cannot come back', async () => {
  const broker = await startTestBroker({ topics: SEED });
  const consumer = kafkaOf(broker).consumer({ groupId: 'billing', heartbeatInterval: 20 });
  await consumer.connect();
  await consumer.subscribe({ topic: 'orders' });
  await consumer.run({ eachMessage: async () => {} });
  await broker.until({ group: 'billing', members: 1 });
  broker.faults.disconnect('Heartbeat', { times: Number.POSITIVE_INFINITY });
  broker.faults.disconnect('JoinGroup', { times: Number.POSITIVE_INFINITY });
  const stopped = consumer.disconnect();
  await broker.reset();
  await stopped;
  expect(await broker.until({ group: 'billing', members: 0 })).toMatchObject({ members: 0 });
});

test('resets that overlap do no harm, and one of a broker that is closed says so', async () => {
  const broker = await startTestBroker({ topics: SEED });
  await Promise.all([broker.reset(), broker.reset(), broker.reset()]);
  expect(await broker.records('orders')).toMatchObject([{ value: 'seed' }]);
  await broker.close();
  await expect(broker.reset()).rejects.toMatchObject({ code: 'BROKER_CLOSED' });
});

test('a directory of the program itself is not emptied', async () => {
  const broker = await startTestBroker({ dataDir: temporaryFolder(), topics: SEED });
  await expect(broker.reset()).rejects.toMatchObject({ code: 'RESET_REFUSED' });
  expect(await broker.records('orders')).toMatchObject([{ value: 'seed' }]);
});
