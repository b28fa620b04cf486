// kafkajs; arguments as README.md says.
import { Kafka, logLevel } from 'kafkajs';

const [bootstrap, topic, offset, untilKey] = process.argv.slice(2);
const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.ERROR });
const consumer = kafka.consumer({ groupId: `reader-${process.pid}`, maxWaitTimeInMs: 100 });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  eachMessage: async ({ message }) => {
    // What came before the seek took effect.
    if (Number(message.offset) < Number(offset)) return;
    process.stdout.write(`${message.offset}:${message.key}\n`);
    if (String(message.key) === untilKey) process.stdout.end(() => process.exit(0));
  },
});
consumer.seek({ topic, partition: 0, offset });
