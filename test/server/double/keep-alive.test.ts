import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { Client } from '../../../server/cli/client.js';
import { APIS } from '../../../server/handlers/apis.js';
import { startTestBroker } from '../../support/start-broker.js';

const PACKAGE = pathToFileURL('dist/server/index.js').href;

/** Runs a program of the package to its end, as a process of its own. */
function program(code: string) {
  const source = `const { startBroker } = await import('${PACKAGE}');\n${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** The exit code and what it printed. */
async function ended(child: ReturnType<typeof program>) {
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const [code] = await once(child, 'close');
  return { code, output: output.trim() };
}

test('a broker that a test forgets does not keep the process, and its folder goes', async () => {
  const { code, output } = await ended(
    program('const { dataDir } = await startBroker({ topics: { a: {} } }); console.log(dataDir);'),
  );
  expect(code).toBe(0);
  expect(output).toContain('odradek-');
  expect(existsSync(output)).toBe(false);
});

test('a client of the program keeps it only as long as it is connected', async () => {
  const { code, output } = await ended(
    program(`
      import { connect } from 'node:net';
      import { once } from 'node:events';
      const { port } = await startBroker();
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      setTimeout(() => { socket.destroy(); console.log('left'); }, 50);`),
  );
  expect({ code, output }).toEqual({ code: 0, output: 'left' });
});

test.each([
  [
    'until',
    "await broker.until({ topic: 'a' }, { timeoutMs: 50 }).catch((e) => console.log(e.code));",
    'UNTIL_TIMEOUT',
  ],
  ['close', "await broker.close(); console.log('closed');", 'closed'],
  [
    'restart',
    "await broker.kill(); await broker.restart(); await broker.reset(); console.log('again');",
    'again',
  ],
  ['unref', "broker.ref().unref(); console.log('free');", 'free'],
])('what is waited for keeps the process until it is over: %s', async (_what, code, output) => {
  const child = program(`const broker = await startBroker(); ${code}`);
  expect(await ended(child)).toEqual({ code: 0, output });
});

test.each(['{ port: 0 }', '{ keepAlive: true }'])(
  'a broker of %s keeps the process, as a server does',
  async (options) => {
    const child = program(`
      const { bootstrap } = await startBroker(${options});
      console.log(bootstrap);
      process.on('SIGTERM', () => process.exit(7));`);
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const bootstrap = line.toString().trim();
    // It serves one client after another, with nothing else in its process.
    for (let client = 0; client < 3; client++) {
      (await Client.connect({ bootstrap })).close();
    }
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([7, null]);
  },
);

test('a fetch that would wait long is answered, so that consumers stop fast', async () => {
  const broker = await startTestBroker({ topics: { orders: {} } });
  const client = await Client.connect({ bootstrap: broker.bootstrap });
  onTestFinished(() => client.close());
  const [topic] = (await client.request(APIS.Metadata, { topics: [{ name: 'orders' }] })).topics;
  const answer = await client.request(APIS.Fetch, {
    maxWaitMs: 100_000,
    minBytes: 1,
    topics: [
      {
        topic: 'orders',
        topicId: topic!.topicId,
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }],
      },
    ],
    forgottenTopicsData: [],
  });
  expect(answer.topics[0]?.partitions[0]?.errorCode).toBe(0);
});
