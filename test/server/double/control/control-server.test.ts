import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openControl } from '../../../../server/double/control/control-server.js';
import type { RunningBroker } from '../../../../server/index.js';
import { SERVER_LIMITS } from '../../../../server/limits.js';
import { startTestBroker } from '../../../support/start-broker.js';

interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly raw?: string;
  readonly headers?: Record<string, string>;
}

/** A broker with one record, and a function that asks its control port. */
async function controlled() {
  const broker = await startTestBroker({
    topics: { orders: { records: [{ key: 'ann', value: 'tea', headers: { a: 'b' } }] } },
  });
  const control = await openControl(broker, 0);
  onTestFinished(() => control.close());
  const ask = async (path: string, { method = 'GET', body, raw, headers }: Call = {}) => {
    const sent = httpRequest(control.url + path, { method, headers });
    const text = raw ?? (body === undefined ? '' : JSON.stringify(body));
    sent.end(text);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    let received = '';
    for await (const chunk of answer.setEncoding('utf8')) received += chunk;
    return { status: answer.statusCode, ...JSON.parse(received) };
  };
  const post = (path: string, body?: unknown) => ask(path, { method: 'POST', body });
  return { broker, control, ask, post };
}

async function send({ bootstrap }: RunningBroker, value: string): Promise<void> {
  const retry = { initialRetryTime: 1 };
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING, retry });
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic: 'orders', messages: [{ value }] });
  await producer.disconnect();
}

