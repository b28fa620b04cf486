import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Client, parseBootstrap } from '../../../server/cli/client.js';
import { APIS } from '../../../server/handlers/apis.js';
import { startTestBroker } from '../../support/start-broker.js';

test.each([
  ['localhost:9092', [{ host: 'localhost', port: 9092 }]],
  ['broker', [{ host: 'broker', port: 9092 }]],
  ['[::1]:19092', [{ host: '::1', port: 19_092 }]],
  [
    'a:1, b:2',
    [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ],
  ],
])('reads %s', (text, expected) => {
  expect(parseBootstrap(text)).toEqual(expected);
});

test.each(['', ':9092', 'a:0', 'a:65536', 'a:b', '::1:9092', 'a:1,,b:2', 'http://a:1'])(
  'refuses %j as a mistake in usage',
  (text) => {
    expect(() => parseBootstrap(text)).toThrow(expect.objectContaining({ exitCode: 2 }));
  },
);

test('goes on to the next address until one answers', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  const broker = await startTestBroker();
  const client = await Client.connect({ bootstrap: `127.0.0.1:${port},${broker.bootstrap}` });
  onTestFinished(() => client.close());
  expect(client.address).toBe(broker.bootstrap);
});

test('a server that accepts and says nothing is given up after the timeout', async () => {
  const server = createServer((socket) => void socket.resume());
  onTestFinished(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  await expect(Client.connect({ bootstrap: `127.0.0.1:${port}`, timeoutMs: 20 })).rejects.toThrow(
    `127.0.0.1:${port} did not answer within 20 ms`,
  );
});

test('a broker that goes away fails the request that waits, and all later ones', async () => {
  const broker = await startTestBroker();
  const client = await Client.connect({ bootstrap: broker.bootstrap });
  await broker.close();
  const request = { includeClusterAuthorizedOperations: false };
  await expect(client.request(APIS.DescribeCluster, request)).rejects.toThrow('ended before');
  await expect(client.request(APIS.DescribeCluster, request)).rejects.toThrow('ended before');
});
