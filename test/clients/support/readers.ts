import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { goReaders } from './go.js';
import { compiledClassPath, kafkaClassPath, QUICK_JVM } from './kafka-tools.js';
import { pythonWith, pythonWithClient } from './python.js';
import { available, runs } from './tools.js';

/** What a reader is asked for: see `readers/README.md`. */
export interface Reading {
  readonly bootstrap: string;
  readonly topic: string;
  readonly offset: number;
  /** The key of the last record. */
  readonly untilKey: string;
}

/** A client that reads a partition from an offset on. */
export interface Reader {
  readonly name: string;
  /** Whether it is at hand. */
  readonly found: boolean;
  command(reading: Reading): readonly string[];
}

/**
 * Resolves with `offset:key` of each record, when the one with the last key was read. Rejects when
 * the client ends before.
 */
export async function readBy(reader: Reader, reading: Reading): Promise<string[]> {
  const [program, ...args] = reader.command(reading);
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const complaints: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
  const closed = once(child, 'close');
  const read: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (!/^\d+:/.test(line)) continue;
    read.push(line);
    // kcat would go on.
    if (reader.name === 'kcat' && line.endsWith(`:${reading.untilKey}`)) child.kill();
  }
  const [code] = await closed;
  if (read.at(-1)?.endsWith(`:${reading.untilKey}`)) return read;
  throw new Error(`${reader.name} ended with ${code} after ${read}: ${Buffer.concat(complaints)}`);
}

function file(name: string): string {
  return resolve('test/clients/readers', name);
}

function program(name: string, found: boolean, ...command: readonly string[]): Reader {
  return {
    name,
    found,
    command: ({ bootstrap, topic, offset, untilKey }) => [
      ...command,
      bootstrap,
      topic,
      String(offset),
      untilKey,
    ],
  };
}

/** All readers; those whose tools are missing are not found. */
export function allReaders(): Reader[] {
  const confluent = pythonWithClient();
  const old = pythonWith('kafka-python==2.0.2', 'kafka');
  const current = pythonWith('kafka-python==3.0.12', 'kafka');
  const aiokafka = pythonWith('aiokafka==0.14.0', 'aiokafka');
  const go = goReaders();
  const classPath = kafkaClassPath();
  const java = classPath && compiledClassPath(classPath, 'test/clients/readers/Reader.java');
  return [
    program('kafkajs', true, process.execPath, file('kafkajs.mjs')),
    {
      name: 'kcat',
      found: available('kcat', runs('kcat', '-V'), 'apt-get install kcat'),
      command: ({ bootstrap, topic, offset }) =>
        `kcat -q -u -C -b ${bootstrap} -t ${topic} -p 0 -o ${offset} -f %o:%k\\n`.split(' '),
    },
    program('confluent-kafka', confluent !== null, confluent ?? '', file('confluent.py')),
    program('kafka-python 2.0', old !== null, old ?? '', file('kafka_python.py')),
    program('kafka-python 3.0', current !== null, current ?? '', file('kafka_python.py')),
    program('aiokafka', aiokafka !== null, aiokafka ?? '', file('aiokafka_reader.py')),
    ...['franz-go', 'kafka-go', 'sarama'].map((client) =>
      program(client, go !== null, go ?? '', client),
    ),
    program('Java', java !== null, 'java', ...QUICK_JVM, '-cp', java ?? '', 'Reader'),
  ];
}
