import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { buildBatch } from '../../../engine/index.js';
import { Client } from '../../../server/cli/client.js';
import { APIS } from '../../../server/handlers/apis.js';
import { neverReading } from '../../support/never-reading.js';
import {
  type BrokerProcess,
  runCommand,
  type SpawnBrokerOptions,
  spawnBroker,
  spawnCommand,
} from '../../support/spawn-broker.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

async function start(options: SpawnBrokerOptions): Promise<BrokerProcess> {
  const broker = await spawnBroker(options);
  onTestFinished(async () => void (await broker.kill('SIGKILL')));
  return broker;
}

function messages(stderr: string): string[] {
  const lines = stderr.trim().split('\n');
  return lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
}

describe('a broker started from the command line', () => {
  test('says on one line of stdout that it is ready, and where', async () => {
    const dataDir = join(temporaryFolder(), 'data');
    const broker = await start({ dataDir });
    expect(broker.stdout).toBe(
      `odradek 0.1.0 ready PLAINTEXT://localhost:${broker.port} node=1 data=${dataDir} flush=ack\n`,
    );
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s ends it with 0, marked as a clean stop, and frees directory and port',
    async (signal) => {
      const dataDir = temporaryFolder();
      const first = await start({ dataDir });
      expect(await first.kill(signal)).toEqual({ code: 0, signal: null });
      expect(messages(first.stderr)).toEqual([expect.stringContaining('stopping'), 'stopped']);
      const second = await start({ dataDir, port: first.port });
      expect(second.port).toBe(first.port);
      expect(second.stderr).toBe('');
    },
  );

  test('a stop answers a fetch that waits, instead of waiting for it', async () => {
    const broker = await start({ dataDir: temporaryFolder() });
    const client = await Client.connect({ bootstrap: broker.bootstrap });
    onTestFinished(() => client.close());
    await client.request(APIS.Metadata, { topics: [{ name: 'a' }], ...NO_OPERATIONS });
    const { topics } = await client.request(APIS.Metadata, {
      topics: [{ name: 'a' }],
      ...NO_OPERATIONS,
    });
    const fetch = client.request(APIS.Fetch, {
      maxWaitMs: 600_000,
      minBytes: 1,
      topics: [
        {
          topic: 'a',
          topicId: topics[0]!.topicId,
          partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }],
        },
      ],
      forgottenTopicsData: [],
    });
    // Requests of one connection are received in order, but the kernel hands them over in its own
    // time.
    const probe = await Client.connect({ bootstrap: broker.bootstrap });
    probe.close();
    expect(
      await Promise.all([fetch.then(({ errorCode }) => errorCode), broker.kill('SIGTERM')]),
    ).toEqual([0, { code: 0, signal: null }]);
  });

  test('a second signal ends it at once, with 1', async () => {
    const broker = await start({ dataDir: temporaryFolder() });
    const socket = await neverReading(broker);
    onTestFinished(() => void socket.destroy());
    broker.child.kill('SIGTERM');
    await broker.untilStderr('stopping');
    broker.child.kill('SIGTERM');
    expect(await broker.exited).toEqual({ code: 1, signal: null });
    expect(messages(broker.stderr).at(-1)).toContain('ended at once by a second signal');
  });

  test('goes on serving when its stdout is not read', async () => {
    const dataDir = temporaryFolder();
    const first = await start({ dataDir });
    await first.kill('SIGTERM');
    const listeners = `listeners=PLAINTEXT://localhost:${first.port}`;
    const broker = spawnCommand(['start', '--set', `log.dirs=${dataDir}`, '--set', listeners]);
    onTestFinished(async () => void (await broker.kill('SIGKILL')));
    broker.child.stdout?.destroy();
    // Twice, because the first may come just before the unread line.
    for (let connection = 0; connection < 2; connection++) {
      await expect
        .poll(() => Client.connect({ bootstrap: first.bootstrap }).then((client) => client.close()))
        .toBeUndefined();
    }
    expect(await broker.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(messages(broker.stderr).at(-1)).toBe('stopped');
  });

  test('a port in use is told with its owner and a way out, with 1', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const { code, stdout, stderr } = await runStart({ listeners: `PLAINTEXT://localhost:${port}` });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const [line, ...rest] = messages(stderr);
    expect(rest).toEqual([]);
    expect(line).toContain(`127.0.0.1:${port} is in use`);
    if (process.platform === 'linux') expect(line).toContain(`process ${process.pid}`);
    expect(line).toContain('choose another port, such as --set listeners=');
  });

  test('a locked directory is told with its owner, with 1', async () => {
    const dataDir = temporaryFolder();
    const broker = await start({ dataDir });
    const { code, stderr } = await runStart({ 'log.dirs': dataDir });
    expect(code).toBe(1);
    expect(messages(stderr)).toEqual([expect.stringContaining(`process ${broker.pid} `)]);
    expect(messages(stderr)[0]).toContain(`${dataDir} is in use by`);
    expect(messages(stderr)[0]).toContain('stop it first, or use another directory');
  });

  test('a folder with foreign files is left alone, with 1', async () => {
    const dataDir = temporaryFolder();
    writeFileSync(join(dataDir, 'thesis.doc'), 'all of it');
    const { code, stderr } = await runStart({ 'log.dirs': dataDir });
    expect(code).toBe(1);
    expect(messages(stderr)).toEqual([expect.stringContaining('it holds thesis.doc')]);
  });

  test('another node id than that of the data is refused, with 2', async () => {
    const dataDir = temporaryFolder();
    await (await start({ dataDir })).kill('SIGTERM');
    const { code, stderr } = await runStart({ 'log.dirs': dataDir, 'node.id': '7' });
    expect(code).toBe(2);
    expect(messages(stderr)[0]).toContain('belongs to node 1: set node.id=1');
    expect((await start({ dataDir })).readyLine).toContain(' node=1 ');
  });

  test('a listener on every address says in the log what it advertises', async () => {
    const broker = await start({
      dataDir: temporaryFolder(),
      set: { listeners: 'PLAINTEXT://0.0.0.0:0' },
    });
    expect(messages(broker.stderr)).toEqual([
      expect.stringContaining('each client is told the address that it connected to'),
    ]);
    const client = await Client.connect({ bootstrap: `127.0.0.1:${broker.port}` });
    onTestFinished(() => client.close());
    const { brokers } = await client.request(APIS.Metadata, { topics: [], ...NO_OPERATIONS });
    expect(brokers).toMatchObject([{ nodeId: 1, host: '127.0.0.1', port: broker.port }]);
  });
});

