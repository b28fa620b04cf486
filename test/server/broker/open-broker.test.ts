import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import { decodeRecords } from '../../../engine/batch/records.js';
import { type Disk, type DiskFile, nodeDisk } from '../../../engine/index.js';
import { openBroker } from '../../../server/broker/open-broker.js';
import { Client } from '../../../server/cli/client.js';
import { APIS } from '../../../server/handlers/apis.js';
import { ManualClock, startBroker } from '../../../server/index.js';
import { silentLogger } from '../../../server/logging/silent-logger.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { resolveBrokerSettings } from '../../../server/settings/parse.js';
import { neverReading } from '../../support/never-reading.js';
import { startTestBroker } from '../../support/start-broker.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const NO_OPERATIONS = {
  includeClusterAuthorizedOperations: false,
  includeTopicAuthorizedOperations: false,
};

/** IPv6 only where this machine has it. */
const LOOPBACK = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .flatMap(({ address }) =>
    address === '127.0.0.1' ? [address] : address === '::1' ? ['[::1]'] : [],
  );

async function connectTo(bootstrap: string): Promise<Client> {
  const client = await Client.connect({ bootstrap });
  onTestFinished(() => client.close());
  return client;
}

async function topicId(client: Client, name: string): Promise<string> {
  const { topics } = await client.request(APIS.Metadata, { topics: [{ name }], ...NO_OPERATIONS });
  expect(topics[0]?.errorCode).toBe(0);
  return topics[0]!.topicId;
}

/** Everything that a partition holds, as text. */
async function fetchAll(client: Client, topic: string, partition = 0): Promise<string[]> {
  const id = await topicId(client, topic);
  const values: string[] = [];
  for (let fetchOffset = 0; ; fetchOffset = values.length) {
    const { topics } = await client.request(APIS.Fetch, {
      maxWaitMs: 0,
      minBytes: 0,
      topics: [
        {
          topic,
          topicId: id,
          partitions: [{ partition, fetchOffset, partitionMaxBytes: 1_000_000 }],
        },
      ],
      forgottenTopicsData: [],
    });
    const answer = topics[0]!.partitions[0]!;
    expect(answer.errorCode).toBe(0);
    const records = answer.records ?? Buffer.alloc(0);
    if (records.length === 0) return values;
    for (const { offset, value } of await decodeRecords(records, 1_000_000)) {
      if (offset >= fetchOffset) values.push(String(value));
    }
  }
}

async function produce(client: Client, topic: string, value: string): Promise<number> {
  const records = buildBatchSync([{ key: null, value, timestamp: 1 }]);
  const { topics } = await client.request(APIS.Produce, {
    acks: -1,
    timeoutMs: 1000,
    topics: [{ name: topic, partitions: [{ index: 0, records }] }],
  });
  return topics[0]!.partitions[0]!.errorCode;
}

async function logStart(client: Client, name: string): Promise<number> {
  const { topics } = await client.request(APIS.ListOffsets, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name, partitions: [{ partitionIndex: 0, timestamp: -2 }] }],
  });
  return topics[0]!.partitions[0]!.offset;
}

/** What this process has open in a folder, where the system tells. */
function openFilesIn(folder: string): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(join('/proc/self/fd', fd));
      return target.startsWith(folder) ? [target] : [];
    } catch {
      return [];
    }
  });
}

/** The real disk, with every sync of a file's bytes going through `sync`. */
function failingDisk(sync: (real: () => Promise<void>) => Promise<void>): Disk {
  const wrap = (file: DiskFile): DiskFile => {
    const datasync = file.datasync.bind(file);
    file.datasync = () => sync(datasync);
    return file;
  };
  const { syncFileSystem } = nodeDisk;
  return {
    ...nodeDisk,
    openSync: (path, mode) => wrap(nodeDisk.openSync(path, mode)),
    open: async (path, mode) => wrap(await nodeDisk.open(path, mode)),
    syncFileSystem: syncFileSystem && ((root) => sync(() => syncFileSystem(root))),
  };
}

function count(names: readonly string[], name: string): number {
  return names.filter((each) => each === name).length;
}

