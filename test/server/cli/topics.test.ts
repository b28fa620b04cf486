import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { runCommand, spawnCommand } from '../../support/spawn-broker.js';
import { startTestBroker } from '../../support/start-broker.js';

test('a topic is created, listed and deleted over the wire', async () => {
  const { bootstrap } = await startTestBroker();
  const topics = (...args: string[]) => runCommand(['topics', ...args, '-b', bootstrap]);

  const created = await topics('create', 'orders', '-p', '3', '--config', 'retention.ms=3600000');
  expect(created).toEqual({ code: 0, stdout: 'Created topic orders.\n', stderr: '' });
  const byFlag = ['--topic', 'events', '--partitions', '1', '--replication-factor', '1'];
  expect(await topics('create', ...byFlag)).toMatchObject({ code: 0 });

  expect(await topics('list')).toEqual({ code: 0, stdout: 'events\norders\n', stderr: '' });

  expect((await topics('list', '--long')).stdout).toBe(
    [
      'TOPIC   PARTITIONS  REPLICATION-FACTOR',
      'events           1                   1',
      'orders           3                   1',
      '',
    ].join('\n'),
  );

  expect(await topics('delete', 'orders')).toEqual({
    code: 0,
    stdout: 'Deleted topic orders.\n',
    stderr: '',
  });
  expect(await topics('list')).toMatchObject({ stdout: 'events\n' });
});

test('what cannot be done ends with 1 and one line that says why', async () => {
  const { bootstrap } = await startTestBroker();
  const topics = (...args: string[]) => runCommand(['topics', ...args, '-b', bootstrap]);
  await topics('create', 'a');

  const refusals: [string[], string][] = [
    [['create', 'a'], 'topic a exists already'],
    [['create', '../x'], 'INVALID_TOPIC_EXCEPTION'],
    [['create', 'b', '--replication-factor', '3'], 'INVALID_REPLICATION_FACTOR'],
    [['create', 'b', '--config', 'retention.mss=1'], 'retention.ms'],
    [['describe', 'b'], 'there is no topic b'],
    [['delete', 'b'], 'there is no topic b'],
  ];
  for (const [args, why] of refusals) {
    const { code, stdout, stderr } = await topics(...args);
    expect({ args, code, stdout }).toEqual({ args, code: 1, stdout: '' });
    expect(stderr).toContain(why);
    expect(stderr).toMatch(/^odradek: .*\n$/);
  }
  expect(await topics('create', 'a', '--if-not-exists')).toMatchObject({ code: 0, stderr: '' });
  expect(await topics('delete', 'b', '--if-exists')).toMatchObject({ code: 0, stderr: '' });
  expect(await topics('list')).toMatchObject({ stdout: 'a\n' });
});

test('without a broker it says so', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  const { code, stderr } = await runCommand(['topics', 'list', '-b', `127.0.0.1:${port}`]);
  expect(code).toBe(1);
  expect(stderr).toBe(
    `odradek: no broker answers at 127.0.0.1:${port} (ECONNREFUSED): start one with "odradek start", or name another with --bootstrap-server\n`,
  );
});

test('something that is no broker is told apart', async () => {
  const server = createServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  onTestFinished(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  const { code, stderr } = await runCommand(['topics', 'list', '-b', `127.0.0.1:${port}`]);
  expect(code).toBe(1);
  expect(stderr).toBe(`odradek: 127.0.0.1:${port} sent no answer of a Kafka broker\n`);
});

test('a reader that closes stdout ends it quietly with 0', async () => {
  const { bootstrap } = await startTestBroker();
  await runCommand(['topics', 'create', 'a', '-b', bootstrap]);
  const command = spawnCommand(['topics', 'list', '-b', bootstrap]);
  command.child.stdout?.destroy();
  expect(await command.exited).toEqual({ code: 0, signal: null });
  expect(command.stderr).toBe('');
});
