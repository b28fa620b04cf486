import { readdirSync } from 'node:fs';
import { Kafka, logLevel } from 'kafkajs';
import { expect, onTestFinished, test } from 'vitest';
import { openEngine } from '../../../engine/index.js';
import { Client } from '../../../server/cli/client.js';
import { APIS } from '../../../server/handlers/apis.js';
import { startBroker } from '../../../server/index.js';
import { judgeAdoption, type PartitionOnDisk } from '../../../server/metadata/adopted-topics.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

async function writeLogs(path: string, ...names: string[]): Promise<void> {
  const engine = await openEngine(path);
  for (const name of names) {
    const log = await engine.log(name);
    await log.append([{ key: 'a', value: `${name} 0` }, { value: `${name} 1` }]);
  }
  await engine.close();
}

async function readLog(path: string, name: string): Promise<string[]> {
  const engine = await openEngine(path);
  const log = await engine.log(name);
  const found: string[] = [];
  for await (const { value } of log.records()) found.push(String(value));
  await engine.close();
  return found;
}

async function startOn(dataDir: string): ReturnType<typeof startBroker> {
  const broker = await startBroker({ dataDir });
  onTestFinished(() => broker.close());
  return broker;
}

const strays = (path: string): string[] =>
  readdirSync(path).filter((name) => name.endsWith('-stray'));

async function valuesOf(
  broker: Awaited<ReturnType<typeof startBroker>>,
  topic: string,
): Promise<string[]> {
  return (await broker.records(topic)).map(({ value }) => String(value));
}

test('logs of a program are topics of a broker that is started on its directory, and back', async () => {
  const path = temporaryFolder();
  await writeLogs(path, 'orders', 'logins');
  const broker = await startOn(path);
  expect(await valuesOf(broker, 'orders')).toEqual(['orders 0', 'orders 1']);
  expect(await valuesOf(broker, 'logins')).toEqual(['logins 0', 'logins 1']);
  expect(strays(path)).toEqual([]);
  await broker.close();
  expect(await readLog(path, 'orders')).toEqual(['orders 0', 'orders 1']);
  await writeLogs(path, 'orders', 'later');
  const again = await startOn(path);
  expect(await valuesOf(again, 'orders')).toHaveLength(4);
  expect(await valuesOf(again, 'later')).toEqual(['later 0', 'later 1']);
});

test('an adopted log keeps everything until somebody sets its retention', async () => {
  const path = temporaryFolder();
  await writeLogs(path, 'orders');
  const broker = await startOn(path);
  await broker.clock.advance('30d');
  expect(await valuesOf(broker, 'orders')).toHaveLength(2);
});

test('an adopted topic that was deleted stays deleted, and its name is free for the program', async () => {
  const path = temporaryFolder();
  await writeLogs(path, 'orders');
  const broker = await startOn(path);
  await deleteTopic(broker.bootstrap, 'orders');
  await broker.close();
  const again = await startOn(path);
  await expect(again.records('orders')).rejects.toThrow(/orders/);
  await again.close();
  await writeLogs(path, 'orders');
  expect(await readLog(path, 'orders')).toEqual(['orders 0', 'orders 1']);
});

test('a log that a program makes under the name of a deleted topic begins anew', async () => {
  const path = temporaryFolder();
  await writeLogs(path, 'orders');
  const engine = await openEngine(path);
  const log = await engine.log('orders');
  await (await log.cursor('worker')).commit(2);
  await engine.close();
  const broker = await startOn(path);
  await deleteTopic(broker.bootstrap, 'orders');
  await broker.close();
  await (await startOn(path)).close();
  await writeLogs(path, 'orders');
  const later = await openEngine(path);
  onTestFinished(() => later.close());
  const anew = await later.log('orders');
  expect(anew.topicId).not.toBe(log.topicId);
  expect((await anew.cursor('worker')).position).toBe(0);
});

test('what a client produces to an adopted topic is there for the program', async () => {
  const path = temporaryFolder();
  await writeLogs(path, 'orders');
  const broker = await startOn(path);
  await produce(broker.bootstrap, 'orders', 'from a client');
  await broker.close();
  expect(await readLog(path, 'orders')).toEqual(['orders 0', 'orders 1', 'from a client']);
});