describe('the control port', () => {
  test('moves the clock, orders faults and resets', async () => {
    const { broker, ask, post } = await controlled();
    const before = broker.clock.wallMs();
    expect((await post('/clock/advance', { by: '7d' })).wallMs).toBeGreaterThanOrEqual(
      before + 7 * 86_400_000,
    );
    const errors = ['NOT_LEADER_OR_FOLLOWER', null, 'REQUEST_TIMED_OUT'];
    expect(await post('/faults', { api: 'Produce', errors })).toEqual({
      status: 200,
      id: 1,
      count: 0,
      done: false,
    });
    await send(broker, 'one');
    expect(await ask('/faults?id=1')).toMatchObject({ id: 1, count: 2, done: false });
    expect(await ask('/faults')).toMatchObject({ faults: [{ id: 1, count: 2 }] });
    await ask('/faults?id=1', { method: 'DELETE' });
    for (const fault of [
      { api: 'Fetch', disconnect: 'answer', times: 'all' },
      { api: 'any', delay: '1ms', times: 2 },
      { api: 'Produce', throttle: 1, topic: 'orders', partition: 0 },
      { api: 'Metadata', error: 'LEADER_NOT_AVAILABLE' },
    ]) {
      expect(await post('/faults', fault)).toMatchObject({ status: 200, count: 0 });
    }
    expect(await ask('/faults', { method: 'DELETE' })).toEqual({ status: 200 });
    expect(await ask('/faults')).toEqual({ status: 200, faults: [] });
    expect(await post('/reset')).toEqual({ status: 200 });
    expect(await ask('/produced')).toEqual({ status: 200, produced: {} });
    expect((await ask('/clock')).wallMs).toBeLessThan(before + 86_400_000);
  });

  test('tells what was asked for and what was stored', async () => {
    const { broker, ask, post } = await controlled();
    const waiting = post('/until', { topic: 'orders', count: 2, timeoutMs: '20s' });
    await send(broker, 'coffee');
    expect((await waiting).found).toMatchObject([{ value: 'tea' }, { value: 'coffee' }]);
    expect(await ask('/records?topic=orders&from=1')).toMatchObject({
      records: [{ offset: 1, value: 'coffee' }],
    });
    expect(await ask('/records?topic=orders&limit=1&encoding=base64')).toMatchObject({
      records: [{ key: 'YW5u', value: 'dGVh', headers: { a: 'Yg==' } }],
    });
    expect(await ask('/produced')).toMatchObject({ produced: { orders: [{ value: 'coffee' }] } });
    const { requests } = await ask('/requests?api=Produce&topic=orders');
    expect(requests).toMatchObject([{ api: 'Produce', outcome: 'answered', error: null }]);
    expect(await ask('/')).toMatchObject({ bootstrap: broker.bootstrap });
  });

  test('kills the broker and starts it again', async () => {
    const { ask, post } = await controlled();
    await post('/kill');
    expect(await ask('/records?topic=orders')).toMatchObject({
      status: 409,
      error: { code: 'BROKER_DOWN' },
    });
    await post('/restart');
    expect(await ask('/records?topic=orders')).toMatchObject({ records: [{ value: 'tea' }] });
  });

  test.each<[string, string, Call, number, string]>([
    ['a path that there is not', '/clocks', {}, 404, 'NOT_FOUND'],
    ['a method that a path has not', '/reset', {}, 405, 'METHOD_NOT_ALLOWED'],
    ['a method that objects have', '/reset', { method: 'TRACE' }, 405, 'METHOD_NOT_ALLOWED'],
    ['a body that is no JSON', '/faults', { method: 'POST', raw: '{' }, 400, 'INVALID_BODY'],
    ['a body that is no object', '/faults', { method: 'POST', body: [] }, 400, 'INVALID_OPTION'],
    ['no body', '/clock/advance', { method: 'POST' }, 400, 'INVALID_OPTION'],
    ['no time', '/clock/advance', { method: 'POST', body: {} }, 400, 'INVALID_OPTION'],
    [
      'a time that is none',
      '/clock/advance',
      { method: 'POST', body: { by: {} } },
      400,
      'INVALID_OPTION',
    ],
    [
      'a fault without a kind',
      '/faults',
      { method: 'POST', body: { api: 'Fetch' } },
      400,
      'INVALID_OPTION',
    ],
    [
      'a fault of two kinds',
      '/faults',
      { method: 'POST', body: { api: 'Fetch', delay: 1, throttle: 1 } },
      400,
      'INVALID_OPTION',
    ],
    [
      'an API that there is not',
      '/faults',
      { method: 'POST', body: { api: 'Fetsch', delay: 1 } },
      400,
      'INVALID_OPTION',
    ],
    [
      'an error that there is not',
      '/faults',
      { method: 'POST', body: { api: 'Fetch', error: 'OOPS' } },
      400,
      'INVALID_OPTION',
    ],
    ['a fault that there is not', '/faults?id=7', {}, 404, 'NOT_FOUND'],
    ['a topic that there is not', '/records?topic=order', {}, 404, 'UNKNOWN_TOPIC'],
    ['no topic', '/records', {}, 400, 'INVALID_OPTION'],
    ['an offset that is none', '/records?topic=orders&from=x', {}, 400, 'INVALID_OPTION'],
    ['a filter that there is not', '/requests?apis=Fetch', {}, 400, 'INVALID_OPTION'],
    ['values that are no JSON', '/records?topic=orders&encoding=json', {}, 422, 'INVALID_JSON'],
    [
      'a wait that is over',
      '/until',
      { method: 'POST', body: { topic: 'orders', count: 9, timeoutMs: 1 } },
      408,
      'UNTIL_TIMEOUT',
    ],
    [
      'a topic that is no text',
      '/until',
      { method: 'POST', body: { topic: { toString: 1 }, timeoutMs: 1 } },
      400,
      'INVALID_OPTION',
    ],
    [
      'a body that is too large',
      '/until',
      { method: 'POST', raw: ' '.repeat(SERVER_LIMITS.controlBodyBytesMax + 1) },
      413,
      'BODY_TOO_LARGE',
    ],
    [
      'a page in a browser',
      '/reset',
      { method: 'POST', headers: { Origin: 'http://evil.example' } },
      403,
      'FOREIGN_ORIGIN',
    ],
    [
      'a page of another port',
      '/',
      { headers: { Origin: 'http://localhost:3000' } },
      403,
      'FOREIGN_ORIGIN',
    ],
    ['a name that leads here', '/', { headers: { Host: 'evil.example' } }, 403, 'FOREIGN_ORIGIN'],
    [
      'a name that begins like ours',
      '/',
      { headers: { Host: '127.0.0.1.evil.example:80' } },
      403,
      'FOREIGN_ORIGIN',
    ],
    [
      'an image of a page',
      '/',
      { headers: { 'Sec-Fetch-Site': 'cross-site' } },
      403,
      'FOREIGN_ORIGIN',
    ],
  ])('%s is refused with a code', async (_what, path, call, status, code) => {
    const { ask } = await controlled();
    expect(await ask(path, call)).toEqual({ status, error: { code, message: expect.any(String) } });
  });

  test('its own pages, localhost and [::1] are no strangers', async () => {
    const { ask, control } = await controlled();
    const { host, port } = new URL(control.url);
    for (const headers of [
      { Host: `localhost:${port}` },
      { Host: `[::1]:${port}` },
      { Host: host, Origin: control.url, 'Sec-Fetch-Site': 'same-origin' },
    ]) {
      expect((await ask('/', { headers })).status).toBe(200);
    }
  });
});
