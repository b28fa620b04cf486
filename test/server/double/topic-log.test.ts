import { Kafka, logLevel } from 'kafkajs';
import { expect, onTestFinished, test } from 'vitest';
import { startTestBroker } from '../../support/start-broker.js';

async function started(options = {}) {
  const broker = await startTestBroker({ topics: { orders: { partitions: 2 } }, ...options });
  const kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
  return { broker, kafka };
}

test('what clients produce is read in process, and what is appended there clients read', async () => {
  const { broker, kafka } = await started();
  const log = broker.log('orders', 1, { valueEncoding: 'utf8' });
  const producer = kafka.producer();
  await producer.connect();
  onTestFinished(() => producer.disconnect());
  const followed: (string | null)[] = [];
  const following = (async () => {
    for await (const { value } of log.follow()) if (followed.push(value) === 3) break;
  })();
  await producer.send({
    topic: 'orders',
    messages: [
      { partition: 1, value: 'a' },
      { partition: 0, value: 'elsewhere' },
      { partition: 1, value: 'b' },
    ],
  });
  await log.append({ key: 'k', value: 'c' });
  await following;
  expect(followed).toEqual(['a', 'b', 'c']);
  expect((await log.last())?.value).toBe('c');
  const records = await broker.records('orders', { partition: 1 });
  expect(records.map(({ value }) => value)).toEqual(['a', 'b', 'c']);
});

test('an append wakes a fetch that waits', async () => {
  const { broker, kafka } = await started({ config: { 'odradek.fetch.max.wait.ms': '30000' } });
  const consumer = kafka.consumer({ groupId: 'g', maxWaitTimeInMs: 30_000 });
  await consumer.connect();
  onTestFinished(() => consumer.disconnect());
  await consumer.subscribe({ topic: 'orders', fromBeginning: true });
  const got = new Promise<string>((resolve) => {
    void consumer.run({
      eachMessage: async ({ message }) => resolve(String(message.value)),
    });
  });
  await broker.until({ api: 'Fetch' });
  await broker.log('orders').append({ value: 'at once' });
  expect(await got).toBe('at once');
});

test('expected offsets and cursors are those of the embedded log', async () => {
  const { broker } = await started();
  const log = broker.log('orders');
  await log.append({ value: 'a' }, { expectedOffset: 0 });
  await expect(log.append({ value: 'b' }, { expectedOffset: 0 })).rejects.toMatchObject({
    code: 'OFFSET_MISMATCH',
    offset: 1,
  });
  const cursor = await log.cursor('worker');
  await cursor.commit(1);
  expect((await broker.log('orders').cursor('worker')).position).toBe(1);
  expect(await log.deleteBefore(1)).toBe(1);
});

test('names and partitions that there are not are told, and what is not a program’s to change', async () => {
  const { broker } = await started();
  expect(() => broker.log('order')).toThrow('did you mean orders?');
  expect(() => broker.log('orders', 2)).toThrow('partitions 0 to 1');
  for (const bad of [-1, 1.5, '0', null])
    expect(() => broker.log('orders', bad as never)).toThrow();
  expect(() => broker.log('orders', 0, { retentionMs: 1 } as never)).toThrow('retentionMs');
  const log = broker.log('orders');
  await log.append({ value: 'a' });
  for (const change of [
    () => log.truncate(0),
    () => log.delete(),
    () => log.partition.beginAt(9),
  ]) {
    await expect(change()).rejects.toMatchObject({ code: 'READ_ONLY' });
  }
  expect((await log.last())?.offset).toBe(0);
});

test('too few replicas in sync refuse its appends, as they refuse a producer’s', async () => {
  const { broker } = await started({ config: { 'min.insync.replicas': '2' } });
  await expect(broker.log('orders').append({ value: 'a' })).rejects.toMatchObject({
    code: 'APPEND_REFUSED',
    message: expect.stringContaining('NOT_ENOUGH_REPLICAS'),
  });
});

test('it ends with its topic, its broker and its own close', async () => {
  const { broker, kafka } = await started();
  const log = broker.log('orders');
  await log.append({ value: 'a' });
  const ended = [log, broker.log('orders')].map(async (each) => {
    let count = 0;
    for await (const _ of each.follow()) count++;
    return count;
  });
  await log.close();
  expect(await ended[0]).toBe(1);
  await expect(log.append({ value: 'b' })).rejects.toMatchObject({ code: 'LOG_CLOSED' });
  const admin = kafka.admin();
  await admin.connect();
  await admin.deleteTopics({ topics: ['orders'] });
  await admin.disconnect();
  expect(await ended[1]).toBe(1);
  expect(() => broker.log('orders')).toThrow('there is no topic');
  await broker.kill();
  expect(() => broker.log('orders')).toThrow('was killed');
});
