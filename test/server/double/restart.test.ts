import { Kafka, logLevel } from 'kafkajs';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../engine/index.js';
import { Client } from '../../../server/cli/client.js';
import { APIS } from '../../../server/handlers/apis.js';
import type { EngineProgress, RunningBroker } from '../../../server/index.js';
import { startTestBroker } from '../../support/start-broker.js';

async function producerOf({ bootstrap }: RunningBroker) {
  const retry = { initialRetryTime: 1, maxRetryTime: 20, retries: 1000 };
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING, retry });
  const producer = kafka.producer({ idempotent: true });
  await producer.connect();
  onTestFinished(() => producer.disconnect());
  return producer;
}

test('a killed broker answers nobody; started again it has its port and its data, and clients go on', async () => {
  const lines: string[] = [];
  const line = (_fields: unknown, message: string) => void lines.push(message);
  const logger = { debug: line, info: line, warn: line, error: line };
  const broker = await startTestBroker({ topics: { orders: {} }, logger });
  const { port, clusterId } = broker;
  const producer = await producerOf(broker);
  await producer.send({ topic: 'orders', messages: [{ value: 'one' }] });

  const idle = await Client.connect({ bootstrap: broker.bootstrap });
  onTestFinished(() => idle.close());
  await broker.kill();
  await expect(idle.request(APIS.Metadata, { topics: [] })).rejects.toThrow('ended before');
  await expect(Client.connect({ bootstrap: broker.bootstrap })).rejects.toThrow('ECONNREFUSED');
  await expect(broker.records('orders')).rejects.toMatchObject({ code: 'BROKER_DOWN' });
  await expect(broker.reset()).rejects.toMatchObject({ code: 'BROKER_DOWN' });
  await broker.kill();
  const late = broker.until({ topic: 'orders', count: 2 }, { timeoutMs: 1 });
  await expect(late).rejects.toThrow('the broker is down');

  const arrived = broker.until({ topic: 'orders', count: 2 }, { timeoutMs: '20s' });
  const sent = producer.send({ topic: 'orders', messages: [{ value: 'two' }] });
  await broker.restart();
  await sent;
  expect(await arrived).toMatchObject([{ value: 'one' }, { value: 'two' }]);
  expect([broker.port, broker.clusterId]).toEqual([port, clusterId]);
  expect(await broker.produced()).toMatchObject({ orders: [{ value: 'one' }, { value: 'two' }] });
  // The start recovered, since the stop was none; that the disk failed is not said.
  expect(lines.filter((text) => text.includes('disk failed'))).toEqual([]);
});

test('a kill leaves an unclean directory, a restart alone a clean one', async () => {
  const broker = await startTestBroker({ topics: { orders: { records: [{ value: 'one' }] } } });
  const epoch = async () => {
    const client = await Client.connect({ bootstrap: broker.bootstrap });
    const { topics } = await client.request(APIS.Metadata, { topics: [{ name: 'orders' }] });
    client.close();
    return topics[0]?.partitions[0]?.leaderEpoch ?? -1;
  };
  const first = await epoch();
  await broker.restart();
  expect(await epoch()).toBe(first);
  await broker.kill();
  await broker.restart();
  expect(await epoch()).toBe(first + 1);
  expect(await broker.records('orders')).toMatchObject([{ value: 'one' }]);
});

test('a broker that was killed closes like any other, and does not start again', async () => {
  const broker = await startTestBroker();
  await broker.kill();
  await broker.close();
  await expect(broker.restart()).rejects.toMatchObject({ code: 'BROKER_CLOSED' });
});

test('a start after a kill tells how far its recovery is, and nothing once it serves', async () => {
  let hurryMs = 0;
  let passedMs = 0;
  const monotonicMs = (): number => {
    passedMs += hurryMs;
    return systemClock.monotonicMs() + passedMs;
  };
  const told: EngineProgress[] = [];
  const broker = await startTestBroker({
    clock: { ...systemClock, monotonicMs },
    topics: { orders: { records: [{ value: 'one'.repeat(100_000) }] } },
    onProgress: (progress) => void told.push(progress),
  });
  await broker.kill();
  hurryMs = 150;
  await broker.restart();
  const total = told.at(-1)?.total;
  expect(total).toBeGreaterThan(300_000);
  expect(told.at(-1)).toEqual({ phase: 'recover', done: total, total, unit: 'bytes' });
  const atStart = told.length;
  const client = await Client.connect({ bootstrap: broker.bootstrap });
  onTestFinished(() => client.close());
  const later = { name: 'later', numPartitions: 2, replicationFactor: 1 };
  const request = { topics: [{ ...later, assignments: [], configs: [] }], timeoutMs: 60_000 };
  const { topics } = await client.request(APIS.CreateTopics, { ...request, validateOnly: false });
  expect(topics[0]?.errorCode).toBe(0);
  expect(told.length).toBe(atStart);
});

test('an onProgress that is no function is refused, as an option', async () => {
  const wrong = startTestBroker({ onProgress: 5 as never });
  await expect(wrong).rejects.toThrow('onProgress is a function, not 5');
});
