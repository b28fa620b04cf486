import { fileURLToPath } from 'node:url';
import type { ClientProfile } from './client.js';
import { kcatClient } from './kcat-client.js';
import { driverClient } from './support/driver-client.js';
import { QUICK_JVM } from './support/kafka-tools.js';

/** Path of a file in `drivers/`. */
export function driverFile(name: string): string {
  return fileURLToPath(new URL(`drivers/${name}`, import.meta.url));
}

export const KAFKAJS: ClientProfile = {
  name: 'kafkajs',
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  commitModes: ['async'],
  timestamps: true,
  idempotent: true,
  repeatedHeaders: true,
  unsupported: {
    'static members': 'its consumer sends no instance id',
    'cooperative-sticky': 'its rebalances are eager only',
  },
  connect: (bootstrap) =>
    driverClient('kafkajs', [process.execPath, driverFile('kafkajs.mjs')], bootstrap),
};

export const PLATFORMATIC: ClientProfile = {
  name: 'platformatic',
  // zstd needs Node 22.
  codecs: ['none', 'gzip', 'snappy', 'lz4'],
  commitModes: ['async'],
  timestamps: true,
  idempotent: true,
  repeatedHeaders: false,
  unsupported: {
    'cooperative-sticky': 'its rebalances are eager only',
  },
  connect: (bootstrap) =>
    driverClient('platformatic', [process.execPath, driverFile('platformatic.mjs')], bootstrap),
};

export const KCAT: ClientProfile = {
  name: 'kcat',
  codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
  commitModes: ['on-leave'],
  timestamps: false,
  idempotent: true,
  repeatedHeaders: true,
  unsupported: {
    'topic with settings': 'it has no admin API',
    administration: 'it has no admin API',
  },
  connect: kcatClient,
};

/** @param python see `pythonWithClient` */
export function confluentPython(python: string): ClientProfile {
  return {
    name: 'confluent-kafka-python',
    codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    commitModes: ['sync', 'async', 'on-leave'],
    timestamps: true,
    idempotent: true,
    repeatedHeaders: true,
    unsupported: {},
    connect: (bootstrap) =>
      driverClient('confluent-kafka-python', [python, driverFile('confluent.py')], bootstrap),
  };
}

/**
 * @param classPath of Apache Kafka and of the compiled driver
 * @param version of Apache Kafka, for the name; left out for the release that all suites use
 */
export function apacheJava(classPath: string, version?: string): ClientProfile {
  return {
    name: version === undefined ? 'apache-java' : `apache-java-${version}`,
    codecs: ['none', 'gzip', 'snappy', 'lz4', 'zstd'],
    commitModes: ['sync', 'async', 'on-leave'],
    timestamps: true,
    idempotent: true,
    repeatedHeaders: true,
    unsupported: {},
    connect: (bootstrap) => driverClient('apache-java', javaCommand(classPath), bootstrap),
  };
}

function javaCommand(classPath: string): string[] {
  return ['java', ...QUICK_JVM, '-cp', classPath, 'JavaDriver'];
}
