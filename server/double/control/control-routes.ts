import type { Duration } from '../../testing/duration.js';
import type { BrokerRecord } from '../broker-record.js';
import type { RecordsCondition } from '../conditions.js';
import { assertOptions } from '../options.js';
import type { RunningBroker } from '../running-broker.js';
import { ControlError } from './control-error.js';
import { ControlFaults } from './control-faults.js';

/** One request to the control port, read. */
export interface ControlCall {
  readonly query: URLSearchParams;
  /** Null without a body. */
  readonly body: unknown;
  /** Fires when the client is gone. */
  readonly signal: AbortSignal;
}

type Answerer = (call: ControlCall) => unknown;

/** What is answered, by path and method. */
export type ControlRoutes = ReadonlyMap<string, Readonly<Record<string, Answerer>>>;

type Fields = Readonly<Record<string, unknown>>;

/** What the control port of a broker serves; what an answerer returns is the answer's JSON. */
export function controlRoutes(broker: RunningBroker): ControlRoutes {
  const faults = new ControlFaults(broker.faults);
  const time = () => ({ wallMs: broker.clock.wallMs() });
  const done = async (change: Promise<void>) => {
    await change;
    return {};
  };
  return new Map<string, Record<string, Answerer>>([
    ['/', { GET: () => infoOf(broker) }],
    ['/clock', { GET: time }],
    [
      '/clock/advance',
      {
        POST: async ({ body }) => {
          const { by } = fieldsOf(body, ['by']);
          if (by === undefined) throw invalid('advance by what? {"by": "7d"}');
          await broker.clock.advance(by as Duration);
          return time();
        },
      },
    ],
    [
      '/faults',
      {
        GET: ({ query }) => {
          const id = numberOf(query, 'id');
          return id === undefined ? { faults: faults.all() } : faults.tell(id);
        },
        POST: ({ body }) => faults.order(fieldsOf(body)),
        DELETE: ({ query }) => {
          const id = numberOf(query, 'id');
          if (id === undefined) faults.clear();
          else faults.cancel(id);
          return {};
        },
      },
    ],
    [
      '/reset',
      {
        POST: () => {
          faults.clear();
          return done(broker.reset());
        },
      },
    ],
    ['/kill', { POST: () => done(broker.kill()) }],
    ['/restart', { POST: () => done(broker.restart()) }],
    ['/requests', { GET: ({ query }) => ({ requests: broker.requests(filterOf(query)) }) }],
    ['/records', { GET: async ({ query }) => ({ records: await recordsOf(broker, query) }) }],
    ['/produced', { GET: async () => ({ produced: await broker.produced() }) }],
    ['/until', { POST: ({ body, signal }) => until(broker, fieldsOf(body), signal) }],
  ]);
}

/** The line that says where a broker is, and what its control port answers at `/`. */
export function infoOf({ bootstrap, port, dataDir, clusterId }: RunningBroker) {
  return { bootstrap, port, dataDir, clusterId };
}

async function until(broker: RunningBroker, fields: Fields, signal: AbortSignal): Promise<unknown> {
  const { timeoutMs, ...condition } = fields;
  const waited = { signal, ...(timeoutMs !== undefined && { timeoutMs: timeoutMs as number }) };
  // Which condition it is shows in its fields, and what fits none is refused there.
  return { found: await broker.until(condition as unknown as RecordsCondition, waited) };
}

async function recordsOf(broker: RunningBroker, query: URLSearchParams): Promise<unknown[]> {
  assertOptions('records', Object.fromEntries(query), [
    'topic',
    'partition',
    'from',
    'limit',
    'encoding',
  ]);
  const topic = query.get('topic');
  if (topic === null) throw invalid('records of which topic? /records?topic=orders');
  const part = {
    partition: numberOf(query, 'partition'),
    from: numberOf(query, 'from'),
    limit: numberOf(query, 'limit'),
  };
  const encoding = query.get('encoding') ?? 'utf8';
  if (encoding === 'base64') {
    return (await broker.records(topic, { ...part, encoding: 'buffer' })).map(inBase64);
  }
  if (encoding === 'json') return broker.records(topic, { ...part, encoding });
  if (encoding === 'utf8') return broker.records(topic, { ...part, encoding });
  throw invalid('encoding is utf8, json or base64');
}

function inBase64({ key, value, headers, ...place }: BrokerRecord<Buffer, Buffer>): object {
  const text = (bytes: Buffer | null): string | null => bytes?.toString('base64') ?? null;
  return {
    ...place,
    key: text(key),
    value: text(value),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, content]) => [
        name,
        Buffer.isBuffer(content) || content === null ? text(content) : content.map(text),
      ]),
    ),
  };
}

function filterOf(query: URLSearchParams): object {
  return Object.fromEntries(query);
}

function fieldsOf(body: unknown, known?: readonly string[]): Fields {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid('the body is a JSON object');
  }
  if (known !== undefined) assertOptions('the body', body, known);
  return body as Fields;
}

function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^\d{1,16}$/.test(text)) throw invalid(`${name} is a whole number from 0 on`);
  return Number(text);
}

function invalid(message: string): ControlError {
  return new ControlError(400, 'INVALID_OPTION', message);
}
