import { existsSync, readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Disk, nodeDisk } from '../../../engine/index.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import {
  batchOf,
  beside,
  fetchOf,
  produceOf,
  startAttackedBroker,
  topicOf,
  valuesIn,
} from './attacked-broker.js';

const ILLEGAL = [
  '',
  '.',
  '..',
  '../x',
  '../../etc/passwd',
  '/etc/passwd',
  'a/b',
  'a\\b',
  'a b',
  'a\0b',
  'a\nb',
  'a\u001b[31mb',
  'ä',
  '\u{1f9f5}',
  'x'.repeat(250),
  'x'.repeat(32_767),
];

/** Legal in Kafka, and a trap for a program. */
const LEGAL_TRAPS = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '-',
  '...',
  'a-0',
  'metadata.mdb',
  'x'.repeat(249),
];

describe('names of topics', () => {
  test('illegal ones are refused wherever a name can be given, and leave nothing on disk', async () => {
    const broker = await startAttackedBroker();
    const before = readdirSync(broker.dataDir);
    await beside(broker, async () => {
      const client = await broker.connect();
      for (const name of ILLEGAL) {
        const created = await client.call('CreateTopics', 7, topicOf(name));
        expect(created.topics[0]!.errorCode, name).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION);
        const metadata = await client.call('Metadata', 9, { topics: [{ name }] });
        expect(metadata.topics[0]!.errorCode, name).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION);
        const produced = await client.call('Produce', 9, produceOf(name, batchOf(['x'])));
        expect(produced.topics[0]!.partitions[0]!.errorCode, name).toBe(
          ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        );
        const fetched = await client.call('Fetch', 12, fetchOf(name, 0));
        expect(fetched.topics[0]!.partitions[0]!.errorCode, name).toBe(
          ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        );
        const deleted = await client.call('DeleteTopics', 5, {
          topicNames: [name],
          timeoutMs: 1000,
        });
        expect(deleted.responses[0]!.errorCode, name).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
      }
    });
    const after = readdirSync(broker.dataDir).filter((name) => !name.startsWith('neighbour-'));
    expect(after.sort()).toEqual(before.sort());
    expect(existsSync(join(dirname(broker.dataDir), 'x-0'))).toBe(false);
    expect(broker.lines).toEqual([]);
  });

  test('legal ones that are traps for a program are topics like others', async () => {
    const broker = await startAttackedBroker();
    await beside(broker, async () => {
      const client = await broker.connect();
      for (const name of LEGAL_TRAPS) {
        await client.call('Metadata', 9, { topics: [{ name }], allowAutoTopicCreation: true });
        const produced = await client.call('Produce', 9, produceOf(name, batchOf([name])));
        expect(produced.topics[0]!.partitions[0], name).toMatchObject({ errorCode: 0 });
      }
      for (const name of LEGAL_TRAPS) {
        const fetched = await client.call('Fetch', 12, fetchOf(name, 0));
        const { records } = fetched.topics[0]!.partitions[0]!;
        expect(await valuesIn(records as Buffer)).toEqual([name]);
      }
      const deleted = await client.call('DeleteTopics', 5, {
        topicNames: LEGAL_TRAPS,
        timeoutMs: 1000,
      });
      expect(deleted.responses.map(({ errorCode }) => errorCode)).toEqual(LEGAL_TRAPS.map(() => 0));
    });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('two that differ only in case cannot both be had on a disk that ignores case', async () => {
    const broker = await startAttackedBroker({ disk: caseInsensitive(nodeDisk) });
    await beside(broker, async () => {
      const client = await broker.connect();
      const { topics } = await client.call('CreateTopics', 7, {
        topics: [...topicOf('Orders').topics, ...topicOf('orders').topics],
      });
      expect(topics.map(({ errorCode }) => errorCode)).toEqual([
        ErrorCode.NONE,
        ErrorCode.INVALID_TOPIC_EXCEPTION,
      ]);
      const metadata = await client.call('Metadata', 9, {
        topics: [{ name: 'ORDERS' }, { name: 'Orders' }],
        allowAutoTopicCreation: true,
      });
      expect(metadata.topics.map(({ errorCode }) => errorCode)).toEqual([
        ErrorCode.INVALID_TOPIC_EXCEPTION,
        ErrorCode.NONE,
      ]);
    });
  });

  test('two that differ only in case are two topics on a disk that keeps them apart', async () => {
    const broker = await startAttackedBroker({ disk: caseSensitive(nodeDisk) });
    const client = await broker.connect();
    const { topics } = await client.call('CreateTopics', 7, {
      topics: [
        ...topicOf('Orders').topics,
        ...topicOf('orders').topics,
        ...topicOf('a.b').topics,
        ...topicOf('a_b').topics,
      ],
      validateOnly: true,
    });
    // Dot and underscore collide everywhere, as in Kafka.
    expect(topics.map(({ errorCode }) => errorCode)).toEqual([0, 0, 0, 17]);
  });

  test('those of the coordinators are reserved', async () => {
    const broker = await startAttackedBroker();
    const client = await broker.connect();
    for (const name of ['__consumer_offsets', '__transaction_state']) {
      const created = await client.call('CreateTopics', 7, topicOf(name));
      expect(created.topics[0]!.errorCode).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION);
      const metadata = await client.call('Metadata', 9, { topics: [{ name }] });
      expect(metadata.topics[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    }
  });
});

test('absurd wishes in CreateTopics and CreatePartitions get Kafka’s codes', async () => {
  const broker = await startAttackedBroker();
  await broker.createTopic('there');
  await beside(broker, async () => {
    const client = await broker.connect();
    const [wish] = topicOf('t').topics;
    const wishes = [
      [{ ...wish!, numPartitions: 0 }, 'INVALID_PARTITIONS'],
      [{ ...wish!, numPartitions: -7 }, 'INVALID_PARTITIONS'],
      [{ ...wish!, numPartitions: 2 ** 31 - 1 }, 'INVALID_PARTITIONS'],
      [{ ...wish!, replicationFactor: 0 }, 'INVALID_REPLICATION_FACTOR'],
      [{ ...wish!, replicationFactor: 3 }, 'INVALID_REPLICATION_FACTOR'],
      [{ ...wish!, replicationFactor: 32_767 }, 'INVALID_REPLICATION_FACTOR'],
      [{ ...wish!, name: 'there' }, 'TOPIC_ALREADY_EXISTS'],
      [{ ...wish!, configs: [{ name: '__proto__', value: '1' }] }, 'INVALID_CONFIG'],
      [{ ...wish!, configs: [{ name: 'retention.ms', value: '9'.repeat(400) }] }, 'INVALID_CONFIG'],
      [{ ...wish!, configs: [{ name: 'max.message.bytes', value: '-5' }] }, 'INVALID_CONFIG'],
    ] as const;
    for (const [each, code] of wishes) {
      const { topics } = await client.call('CreateTopics', 7, { topics: [each] });
      expect(topics[0]!.errorCode, code).toBe(ErrorCode[code]);
    }
    for (const [count, code] of [
      [1, 'INVALID_PARTITIONS'],
      [-1, 'INVALID_PARTITIONS'],
      [2 ** 31 - 1, 'INVALID_PARTITIONS'],
    ] as const) {
      const { results } = await client.call('CreatePartitions', 3, {
        topics: [{ name: 'there', count, assignments: null }],
        timeoutMs: 1000,
        validateOnly: false,
      });
      expect(results[0]!.errorCode, String(count)).toBe(ErrorCode[code]);
    }
    const twice = await client.call('CreateTopics', 7, {
      topics: [...topicOf('twice').topics, ...topicOf('twice').topics],
    });
    expect(twice.topics.map(({ errorCode }) => errorCode)).toEqual([42, 42]);
    const gone = await client.call('DeleteTopics', 5, {
      topicNames: ['there', 'there'],
      timeoutMs: 1000,
    });
    expect(gone.responses.map(({ errorCode }) => errorCode)).toEqual([42, 42]);
  });
});

/** A disk that finds a file by its name in any case, as those of macOS and Windows do. */
function caseInsensitive(disk: Disk): Disk {
  const stat: Disk['stat'] = async (path) => {
    const names = await readdir(dirname(path)).catch((): string[] => []);
    const wanted = basename(path).toLowerCase();
    const found = names.find((name) => name.toLowerCase() === wanted);
    return found === undefined ? null : disk.stat(join(dirname(path), found));
  };
  return forwarding(disk, stat);
}

function caseSensitive(disk: Disk): Disk {
  return forwarding(disk, async (path) => {
    const names = await readdir(dirname(path)).catch((): string[] => []);
    return names.some((name) => name === basename(path)) ? disk.stat(path) : null;
  });
}

function forwarding(disk: Disk, stat: Disk['stat']): Disk {
  return new Proxy(disk, {
    get: (target, key) => {
      if (key === 'stat') return stat;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
