import { describe, expect, test } from 'vitest';
import {
  formatEndpoint,
  type ListenerTexts,
  parseListeners,
} from '../../../server/settings/listeners.js';

const STOCK_MAP = 'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT';

function parse(listeners: string, rest: Partial<ListenerTexts> = {}) {
  return parseListeners({
    listeners,
    advertisedListeners: null,
    protocolMap: STOCK_MAP,
    controllerListenerNames: null,
    ...rest,
  });
}

describe('parseListeners', () => {
  test('a listener with a host advertises that host and its port', () => {
    expect(parse('PLAINTEXT://localhost:9092')).toEqual({
      listeners: [
        {
          name: 'PLAINTEXT',
          host: 'localhost',
          port: 9092,
          advertised: { kind: 'fixed', host: 'localhost', port: 9092 },
        },
      ],
      problems: [],
      warnings: [],
    });
  });

  test.each(['PLAINTEXT://:9092', 'PLAINTEXT://0.0.0.0:9092', 'PLAINTEXT://[::]:9092'])(
    '%s advertises the address that the client connected to, and says so',
    (text) => {
      const { listeners, problems, warnings } = parse(text);
      expect(problems).toEqual([]);
      expect(listeners[0]?.advertised).toEqual({ kind: 'as-connected' });
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain('the address that it connected to');
    },
  );

  test('an advertised listener decides over a wildcard, without a warning', () => {
    const { listeners, warnings } = parse('PLAINTEXT://:9092', {
      advertisedListeners: 'PLAINTEXT://kafka.example:19092',
    });
    expect(listeners[0]?.advertised).toEqual({ kind: 'fixed', host: 'kafka.example', port: 19092 });
    expect(warnings).toEqual([]);
  });

  test('reads an IPv6 address in brackets, port 0, and names in lower case', () => {
    const { listeners, problems } = parse('plaintext://[::1]:0');
    expect(problems).toEqual([]);
    expect(listeners).toMatchObject([{ name: 'PLAINTEXT', host: '::1', port: 0 }]);
  });

  test('takes several listeners by name', () => {
    const { listeners, problems } = parse('INSIDE://localhost:9092,OUTSIDE://10.0.0.1:9093', {
      protocolMap: 'INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT',
    });
    expect(problems).toEqual([]);
    expect(listeners.map(({ name }) => name)).toEqual(['INSIDE', 'OUTSIDE']);
  });

  test("opens a stock file's broker listener and leaves its controller's alone", () => {
    const { listeners, problems } = parse('PLAINTEXT://:9092,CONTROLLER://:9093', {
      advertisedListeners: 'PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093',
      controllerListenerNames: 'CONTROLLER',
      protocolMap: `CONTROLLER:PLAINTEXT,${STOCK_MAP}`,
    });
    expect(problems).toEqual([]);
    expect(listeners.map(({ name }) => name)).toEqual(['PLAINTEXT']);
  });

  test.each([
    ['nonsense'],
    ['PLAINTEXT://localhost'],
    ['PLAINTEXT://localhost:'],
    ['PLAINTEXT://localhost:65536'],
    ['PLAINTEXT://localhost:-1'],
    ['PLAINTEXT://::1:9092'],
    ['PLAINTEXT://[localhost]:9092'],
    ['PLAINTEXT://local host:9092'],
    ['://localhost:9092'],
    ['PLAINTEXT://a:1,,'],
  ])('refuses %s', (text) => {
    expect(parse(text).problems[0]).toContain('is not NAME://HOST:PORT');
  });

  test.each<[string, string, Partial<ListenerTexts>, string]>([
    ['no listener', '', {}, 'nothing to listen on'],
    ['a name twice', 'PLAINTEXT://a:1,PLAINTEXT://a:2', {}, 'names PLAINTEXT twice'],
    [
      'a port twice',
      'PLAINTEXT://a:1,B://a:1',
      { protocolMap: 'PLAINTEXT:PLAINTEXT,B:PLAINTEXT' },
      'both use port 1',
    ],
    ['TLS', 'SSL://a:1', {}, 'speaks only PLAINTEXT'],
    ['a name without a protocol', 'B://a:1', {}, 'add B:PLAINTEXT'],
    [
      'a map that is none',
      'PLAINTEXT://a:1',
      { protocolMap: 'PLAINTEXT:PLAINTEXT,X' },
      'is not NAME:PROTOCOL',
    ],
    [
      'a stranger advertised',
      'PLAINTEXT://a:1',
      { advertisedListeners: 'B://a:1' },
      'not among the listeners',
    ],
    [
      'a wildcard advertised',
      'PLAINTEXT://a:1',
      { advertisedListeners: 'PLAINTEXT://0.0.0.0:1' },
      'not an address',
    ],
    [
      'port 0 advertised',
      'PLAINTEXT://a:1',
      { advertisedListeners: 'PLAINTEXT://a:0' },
      'has port 0',
    ],
  ])('refuses %s', (_case, listeners, rest, message) => {
    expect(parse(listeners, rest).problems.join('\n')).toContain(message);
  });

  test('lets an IPv4 and an IPv6 listener share a port', () => {
    const { problems } = parse('A://127.0.0.1:9092,B://[::1]:9092', {
      protocolMap: 'A:PLAINTEXT,B:PLAINTEXT',
    });
    expect(problems).toEqual([]);
  });
});

test('an endpoint is written with brackets around IPv6', () => {
  expect(formatEndpoint('PLAINTEXT', 'localhost', 9092)).toBe('PLAINTEXT://localhost:9092');
  expect(formatEndpoint('PLAINTEXT', '::1', 9092)).toBe('PLAINTEXT://[::1]:9092');
});
