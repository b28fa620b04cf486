import { parseArgs } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { buildBatch } from '../../../engine/index.js';
import { cleanUpAtExit, stopChild } from '../../lib/children.js';
import { quantile } from '../../lib/statistics.js';
import { startPinnedBroker } from './pinned-broker.js';
import { check, createTopic, RawClient } from './raw-client.js';

/*
 * How long after a record's acknowledgement a consumer that was idle has it. Producer and consumer
 * are in this process, the broker in another. The consumer's fetch waits at the broker when the
 * record is sent. Negative: the record came first.
 */

cleanUpAtExit();
const { values } = parseArgs({ options: { records: { type: 'string', default: '2000' } } });
const records = Number(values.records);
const WARM_UP = 200;
const PAUSE_MS = 2;

for (const flush of ['ack', 'os']) {
  const broker = await startPinnedBroker({ core: 0, settings: { 'odradek.flush': flush } });
  const admin = await RawClient.connect(broker.port);
  await createTopic(admin, 'raw', 1);
  await createTopic(admin, 'js', 1);
  await admin.call('FindCoordinator', 4, { keyType: 0, coordinatorKeys: ['any'] });
  report(`flush=${flush}, raw client`, await rawDelays(broker.port));
  report(`flush=${flush}, kafkajs`, await kafkajsDelays(broker.port));
  admin.close();
  await stopChild(broker.child);
}
process.exit();

function report(what: string, delays: readonly number[]): void {
  const counted = delays.slice(WARM_UP);
  const text = ([name, q]: readonly [string, number]): string =>
    `${name} ${quantile(counted, q).toFixed(2)} ms`;
  const shown = [
    ['p50', 0.5],
    ['p90', 0.9],
    ['p99', 0.99],
    ['largest', 1],
  ] as const;
  process.stdout.write(`${what}: ${shown.map(text).join(', ')}, of ${counted.length} records\n`);
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

async function rawDelays(port: number): Promise<number[]> {
  const [producer, consumer] = await Promise.all([
    RawClient.connect(port),
    RawClient.connect(port),
  ]);
  const batch = await buildBatch([{ key: null, value: Buffer.alloc(100), timestamp: Date.now() }]);
  const produce = {
    acks: -1,
    timeoutMs: 30_000,
    topics: [{ name: 'raw', partitions: [{ index: 0, records: batch }] }],
  };
  const delays: number[] = [];
  for (let offset = 0; offset < WARM_UP + records; offset++) {
    const fetched = consumer
      .call('Fetch', 11, {
        maxWaitMs: 30_000,
        minBytes: 1,
        topics: [
          {
            topic: 'raw',
            partitions: [{ partition: 0, fetchOffset: offset, partitionMaxBytes: 65_536 }],
          },
        ],
        forgottenTopicsData: [],
      })
      .then(({ topics }) => {
        const passedMs = performance.now();
        const [answer] = topics[0]!.partitions;
        check('Fetch', answer!.errorCode);
        if (answer!.records === null) throw new Error('the fetch came back empty');
        return passedMs;
      });
    await pause();
    const { topics } = await producer.call('Produce', 9, produce);
    const ackedMs = performance.now();
    check('Produce', topics[0]!.partitions[0]!.errorCode);
    delays.push((await fetched) - ackedMs);
  }
  producer.close();
  consumer.close();
  return delays;
}

async function kafkajsDelays(port: number): Promise<number[]> {
  const kafka = new Kafka({
    clientId: 'bench',
    brokers: [`127.0.0.1:${port}`],
    logLevel: logLevel.NOTHING,
  });
  const producer = kafka.producer();
  const consumer = kafka.consumer({ groupId: 'wake-up' });
  await producer.connect();
  await consumer.connect();
  await consumer.subscribe({ topic: 'js', fromBeginning: true });
  let onRecord = (): void => {};
  let onFetch = (): void => {};
  consumer.on(consumer.events.FETCH_START, () => onFetch());
  await consumer.run({ eachMessage: async () => onRecord() });
  const delays: number[] = [];
  const waits = (): Promise<void> =>
    new Promise((resolve) => {
      onFetch = resolve;
    });
  await producer.send({ topic: 'js', messages: [{ value: 'first' }] });
  await new Promise<void>((resolve) => {
    onRecord = resolve;
  });
  let idle = waits();
  for (let at = 0; at < WARM_UP + records; at++) {
    await idle;
    await pause();
    idle = waits();
    const consumed = new Promise<number>((resolve) => {
      onRecord = () => resolve(performance.now());
    });
    await producer.send({ topic: 'js', messages: [{ value: Buffer.alloc(100) }] });
    const ackedMs = performance.now();
    delays.push((await consumed) - ackedMs);
  }
  await producer.disconnect();
  await consumer.disconnect();
  return delays;
}