describe('startBroker', () => {
  test('twenty at once in one process serve, and leave nothing behind when closed', async () => {
    const before = process.getActiveResourcesInfo();
    const brokers = await Promise.all(Array.from({ length: 20 }, () => startBroker()));
    expect(new Set(brokers.map(({ port }) => port)).size).toBe(20);
    expect(new Set(brokers.map(({ clusterId }) => clusterId)).size).toBe(20);
    for (const [at, { bootstrap }] of brokers.entries()) {
      const client = await Client.connect({ bootstrap });
      await topicId(client, 'a');
      expect(await produce(client, 'a', `of broker ${at}`)).toBe(0);
      expect(await fetchAll(client, 'a')).toEqual([`of broker ${at}`]);
      client.close();
    }
    await Promise.all(brokers.map((broker) => broker.close()));
    const after = process.getActiveResourcesInfo();
    for (const kind of ['TCPServerWrap', 'TCPSocketWrap', 'MessagePort']) {
      expect({ kind, count: count(after, kind) }).toEqual({ kind, count: count(before, kind) });
    }
    for (const { dataDir } of brokers) {
      expect(openFilesIn(dataDir)).toEqual([]);
      expect(() => readdirSync(dataDir)).toThrow('ENOENT');
    }
  });

  test('keeps no process alive that has closed it, and leaves nothing active in it', () => {
    const index = new URL('../../../dist/server/index.js', import.meta.url);
    const program = `
      import { startBroker } from ${JSON.stringify(index.href)};
      const brokers = await Promise.all([startBroker(), startBroker()]);
      await Promise.all(brokers.map((broker) => broker.close()));
      // The callback that ends the last close is itself active until its turn is over.
      await new Promise((resolve) => setImmediate(resolve));
      const active = process.getActiveResourcesInfo();
      const folders = brokers.map(({ dataDir }) => dataDir);
      process.stdout.write(JSON.stringify({ active, folders }));`;
    const args = ['--input-type=module', '--eval', program];
    const { status, stdout } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      // Pipes that Node opens for itself would be active.
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(status).toBe(0);
    const { active, folders } = JSON.parse(stdout) as { active: string[]; folders: string[] };
    expect(active).toEqual([]);
    expect(folders).toHaveLength(2);
    for (const folder of folders) expect(existsSync(folder)).toBe(false);
  });

  test('removes its temporary folder when the process exits without closing it', () => {
    const index = new URL('../../../dist/server/index.js', import.meta.url);
    const program = `
      import { startBroker } from ${JSON.stringify(index.href)};
      const { dataDir } = await startBroker();
      process.stdout.write(dataDir, () => process.exit(0));`;
    const args = ['--input-type=module', '--eval', program];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(stdout).toContain('odradek-');
    expect(existsSync(stdout)).toBe(false);
  });

  test('keeps a data directory that it was given, with its topics, records and cluster id', async () => {
    const dataDir = temporaryFolder();
    const first = await startBroker({ dataDir });
    expect(first.dataDir).toBe(dataDir);
    const client = await connectTo(first.bootstrap);
    const id = await topicId(client, 'a');
    expect(await produce(client, 'a', 'one')).toBe(0);
    expect(await produce(client, 'a', 'two')).toBe(0);
    client.close();
    await first.close();
    expect(openFilesIn(dataDir)).toEqual([]);

    const second = await startTestBroker({ dataDir });
    expect(second.clusterId).toBe(first.clusterId);
    const again = await connectTo(second.bootstrap);
    expect(await topicId(again, 'a')).toBe(id);
    expect(await fetchAll(again, 'a')).toEqual(['one', 'two']);
    expect(await produce(again, 'a', 'three')).toBe(0);
    expect(await fetchAll(again, 'a')).toEqual(['one', 'two', 'three']);
  });

  test('refuses a directory that is in use, and one port twice, leaving nothing open', async () => {
    const dataDir = temporaryFolder();
    const { port } = await startTestBroker({ dataDir });
    await expect(startBroker({ dataDir })).rejects.toMatchObject({ code: 'DIRECTORY_LOCKED' });
    const other = temporaryFolder();
    await expect(startBroker({ dataDir: other, port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      ownerPid: process.platform === 'linux' ? process.pid : null,
    });
    expect(openFilesIn(other)).toEqual([]);
    await startTestBroker({ dataDir: other });
  });

  test('refuses settings that it does not know, and leaves no folder', async () => {
    await expect(startBroker({ config: { 'num.partition': '3' } })).rejects.toMatchObject({
      name: 'SettingsError',
      problems: [expect.stringMatching(/^config: .*did you mean num.partitions\?/)],
    });
    const options = { prot: 0, 'num.partitions': '3' } as object;
    await expect(startBroker(options)).rejects.toMatchObject({
      name: 'SettingsError',
      problems: [
        'startBroker has no option "prot": did you mean port?',
        'startBroker has no option "num.partitions": it is a setting, config: { \'num.partitions\': … }',
      ],
    });
  });

  test('ends by close, by its signal and by `await using`, each more than once', async () => {
    const controller = new AbortController();
    const broker = await startBroker({ signal: controller.signal });
    controller.abort();
    await broker.close();
    await broker[Symbol.asyncDispose]();
    await expect(Client.connect({ bootstrap: broker.bootstrap })).rejects.toThrow('ECONNREFUSED');
    await expect(startBroker({ signal: controller.signal })).rejects.toThrow('abort');
  });

  test('waits 10 s at its close for a client that does not read, and no longer', async () => {
    const clock = new ManualClock();
    const broker = await startBroker({ clock });
    const socket = await neverReading(broker);
    onTestFinished(() => void socket.destroy());
    let closed = false;
    const closing = broker.close().then(() => {
      closed = true;
    });
    clock.advance(9_999);
    await Client.connect({ bootstrap: broker.bootstrap }).catch(() => {});
    expect(closed).toBe(false);
    clock.advance(1);
    await closing;
  });

  test('deletes by retention when its clock says so', async () => {
    const clock = new ManualClock();
    const config = {
      'log.retention.ms': '1000',
      'log.retention.check.interval.ms': '5000',
      'log.roll.ms': '100',
    };
    const broker = await startTestBroker({ clock, config });
    const client = await connectTo(broker.bootstrap);
    await topicId(client, 'a');
    expect(await produce(client, 'a', 'old')).toBe(0);
    clock.advance(200);
    expect(await produce(client, 'a', 'in a segment of its own')).toBe(0);
    expect(await logStart(client, 'a')).toBe(0);
    clock.advance(5000);
    await expect.poll(() => logStart(client, 'a')).toBeGreaterThanOrEqual(1);
  });
});

test('a disk that fails leaves the broker up: metadata is answered, produces are not', async () => {
  const lines: string[] = [];
  let failing = false;
  const failingSync = async (sync: () => Promise<void>): Promise<void> => {
    if (failing) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
    await sync();
  };
  const { settings, brokerStatic } = resolveBrokerSettings({
    sets: ['listeners=PLAINTEXT://127.0.0.1:0', `log.dirs=${temporaryFolder()}`],
  });
  const broker = await openBroker({
    settings,
    brokerStatic,
    disk: failingDisk(failingSync),
    logger: { ...silentLogger, error: (_, message) => void lines.push(message) },
  });
  const client = await connectTo(`127.0.0.1:${broker.endpoints[0]?.port}`);
  await topicId(client, 'a');
  expect(await produce(client, 'a', 'kept')).toBe(ErrorCode.NONE);
  failing = true;
  expect(await produce(client, 'a', 'lost')).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
  failing = false;
  expect(await produce(client, 'a', 'never tried again')).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
  const { topics } = await client.request(APIS.Metadata, { topics: null, ...NO_OPERATIONS });
  expect(topics.map(({ name }) => name)).toEqual(['a']);
  expect(lines.filter((line) => line.includes('repair the disk and restart'))).toHaveLength(1);
  client.close();
  await broker.close({ drainMs: 1000 });
  expect(broker.engine.failure).toMatchObject({ code: 'STORAGE_OFFLINE' });
});

describe('a client is told an address', () => {
  test.each(LOOPBACK)(
    'that it connected to, %s, by a listener on every address',
    async (address) => {
      const broker = await startTestBroker({ host: '' });
      const client = await connectTo(`${address}:${broker.port}`);
      const { brokers } = await client.request(APIS.Metadata, { topics: [], ...NO_OPERATIONS });
      const host = address.replaceAll(/[[\]]/g, '');
      expect(brokers).toMatchObject([{ nodeId: 1, host, port: broker.port }]);
    },
  );

  test('that was advertised, whatever it connected to', async () => {
    const config = { 'advertised.listeners': 'PLAINTEXT://kafka.example:19092' };
    const broker = await startTestBroker({ config });
    const client = await connectTo(`127.0.0.1:${broker.port}`);
    const { brokers } = await client.request(APIS.Metadata, { topics: [], ...NO_OPERATIONS });
    expect(brokers).toMatchObject([{ host: 'kafka.example', port: 19092 }]);
  });
});

describe('kafkajs', () => {
  test('creates a topic and produces with every acks, and the records come back in order', async () => {
    const { bootstrap } = await startTestBroker();
    const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    onTestFinished(() => admin.disconnect());
    const topic = 'orders';
    expect(await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] })).toBe(true);
    expect(await admin.listTopics()).toEqual([topic]);

    const producer = kafka.producer();
    await producer.connect();
    onTestFinished(() => producer.disconnect());
    for (const acks of [-1, 1, 0]) {
      const messages = [0, 1].map((partition) => ({ partition, value: `acks=${acks}` }));
      await producer.send({ topic, acks, messages });
    }
    // An answer to a later request of the same connection: what was sent without one has been
    // appended by then.
    await producer.send({ topic, acks: -1, messages: [{ partition: 0, value: 'last' }] });

    const client = await connectTo(bootstrap);
    expect(await fetchAll(client, topic, 0)).toEqual(['acks=-1', 'acks=1', 'acks=0', 'last']);
    expect(await fetchAll(client, topic, 1)).toEqual(['acks=-1', 'acks=1', 'acks=0']);
    expect(await admin.fetchTopicOffsets(topic)).toEqual([
      { partition: 0, offset: '4', high: '4', low: '0' },
      { partition: 1, offset: '3', high: '3', low: '0' },
    ]);
    await admin.deleteTopics({ topics: [topic] });
    expect(await admin.listTopics()).toEqual([]);
  });

  test('an idempotent producer stores each record once', async () => {
    const { bootstrap } = await startTestBroker();
    const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING });
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    onTestFinished(() => producer.disconnect());
    for (const value of ['one', 'two', 'three']) {
      await producer.send({ topic: 'a', messages: [{ partition: 0, value }] });
    }
    const client = await connectTo(bootstrap);
    expect(await fetchAll(client, 'a')).toEqual(['one', 'two', 'three']);
  });
});
