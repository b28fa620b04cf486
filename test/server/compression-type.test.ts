import { CompressionTypes, Kafka, logLevel } from 'kafkajs';
import { expect, test } from 'vitest';
import { startTestBroker } from '../support/start-broker.js';

const CODECS = [
  { stored: 'gzip', sent: CompressionTypes.None },
  { stored: 'uncompressed', sent: CompressionTypes.GZIP },
];

test.each(CODECS)(
  'kafkajs reads in order what a topic stores as $stored',
  async ({ stored, sent }) => {
    const { bootstrap } = await startTestBroker();
    const kafka = new Kafka({ clientId: 'c', brokers: [bootstrap], logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    const configEntries = [{ name: 'compression.type', value: stored }];
    await admin.createTopics({ topics: [{ topic: 't', configEntries }] });
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const values = Array.from({ length: 200 }, (_, at) => `${at} ${'x'.repeat(at * 37)}`);
    for (let at = 0; at < values.length; at += 20) {
      const messages = values.slice(at, at + 20).map((value) => ({ key: 'k', value }));
      const [place] = await producer.send({ topic: 't', compression: sent, messages });
      expect(place?.baseOffset).toBe(String(at));
    }
    await producer.disconnect();
    const consumer = kafka.consumer({ groupId: 'g' });
    await consumer.connect();
    await consumer.subscribe({ topic: 't', fromBeginning: true });
    const read: string[] = [];
    await new Promise<void>((resolve) => {
      void consumer.run({
        eachMessage: async ({ message }) => {
          read.push(String(message.value));
          if (read.length === values.length) resolve();
        },
      });
    });
    await consumer.disconnect();
    await admin.disconnect();
    expect(read).toEqual(values);
  },
);
