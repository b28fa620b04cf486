import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RunningBroker } from '../../../server/index.js';
import { startTestBroker } from '../../support/start-broker.js';

async function producerOf({ bootstrap }: RunningBroker) {
  const kafka = new Kafka({ brokers: [bootstrap], clientId: 'app', logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  onTestFinished(() => producer.disconnect());
  return producer;
}

const THREE = { orders: { partitions: 3 } };

describe('records', () => {
  test('gives what clients have stored, decoded, by partition and offset', async () => {
    const broker = await startTestBroker({ topics: THREE });
    const producer = await producerOf(broker);
    await producer.send({
      topic: 'orders',
      messages: [
        { partition: 2, key: 'ann', value: 'tea', timestamp: '1000', headers: { a: ['x', 'y'] } },
        { partition: 0, key: null, value: '{"n":1}', timestamp: '1001', headers: { b: 'z' } },
        { partition: 2, key: 'ann', value: null, timestamp: '1002' },
      ],
    });
    const topic = 'orders';
    const first = { topic, partition: 0, offset: 0, timestamp: 1001, key: null };
    const tea = {
      topic,
      partition: 2,
      offset: 0,
      timestamp: 1000,
      key: 'ann',
      value: 'tea',
      headers: { a: ['x', 'y'] },
    };
    const gone = { ...tea, offset: 1, timestamp: 1002, value: null, headers: {} };
    expect(await broker.records('orders')).toEqual([
      { ...first, value: '{"n":1}', headers: { b: 'z' } },
      tea,
      gone,
    ]);
    expect(await broker.records('orders', { partition: 2, from: 1 })).toEqual([gone]);
    expect(await broker.records('orders', { partition: 2, limit: 1 })).toEqual([tea]);
    expect(await broker.records('orders', { partition: 1 })).toEqual([]);
    expect(await broker.records('orders', { from: 9 })).toEqual([]);
    expect(
      await broker.records<{ n: number }>('orders', { partition: 0, encoding: 'json' }),
    ).toEqual([{ ...first, value: { n: 1 }, headers: { b: 'z' } }]);
    expect(await broker.records('orders', { partition: 0, encoding: 'buffer' })).toEqual([
      { ...first, value: Buffer.from('{"n":1}'), headers: { b: Buffer.from('z') } },
    ]);
  });

  test('refuses what it cannot give, with a code and what to do', async () => {
    const broker = await startTestBroker({
      topics: { orders: { records: [{ value: 'no json' }] } },
    });
    const failure = (query: () => Promise<unknown>) =>
      query().then(
        () => 'none',
        ({ code, message }) => `${code}: ${message}`,
      );
    expect(await failure(() => broker.records('order'))).toBe(
      'UNKNOWN_TOPIC: there is no topic "order": did you mean orders?',
    );
    expect(await failure(() => broker.records('orders', { partition: 1 }))).toBe(
      'INVALID_OPTION: topic orders has the partitions 0 to 0, not 1',
    );
    expect(await failure(() => broker.records('orders', { form: 1 } as never))).toBe(
      'INVALID_OPTION: records has no option "form": did you mean from?',
    );
    expect(await failure(() => broker.records('orders', { from: -1 }))).toMatch(/^INVALID_OPTION/);
    expect(await failure(() => broker.records('orders', { encoding: 'hex' as never }))).toMatch(
      /^INVALID_OPTION/,
    );
    expect(await failure(() => broker.records('orders', { encoding: 'json' }))).toMatch(
      /^INVALID_JSON: the value at offset 0 of orders-0 is no JSON/,
    );
    await broker.close();
    expect(await failure(() => broker.records('orders'))).toMatch(/^BROKER_CLOSED/);
  });
});

describe('produced', () => {
  test('gives what was appended since the start, by topic, and not what the broker began with', async () => {
    const broker = await startTestBroker({
      topics: { orders: { records: [{ value: 'seed' }] }, idle: {} },
    });
    expect(await broker.produced()).toEqual({});
    const producer = await producerOf(broker);
    await producer.send({ topic: 'orders', messages: [{ value: 'one' }, { value: 'two' }] });
    await producer.send({ topic: 'audit', messages: [{ value: 'three' }] });
    const { orders, audit, ...others } = await broker.produced();
    expect(orders?.map(({ offset, value }) => [offset, value])).toEqual([
      [1, 'one'],
      [2, 'two'],
    ]);
    expect(audit?.map(({ value }) => value)).toEqual(['three']);
    expect(others).toEqual({});
  });
});

describe('topics', () => {
  test('are there from the start, with settings and records where Java would put them', async () => {
    const at = new Date('2026-01-02T03:04:05Z');
    const broker = await startTestBroker({
      topics: {
        orders: {
          partitions: 3,
          config: { 'retention.ms': 1000, 'message.timestamp.type': 'CreateTime' },
          records: [
            { key: 'ann', value: 'keyed', headers: { trace: '1', tags: ['a', 'b'] } },
            { value: 'second' },
            { value: 'chosen', partition: 1, timestamp: at },
          ],
        },
      },
    });
    const records = await broker.records('orders');
    expect(records.map(({ partition, value }) => [partition, value])).toEqual([
      [1, 'second'],
      [1, 'chosen'],
      [2, 'keyed'],
    ]);
    expect(records[1]).toMatchObject({ key: null, timestamp: at.getTime() });
    expect(records[2]).toMatchObject({ key: 'ann', headers: { trace: '1', tags: ['a', 'b'] } });
    await broker.clock.advance('1h');
    expect(await broker.records('orders')).toEqual([]);
  });

  test('many records go into several batches', async () => {
    const records = Array.from({ length: 1200 }, (_, n) => ({ value: String(n), partition: 0 }));
    const broker = await startTestBroker({ topics: { orders: { records } } });
    const stored = await broker.records('orders');
    expect(stored.map(({ value }) => value)).toEqual(records.map(({ value }) => value));
  });

  test.each([
    ['an unknown option', { orders: { partition: 3 } }, /"partition": did you mean partitions\?/],
    [
      'a record that is an object',
      { orders: { records: [{ value: { a: 1 } }] } },
      /JSON\.stringify/,
    ],
    ['an unknown setting', { orders: { config: { 'retention.mss': 1 } } }, /retention\.mss/],
    ['a partition that there is not', { orders: { records: [{ partition: 4 }] } }, /partition 4/],
    ['a name that no topic has', { 'a b': {} }, /contains characters/],
    ['a timestamp that is none', { orders: { records: [{ timestamp: 'now' }] } }, /timestamp/],
  ])('%s is refused, and nothing is left', async (_what, topics, message) => {
    const started = startTestBroker({ topics: topics as never });
    await expect(started).rejects.toMatchObject({
      name: 'TestBrokerError',
      code: 'INVALID_OPTION',
      message: expect.stringMatching(message),
    });
  });
});
