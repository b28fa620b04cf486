import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../../engine/index.js';
import { waitUntil } from '../../../server/double/until.js';
import { type RunningBroker, startBroker } from '../../../server/index.js';
import { Changes } from '../../../server/testing/changes.js';
import { startTestBroker } from '../../support/start-broker.js';

function kafkaOf({ bootstrap }: RunningBroker, clientId = 'app'): Kafka {
  return new Kafka({ brokers: [bootstrap], clientId, logLevel: logLevel.NOTHING });
}

async function producerOf(broker: RunningBroker) {
  const producer = kafkaOf(broker).producer();
  await producer.connect();
  onTestFinished(() => producer.disconnect());
  return producer;
}

describe('until', () => {
  test('resolves with the records of a topic once there are enough, before it even exists', async () => {
    const broker = await startTestBroker();
    const waiting = broker.until({ topic: 'orders', count: 2 });
    const producer = await producerOf(broker);
    await producer.send({ topic: 'orders', messages: [{ value: 'one' }] });
    await producer.send({ topic: 'orders', messages: [{ value: 'two' }] });
    expect((await waiting).map(({ value }) => value)).toEqual(['one', 'two']);
  });

  test('resolves with requests, and with what a function finds', async () => {
    const broker = await startTestBroker();
    const initialised = broker.until({ api: 'InitProducerId', clientId: 'app' });
    const own = broker.until((each) => each.requests({ api: 'Produce' }).length === 1 && 'seen');
    const producer = kafkaOf(broker).producer({ idempotent: true });
    await producer.connect();
    await producer.send({ topic: 'orders', messages: [{ value: 'one' }] });
    expect(await initialised).toMatchObject([{ api: 'InitProducerId', outcome: 'waiting' }]);
    expect(await own).toBe('seen');
    await producer.disconnect();
  });

  test('resolves once a group is stable, and once it has committed what there is', async () => {
    const broker = await startTestBroker({
      topics: { orders: { records: [{ value: 'one' }, { value: 'two' }] } },
    });
    const consumer = kafkaOf(broker).consumer({ groupId: 'billing', maxWaitTimeInMs: 10 });
    await consumer.connect();
    await consumer.subscribe({ topic: 'orders', fromBeginning: true });
    await consumer.run({ eachMessage: async () => {} });
    expect(await broker.until({ group: 'billing', members: 1 })).toMatchObject({
      state: 'Stable',
      members: 1,
      lag: null,
    });
    expect(await broker.until({ group: 'billing', topic: 'orders' })).toMatchObject({ lag: 0 });
    await consumer.disconnect();
    expect(await broker.until({ group: 'billing', members: 0 })).toMatchObject({ members: 0 });
  });

  test('says what was seen instead when the time is over', async () => {
    const broker = await startTestBroker({ topics: { orders: {} } });
    const failure = (waiting: Promise<unknown>) =>
      waiting.then(
        () => 'none',
        ({ code, message }) => `${code}: ${message}`,
      );
    expect(await failure(broker.until({ topic: 'orders' }, { timeoutMs: 1 }))).toBe(
      'UNTIL_TIMEOUT: after 1 ms topic orders has 0 of 1 records; no client has sent a request',
    );
    const producer = await producerOf(broker);
    broker.faults.next('Produce', 'NOT_LEADER_OR_FOLLOWER');
    await producer.send({ topic: 'orders', messages: [{ value: 'one' }] });
    const late = await failure(broker.until({ topic: 'orders', count: 3 }, { timeoutMs: '1ms' }));
    expect(late).toContain('after 1 ms topic orders has 1 of 3 records; requests seen: ');
    expect(late).toContain('Produce 2 (NOT_LEADER_OR_FOLLOWER)');
    const group = await failure(broker.until({ group: 'g', members: 1 }, { timeoutMs: 1 }));
    expect(group).toContain('group g is absent with 0 members');
    const api = await failure(broker.until({ api: 'Fetch', topic: 'orders' }, { timeoutMs: 1 }));
    expect(api).toContain('there were 0 of 1 requests with api Fetch, topic orders');
  });

  test('ends with the signal, with the broker, and with what the function throws', async () => {
    const broker = await startTestBroker();
    const stop = new AbortController();
    const stopped = broker.until({ topic: 'orders' }, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(stopped).rejects.toThrow('enough');
    await expect(
      broker.until(() => {
        throw new Error('broken');
      }),
    ).rejects.toThrow('broken');
    const closed = broker.until({ topic: 'orders' });
    const expected = expect(closed).rejects.toMatchObject({ code: 'BROKER_CLOSED' });
    await broker.close();
    await expected;
    await expect(broker.until({ topic: 'orders' })).rejects.toMatchObject({
      code: 'BROKER_CLOSED',
    });
  });

  test.each([[{}], ['soon'], [null], [{ aborted: false }]])(
    'refuses the signal %j, as startBroker does',
    async (signal) => {
      const broker = await startTestBroker();
      const waiting = broker.until({ topic: 'orders' }, { signal: signal as never });
      await expect(waiting).rejects.toMatchObject({ code: 'INVALID_OPTION' });
      await expect(startBroker({ signal: signal as never })).rejects.toMatchObject({
        code: 'SETTINGS',
      });
    },
  );

  test('a condition that cannot say what is missing fails the wait, not the process', async () => {
    const clock = new ManualClock();
    const failed = waitUntil(
      { changes: new Changes(clock), clock, closed: new Promise(() => {}), seen: () => 'nothing' },
      {
        look: () => null,
        missing: () => {
          throw new Error('unspeakable');
        },
      },
      { timeoutMs: 10 },
    );
    const expected = expect(failed).rejects.toThrow('unspeakable');
    await clock.advance(10);
    await expected;
  });

  test('waits for months without a timer that fires all the time', async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error) => void warnings.push(name);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    const broker = await startTestBroker();
    const stop = new AbortController();
    const waiting = broker.until(() => false, { timeoutMs: '60d', signal: stop.signal });
    const expected = expect(waiting).rejects.toThrow('enough');
    await new Promise(setImmediate);
    stop.abort(new Error('enough'));
    await expected;
    expect(warnings).toEqual([]);
  });

  test.each([
    [{ topics: 'orders' }, /"topics": did you mean topic\?/],
    [{ topic: 'orders', count: -1 }, /count/],
    [{ group: 'g', lag: 1 }, /lag is of a topic/],
    [{ api: 'Prodce' }, /no API "Prodce": did you mean Produce\?/],
    [{ api: 'constructor' }, /no API/],
    [null, /takes an object/],
    [{ topic: { toString: 1 } }, /topic is text, not an object/],
    [{ topic: Symbol('orders') }, /topic is text, not Symbol\(orders\)/],
    [{ topic: 'orders', partition: { toString: 1 } }, /partition is a whole number/],
    [{ topic: 'orders', count: { toString: 1 } }, /count is a whole number/],
    [{ api: 'Produce', topic: { toString: 1 } }, /topic is text/],
    [{ api: 'Produce', clientId: 7 }, /clientId is text/],
    [{ api: { toString: 1 } }, /no API an object/],
    [{ group: { toString: 1 } }, /group is text/],
    [{ group: 'g', topic: { toString: 1 } }, /topic is text/],
    [{}, /topic is text, not undefined/],
  ])('refuses %j', async (condition, message) => {
    const broker = await startTestBroker();
    await expect(broker.until(condition as never)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(message),
    });
  });
});

