import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openEngine } from '../../../engine/index.js';
import { startBroker } from '../../../server/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe.each(['in memory', 'on disk'])('an engine %s', (where) => {
  async function served() {
    const engine = await openEngine(where === 'in memory' ? ':memory:' : temporaryFolder());
    onTestFinished(() => engine.close());
    const log = await engine.log('orders', { valueEncoding: 'utf8' });
    await log.append({ value: 'before' });
    const broker = await startBroker({ engine });
    onTestFinished(() => broker.close());
    const kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
    return { engine, log, broker, kafka };
  }

  test('is served: what either door appends, the other reads at once', async () => {
    const { log, broker, kafka } = await served();
    const seen: (string | null)[] = [];
    const following = (async () => {
      for await (const { value } of log.follow()) if (seen.push(value) === 3) break;
    })();
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic: 'orders', messages: [{ value: 'by a client' }] });
    await producer.disconnect();
    await log.append({ value: 'by the program' });
    await following;
    expect(seen).toEqual(['before', 'by a client', 'by the program']);
    const consumer = kafka.consumer({ groupId: 'g', maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic: 'orders', fromBeginning: true });
    const got: string[] = [];
    await new Promise<void>((resolve) => {
      void consumer.run({
        eachMessage: async ({ message }) => {
          if (got.push(String(message.value)) === 3) resolve();
        },
      });
    });
    await consumer.disconnect();
    expect(got).toEqual(seen);
    await broker.close();
    // The engine is the program's, and goes on.
    await log.append({ value: 'after' });
    expect((await log.last())?.value).toBe('after');
  });

  test('has one broker at a time, and a later one serves what came meanwhile', async () => {
    const { engine, log, broker } = await served();
    await expect(startBroker({ engine })).rejects.toMatchObject({ code: 'DIRECTORY_LOCKED' });
    await expect(log.delete()).rejects.toMatchObject({ code: 'DIRECTORY_LOCKED' });
    for (const end of [broker.kill(), broker.restart(), broker.reset()]) {
      await expect(end).rejects.toMatchObject({ code: 'RESET_REFUSED' });
    }
    await broker.close();
    await (await engine.log('later')).append({ value: 'x' });
    const second = await startBroker({ engine });
    expect((await second.records('later')).map(({ value }) => value)).toEqual(['x']);
    expect((await second.records('orders')).map(({ value }) => value)).toEqual(['before']);
    await second.close();
    await log.delete();
  });

  test('that is closed before its broker ends the service, and the broker closes', async () => {
    const { engine, broker } = await served();
    await engine.close();
    await broker.close();
    await expect(startBroker({ engine })).rejects.toMatchObject({ code: 'LOG_CLOSED' });
  });
});

test('what is no engine, or comes with a folder, is refused', async () => {
  const engine = await openEngine(':memory:');
  onTestFinished(() => engine.close());
  for (const options of [{ engine: {} }, { engine: 'x' }, { engine, dataDir: '/tmp/x' }]) {
    await expect(startBroker(options as never)).rejects.toMatchObject({ name: 'SettingsError' });
  }
});
