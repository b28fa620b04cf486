import { parseArgs } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { type RunningBroker, startBroker } from '../../../server/index.js';
import { median, quantile } from '../../lib/statistics.js';
import { RequestTimes } from './request-times.js';

/*
 * From `startBroker()` to a first record produced and consumed by kafkajs, in a group; in one
 * running process, a new broker each time. The broker's part is the time during which a request of
 * the client was at the broker, with nothing else of the client going on: what is left is the
 * client's own, above all its waits.
 */

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    trace: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const TOPIC = 'first';

for (const how of ['topic created by the producer', 'topic created by the admin'] as const) {
  // The first rounds compile codecs and load modules; the figure is that of a process already
  // running.
  for (let round = 0; round < 3; round++) await roundOf(how === 'topic created by the admin');
  const results = [];
  for (let round = 0; round < rounds; round++) {
    results.push(await roundOf(how === 'topic created by the admin'));
  }
  process.stdout.write(`${how}, ${rounds} rounds\n`);
  for (const step of Object.keys(results[0]!)) {
    const times = results.map((result) => result[step]!);
    const [low, middle, high] = [quantile(times, 0), median(times), quantile(times, 1)].map((ms) =>
      ms.toFixed(0),
    );
    process.stdout.write(`  ${step}: median ${middle} ms (${low} to ${high})\n`);
  }
}
process.exit();

async function roundOf(createsTopic: boolean): Promise<Record<string, number>> {
  const startMs = performance.now();
  const broker = await startBroker();
  const readyMs = performance.now();
  const requests = new RequestTimes();
  const kafka = clientOf(broker);
  let producedMs = 0;
  if (createsTopic) {
    const admin = kafka.admin();
    requests.watch(admin);
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: TOPIC }] });
    await admin.disconnect();
  }
  const producer = kafka.producer();
  requests.watch(producer);
  await producer.connect();
  await producer.send({ topic: TOPIC, messages: [{ value: 'first' }] });
  producedMs = performance.now();
  const consumer = kafka.consumer({ groupId: 'first' });
  requests.watch(consumer);
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  await new Promise<void>((resolve) => {
    void consumer.run({ eachMessage: async () => resolve() });
  });
  const endMs = performance.now();
  if (values.trace) requests.print(startMs);
  await Promise.all([producer.disconnect(), consumer.disconnect()]);
  await broker.close();
  return {
    total: endMs - startMs,
    'startBroker()': readyMs - startMs,
    'until produced': producedMs - readyMs,
    'until consumed': endMs - producedMs,
    'of it, requests at the broker': requests.totalMs(),
    'startBroker() and requests': readyMs - startMs + requests.totalMs(),
  };
}

function clientOf({ bootstrap }: RunningBroker): Kafka {
  return new Kafka({ clientId: 'bench', brokers: [bootstrap], logLevel: logLevel.NOTHING });
}
