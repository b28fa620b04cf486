import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '../../server/cli/client.js';
import { type Child, endOf, lastWords, startChild, stopChild } from '../lib/children.js';
import { BROKER_CORE } from '../lib/driver.js';
import { skipped, voided } from '../lib/outcome.js';
import { BENCH, CACHE } from '../lib/paths.js';
import { freePort } from '../lib/ports.js';
import { needTool, pinned } from '../lib/tools.js';
import type { Target } from './target.js';
import { createTopic, deleteTopic, FILES_GO_AT_ONCE } from './topics.js';

const VERSION = '4.3.1';
const LIBS = join(CACHE, `kafka-${VERSION}`);
const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg';
const START_MS = 60_000;
const COLLECTOR = [
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
];

/** Heaps with which Apache Kafka is measured: the one its scripts choose, and a small one. */
export type HeapMB = 1024 | 256;

/**
 * Class path of Apache Kafka, fetched by Maven once. Throws the row's skip without Java or Maven.
 */
export function kafkaClassPath(): string {
  needTool('java');
  if (!existsSync(LIBS)) {
    needTool('mvn');
    fetchLibs();
  }
  return `${LIBS}/*`;
}

function fetchLibs(): void {
  const partial = `${LIBS}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    execFileSync(
      'mvn',
      [
        '-q',
        '-B',
        '-f',
        join(BENCH, 'pom.xml'),
        'dependency:copy-dependencies',
        `-DoutputDirectory=${partial}`,
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
  } catch {
    rmSync(partial, { recursive: true, force: true });
    throw skipped(`Maven could not fetch Apache Kafka ${VERSION}: see its message above`);
  }
  if (readdirSync(partial).length === 0)
    throw skipped('Maven fetched nothing: look at bench/pom.xml');
  renameSync(partial, LIBS);
}

export interface KafkaOptions {
  readonly folder: string;
  readonly heapMB?: HeapMB;
  readonly set?: Readonly<Record<string, string>>;
  readonly core?: number | null;
}

/** A folder that is formatted and can be started, again and again. */
export interface KafkaInstallation {
  /** Of its side in rows. */
  readonly name: string;
  readonly port: number;
  readonly folder: string;
  /** Resolves at once: for rows that measure the start. */
  spawn(): Promise<Child>;
}

export interface Kafka extends Target {
  readonly child: Child;
}

/** Writes the settings (stock, one process) and formats the storage, which no row counts. */
export async function installKafka(options: KafkaOptions): Promise<KafkaInstallation> {
  const { folder, heapMB = 1024 } = options;
  const classPath = kafkaClassPath();
  const port = await freePort();
  const controllerPort = await freePort();
  mkdirSync(folder, { recursive: true });
  const settings = {
    'node.id': '1',
    'process.roles': 'broker,controller',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'log.dirs': join(folder, 'data'),
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    ...FILES_GO_AT_ONCE,
    // Else the first deletions wait for half a minute after the start.
    'log.initial.task.delay.ms': '500',
    ...options.set,
  };
  const file = join(folder, 'server.properties');
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
  writeFileSync(file, lines.join(''));
  execFileSync(
    'java',
    [
      '-Xmx256m',
      '-cp',
      classPath,
      'kafka.tools.StorageTool',
      'format',
      '-t',
      CLUSTER_ID,
      '-c',
      file,
    ],
    { stdio: 'pipe' },
  );
  const heap = [`-Xms${heapMB}M`, `-Xmx${heapMB}M`, ...COLLECTOR];
  const command = ['java', ...heap, '-cp', classPath, 'kafka.Kafka', file];
  const core = options.core === undefined ? BROKER_CORE : options.core;
  return {
    name: `Apache Kafka${heapMB === 256 ? ' 256 MB' : ''}`,
    port,
    folder: join(folder, 'data'),
    spawn: () => startChild(pinned(core, command)),
  };
}

/** Starts Apache Kafka on one core. Resolves when it answers; it is cold then. */
export async function startKafka(options: KafkaOptions | KafkaInstallation): Promise<Kafka> {
  const { name, port, folder, spawn } = 'spawn' in options ? options : await installKafka(options);
  const child = await spawn();
  try {
    await untilAnswering(child, port);
  } catch (error) {
    await stopChild(child, 'SIGKILL');
    throw error;
  }
  return {
    name,
    pid: child.pid,
    port,
    isJvm: true,
    folder,
    child,
    createTopic: (shape) => createTopic(port, shape),
    deleteTopic: (topic) => deleteTopic(port, topic, folder),
    ended: () => endOf(child),
    stop: async (signal) => {
      await stopChild(child, signal);
    },
  };
}

async function untilAnswering(child: Child, port: number): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (!child.hasEnded()) {
    try {
      const client = await Client.connect({ bootstrap: `127.0.0.1:${port}`, timeoutMs: 5000 });
      client.close();
      return;
    } catch {
      if (Date.now() > deadline) throw voided('Apache Kafka did not answer within 60 s');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw voided(`Apache Kafka did not start: ${lastWords(child)}`);
}