describe('a broken program', () => {
  test.each([
    ['an uncaught error', 'throw new Error("boom")'],
    ['an unhandled rejection', 'Promise.reject(new Error("boom"))'],
  ])('%s ends it with 1 and one line', async (_, failure) => {
    const program = `process.on("SIGUSR2",()=>{${failure}})`;
    const broker = await start({
      dataDir: temporaryFolder(),
      environment: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}` },
    });
    expect(await broker.kill('SIGUSR2')).toEqual({ code: 1, signal: null });
    const [line, ...rest] = broker.stderr.trim().split('\n');
    expect(rest).toEqual([]);
    expect(JSON.parse(line!)).toMatchObject({
      level: 'error',
      msg: expect.stringContaining('Error: boom: this is a defect of odradek'),
      error: { stack: expect.stringContaining('at process') },
    });
  });
});

describe('settings of odradek start', () => {
  test('one that is unknown stops the start with 2 and names the nearest, before anything is created', async () => {
    const dataDir = join(temporaryFolder(), 'data');
    const { code, stdout, stderr } = await runCommand([
      'start',
      ...[
        '--set',
        'num.partition=3',
        '--set',
        'log.retention.mss=5',
        '--set',
        `log.dirs=${dataDir}`,
      ],
    ]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(messages(stderr)).toEqual([
      expect.stringContaining('did you mean num.partitions?'),
      expect.stringContaining('did you mean log.retention.ms?'),
    ]);
  });

  test('one that weakens a promise stops the start with 2', async () => {
    const { code, stderr } = await runStart({ 'default.replication.factor': '3' });
    expect(code).toBe(2);
    expect(messages(stderr)[0]).toContain('is refused');
  });

  test('--print-config shows each with its source, the strongest first, and starts nothing', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'server.properties');
    writeFileSync(file, 'num.partitions=2\nlog.retention.ms=7\nlog.segment.bytes=1048576\n');
    const { code, stdout, stderr } = await runCommand(
      ['start', '--print-config', '--config', file, '--set', 'num.partitions=4'],
      { KAFKA_NUM_PARTITIONS: '3', KAFKA_LOG_RETENTION_MS: '8', KAFKA_NUM_PARTITONS: '9' },
    );
    expect(code).toBe(0);
    expect(stdout).toContain('\n# from --set\nnum.partitions=4\n');
    expect(stdout).toContain('\n# from KAFKA_LOG_RETENTION_MS\nlog.retention.ms=8\n');
    expect(stdout).toContain(`\n# from ${file}:3\nlog.segment.bytes=1048576\n`);
    expect(stdout).toContain('\n#auto.create.topics.enable=true\n');
    // An unknown variable only warns: it may be meant for another program.
    expect(messages(stderr)).toEqual([expect.stringContaining('KAFKA_NUM_PARTITONS')]);
    expect(readdirSync(folder)).toEqual(['server.properties']);
    writeFileSync(file, stdout);
    const again = await runCommand(['start', '--print-config', '--config', file]);
    const pairs = (text: string): string[] => text.split('\n').filter((line) => /^\w/.test(line));
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(pairs(again.stdout)).toEqual(pairs(stdout));
  });

  test('a file that is not there ends with 2 and names it', async () => {
    const path = join(temporaryFolder(), 'missing.properties');
    const { code, stderr } = await runCommand(['start', '--config', path]);
    expect(code).toBe(2);
    expect(messages(stderr)).toEqual([expect.stringContaining(`${path}: there is no such file`)]);
  });

  test.runIf(existsSync('/dev/zero'))(
    'a file without an end ends with 2, says so in a line, and is no defect',
    async () => {
      const { code, stderr } = await runCommand(['start', '--config', '/dev/zero']);
      expect(code).toBe(2);
      expect(messages(stderr)).toEqual([
        expect.stringMatching(/^--config: \/dev\/zero has more than \d+ bytes/),
      ]);
    },
  );

  test('a data directory that cannot be made ends with 1 and names what is in the way', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const { code, stderr } = await runStart({ 'log.dirs': join(file, 'data') });
    expect(code).toBe(1);
    expect(messages(stderr)).toEqual([expect.stringContaining(`${file}: a file is in the way`)]);
  });
});

