import { Kafka, logLevel } from 'kafkajs';
import { expect, onTestFinished, test } from 'vitest';
import { startTestBroker } from '../support/start-broker.js';

function admin(bootstrap: string) {
  return new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin();
}

test('a week later, retention has deleted what was older when advance resolves', async () => {
  const broker = await startTestBroker();
  const kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  onTestFinished(() => producer.disconnect());
  const kept = kafka.admin();
  await kept.connect();
  onTestFinished(() => kept.disconnect());
  await kept.createTopics({
    topics: [
      { topic: 'week' },
      { topic: 'ever', configEntries: [{ name: 'retention.ms', value: '-1' }] },
    ],
  });
  for (const topic of ['week', 'ever']) {
    await producer.send({ topic, messages: [{ value: 'one' }, { value: 'two' }] });
  }
  const startMs = broker.clock.wallMs();
  await broker.clock.advance('6d');
  expect(await kept.fetchTopicOffsets('week')).toMatchObject([{ low: '0', high: '2' }]);
  await broker.clock.advance('25h');
  expect(await kept.fetchTopicOffsets('week')).toMatchObject([{ low: '2', high: '2' }]);
  expect(await kept.fetchTopicOffsets('ever')).toMatchObject([{ low: '0', high: '2' }]);
  expect(broker.clock.wallMs() - startMs).toBeGreaterThanOrEqual(7 * 86_400_000);
});

test('no connection is cut off by a jump', async () => {
  const broker = await startTestBroker();
  const before = admin(broker.bootstrap);
  let disconnects = 0;
  before.on('admin.disconnect', () => {
    disconnects += 1;
  });
  await before.connect();
  onTestFinished(() => before.disconnect());
  await broker.clock.advance('30d');
  expect(await before.listTopics()).toEqual([]);
  expect(disconnects).toBe(0);
});

test('brokers of one process have a time each', async () => {
  const [one, other] = await Promise.all([startTestBroker(), startTestBroker()]);
  await one.clock.advance('1d');
  expect(one.clock.wallMs() - other.clock.wallMs()).toBeGreaterThan(86_300_000);
});
