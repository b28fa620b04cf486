import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { problemsOf } from '../../../../server/cli/cluster/facts.js';
import { cliBroker, odradek, valued } from '../../../support/cli-broker.js';

test('a cluster is described with its brokers and data directories', async () => {
  const { broker, run, lines, produce } = await cliBroker();
  await run('topics', 'create', 'orders', '-p', '3');
  await produce('orders', 0, valued('a'));
  const [first, ...rest] = await lines('cluster', 'info');
  expect(first).toMatch(/^Cluster [\w-]{22}: 1 broker, 1 topic, 3 partitions$/);
  expect(rest.slice(0, 3)).toEqual([
    '',
    `BROKER  ADDRESS${' '.repeat(broker.bootstrap.length - 7)}  RACK  ROLE`,
    `     1  ${broker.bootstrap}  -     controller`,
  ]);
  expect(rest[4]).toMatch(/^DATA DIRECTORY +PARTITIONS +SIZE +FREE +OF +ERROR$/);
  expect(rest[5]).toMatch(/^\/.* 3 +69 B .*iB$/);
  expect(await lines('cluster', 'logdirs')).toEqual(rest.slice(4));
});

test('a healthy cluster says so, and its facts are there for programs', async () => {
  const { objects, lines } = await cliBroker();
  expect(await lines('cluster', 'health')).toEqual(['healthy']);
  expect(await objects('cluster', 'health')).toEqual([{ healthy: true, problems: [] }]);
  expect(await objects('cluster', 'info', '--timeout', '10s')).toMatchObject([
    { controller: 1, topics: 0, leaderless: [], logDirs: [{ partitions: 0, error: null }] },
  ]);
});

test('what is wrong with a cluster is named', () => {
  const facts = {
    clusterId: null,
    controller: null,
    brokers: [],
    topics: 1,
    partitions: 2,
    leaderless: ['orders-0'],
    underReplicated: ['orders-1'],
    logDirs: [
      { path: '/data', partitions: 0, sizeBytes: 0, totalBytes: 0, freeBytes: 0, error: 'X' },
    ],
  };
  expect(problemsOf(facts)).toEqual([
    'there is no controller',
    'data directory /data has failed (X)',
    'orders-0 has no leader',
    'orders-1 has too few replicas in sync',
  ]);
});

test('as a health check it ends with 1 when nobody answers in time', async () => {
  const server = createServer(() => {});
  onTestFinished(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  expect(await odradek('cluster', 'info', '--timeout', '20ms', '-b', `127.0.0.1:${port}`)).toEqual({
    code: 1,
    stdout: '',
    stderr: `odradek: 127.0.0.1:${port} did not answer within 20 ms\n`,
  });
});

test.each(['5', '0s', '-1s', 'soon', '1e9s'])('a timeout of %s is refused with 2', async (text) => {
  const { code, stderr } = await odradek('cluster', 'info', '--timeout', text);
  expect({ code, stderr: stderr.includes('a time is expected') }).toEqual({
    code: 2,
    stderr: true,
  });
});