test('a program that opened a name without records gets the topic that a broker made of it', async () => {
  const path = temporaryFolder();
  await writeLogs(path);
  const engine = await openEngine(path);
  await engine.log('orders');
  await engine.close();
  const broker = await startOn(path);
  await produce(broker.bootstrap, 'orders', 'from a client');
  await broker.close();
  expect(await readLog(path, 'orders')).toEqual(['from a client']);
});

test.each([0, 60_000])(
  'a log that its program deletes and makes anew is the topic, files going after %i ms',
  async (fileDeleteDelayMs) => {
    const path = temporaryFolder();
    await writeLogs(path, 'orders');
    const first = await startOn(path);
    const client = await Client.connect({ bootstrap: first.bootstrap });
    const { topics } = await client.request(APIS.OffsetCommit, {
      groupId: 'billing',
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [
        {
          name: 'orders',
          partitions: [{ partitionIndex: 0, committedOffset: 2, committedMetadata: null }],
        },
      ],
    });
    expect(topics).toMatchObject([{ partitions: [{ errorCode: 0 }] }]);
    client.close();
    await first.close();
    const engine = await openEngine(path);
    await (await engine.log('orders', { fileDeleteDelayMs })).delete();
    const anew = await engine.log('orders');
    await anew.append([{ value: 'new 0' }, { value: 'new 1' }, { value: 'new 2' }]);
    await engine.close();
    const broker = await startOn(path);
    expect(await valuesOf(broker, 'orders')).toEqual(['new 0', 'new 1', 'new 2']);
    expect(strays(path)).toEqual([]);
    const later = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING }).admin();
    await later.connect();
    onTestFinished(() => later.disconnect());
    // The offset was committed in a topic that is no more.
    expect(await later.fetchOffsets({ groupId: 'billing', topics: ['orders'] })).toMatchObject([
      { partitions: [{ offset: '-1' }] },
    ]);
    await broker.clock.advance('30d');
    await broker.close();
    expect(await readLog(path, 'orders')).toEqual(['new 0', 'new 1', 'new 2']);
  },
);

test('a log beside a topic of several partitions of its name stops the start, and changes nothing', async () => {
  const path = temporaryFolder();
  const first = await startBroker({
    dataDir: path,
    topics: { orders: { partitions: 2, records: [{ value: 'a', partition: 0 }] } },
  });
  await first.close();
  const engine = await openEngine(path);
  await (await engine.log('orders')).delete();
  await engine.close();
  await writeLogs(path, 'orders');
  await expect(startBroker({ dataDir: path })).rejects.toMatchObject({
    code: 'NAME_CONFLICT',
    message: expect.stringContaining('move the folder orders-0'),
  });
  expect(strays(path)).toEqual([]);
  expect(await readLog(path, 'orders')).toEqual(['orders 0', 'orders 1']);
});

test('what is not a program’s own log is not adopted', () => {
  const log = { name: 'orders', topicId: 'A' };
  const topic = (id: string, partitions: number) => ({
    id,
    replicas: Array.from({ length: partitions }, () => [1]),
    overrides: {},
  });
  const judge = (known: Record<string, unknown>, folders: PartitionOnDisk[] = []) =>
    judgeAdoption(log, new Map(Object.entries(known)), folders);
  expect(judge({})).toBe('adopt');
  expect(judge({ 'topics/other': topic('B', 4) }, [{ topic: 'other', partition: 3 }])).toBe(
    'adopt',
  );
  expect(judge({ 'topics/orders': topic('A', 1) })).toBe('known');
  expect(judge({ 'deleted-topics/A': {} })).toBe('deleted');
  expect(judge({}, [{ topic: 'orders', partition: 1 }])).toBe('several partitions');
  expect(judge({ 'topics/orders': topic('B', 1) })).toBe('renew');
  expect(judge({ 'topics/orders': topic('B', 2) })).toBe('conflict');
  expect(judge({ 'topics/orders': topic('B', 1) }, [{ topic: 'orders', partition: 1 }])).toBe(
    'conflict',
  );
  const offsets = { name: '__consumer_offsets', topicId: 'A' };
  expect(judgeAdoption(offsets, new Map(), [])).toBe('internal');
});

async function deleteTopic(bootstrap: string, topic: string): Promise<void> {
  const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
}

async function produce(bootstrap: string, topic: string, value: string): Promise<void> {
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic, messages: [{ value }] });
  await producer.disconnect();
}