const NO_OPERATIONS = {
  includeClusterAuthorizedOperations: false,
  includeTopicAuthorizedOperations: false,
};

function runStart(set: Readonly<Record<string, string>>) {
  const settings = {
    'log.dirs': join(temporaryFolder(), 'data'),
    listeners: 'PLAINTEXT://localhost:0',
    ...set,
  };
  return runCommand([
    'start',
    ...Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
  ]);
}

describe('a start after an unclean stop', () => {
  test('says in one line what was recovered, and one after a clean stop says nothing', async () => {
    const dataDir = temporaryFolder();
    const first = await start({ dataDir });
    const client = await Client.connect({ bootstrap: first.bootstrap });
    const orders = { topics: [{ name: 'orders' }], ...NO_OPERATIONS };
    await client.request(APIS.Metadata, orders);
    await client.request(APIS.Produce, {
      acks: -1,
      timeoutMs: 10_000,
      topics: [{ name: 'orders', partitions: [{ index: 0, records: await oneRecord() }] }],
    });
    client.close();
    await first.kill('SIGKILL');
    const second = await start({ dataDir });
    await second.untilStderr('\n');
    expect(messages(second.stderr)).toEqual([
      expect.stringMatching(
        /^the last stop was not clean: 1 of 1 logs held records behind their checkpoints, 69 bytes of them were checked, and no tail was torn$/,
      ),
    ]);
    await second.kill('SIGTERM');
    const third = await start({ dataDir });
    expect(third.stderr).toBe('');
  });
});

function oneRecord(): Promise<Buffer> {
  return buildBatch([{ key: null, value: 'a', timestamp: 1_700_000_000_000 }]);
}