describe('requests', () => {
  test('of an API that there is not are refused, instead of never found', async () => {
    const broker = await startTestBroker();
    expect(() => broker.requests({ api: 'Prodce' as 'Produce' })).toThrow('did you mean Produce?');
  });

  test('are kept in their order, with their topics, clients, groups and errors', async () => {
    const broker = await startTestBroker({ topics: { orders: {}, other: {} } });
    const producer = await producerOf(broker);
    broker.faults.next('Produce', 'REQUEST_TIMED_OUT');
    await producer.send({ topic: 'orders', messages: [{ value: 'one' }] });
    const [failed, stored] = broker.requests({ api: 'Produce', topic: 'orders' });
    expect(failed).toMatchObject({
      api: 'Produce',
      clientId: 'app',
      topics: ['orders'],
      group: null,
      outcome: 'answered',
      error: 'REQUEST_TIMED_OUT',
    });
    expect(stored).toMatchObject({ outcome: 'answered', error: null });
    expect(broker.requests({ topic: 'other', api: 'Produce' })).toEqual([]);
    expect(broker.requests({ clientId: 'nobody' })).toEqual([]);
    expect(broker.requests().at(0)).toMatchObject({ api: 'ApiVersions', outcome: 'answered' });

    const admin = kafkaOf(broker).admin();
    await admin.connect();
    await admin.fetchOffsets({ groupId: 'billing', topics: ['orders'] });
    await admin.disconnect();
    expect(broker.requests({ group: 'billing' }).map(({ api }) => api)).toContain('OffsetFetch');
    expect(() => broker.requests({ apis: 'Fetch' } as never)).toThrow('did you mean api?');
  });

  test('a lost answer is told from an answered request', async () => {
    const broker = await startTestBroker({ topics: { orders: {} } });
    const producer = await producerOf(broker);
    broker.faults.disconnect('Produce', { lose: 'answer' });
    await producer.send({ topic: 'orders', messages: [{ value: 'one' }] });
    expect(broker.requests({ api: 'Produce' }).map(({ outcome }) => outcome)).toEqual([
      'disconnected',
      'answered',
    ]);
  });
});
