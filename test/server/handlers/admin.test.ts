import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../engine/index.js';
import { ErrorCode, type ErrorName } from '../../../server/protocol/error-codes.js';
import { ZERO_UUID } from '../../../server/protocol/schema.js';
import {
  batchOf,
  type MemoryBroker,
  memoryBroker,
  produceOf,
  turns,
} from '../../support/memory-broker.js';
import { MemoryEngine } from '../../support/memory-log.js';

const wish = { numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };

async function createCode(broker: MemoryBroker, topic: object): Promise<number> {
  const { topics } = await broker.call('CreateTopics', 7, {
    topics: [{ name: 'x', ...wish, ...topic }],
  });
  return topics[0]!.errorCode;
}

describe('CreateTopics', () => {
  test('a created topic serves when the answer comes, with id, counts and settings', async () => {
    const broker = await memoryBroker({ settings: { 'num.partitions': '3' } });
    const { topics } = await broker.call('CreateTopics', 7, {
      topics: [
        {
          name: 'a',
          ...wish,
          numPartitions: -1,
          replicationFactor: -1,
          configs: [{ name: 'retention.ms', value: '5' }],
        },
      ],
    });
    expect(topics[0]).toMatchObject({
      errorCode: 0,
      errorMessage: null,
      numPartitions: 3,
      replicationFactor: 1,
    });
    expect(topics[0]!.topicId).not.toBe(ZERO_UUID);
    const retention = topics[0]!.configs?.find(({ name }) => name === 'retention.ms');
    expect(retention).toEqual({
      name: 'retention.ms',
      value: '5',
      readOnly: false,
      configSource: 1,
      isSensitive: false,
    });
    expect(broker.engine.logs.size).toBe(3);
    expect(broker.engine.log('a', 2).settings.retentionMs).toBe(5);
  });

  test.each<[string, object, ErrorName]>([
    ['an empty name', { name: '' }, 'INVALID_TOPIC_EXCEPTION'],
    ['..', { name: '..' }, 'INVALID_TOPIC_EXCEPTION'],
    ['../x', { name: '../x' }, 'INVALID_TOPIC_EXCEPTION'],
    ['250 characters', { name: 'x'.repeat(250) }, 'INVALID_TOPIC_EXCEPTION'],
    ['a NUL', { name: 'a\0b' }, 'INVALID_TOPIC_EXCEPTION'],
    ['a reserved name', { name: '__consumer_offsets' }, 'INVALID_TOPIC_EXCEPTION'],
    ['no partitions', { numPartitions: 0 }, 'INVALID_PARTITIONS'],
    ['negative partitions', { numPartitions: -2 }, 'INVALID_PARTITIONS'],
    ['too many partitions', { numPartitions: 101 }, 'INVALID_PARTITIONS'],
    ['two replicas', { replicationFactor: 2 }, 'INVALID_REPLICATION_FACTOR'],
    ['no replicas', { replicationFactor: 0 }, 'INVALID_REPLICATION_FACTOR'],
    [
      'an assignment to another node',
      {
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, brokerIds: [2] }],
      },
      'INVALID_REPLICA_ASSIGNMENT',
    ],
    [
      'an assignment to two nodes',
      {
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, brokerIds: [1, 1] }],
      },
      'INVALID_REPLICA_ASSIGNMENT',
    ],
    [
      'an assignment with a gap',
      {
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 1, brokerIds: [1] }],
      },
      'INVALID_REPLICA_ASSIGNMENT',
    ],
    [
      'an assignment that repeats',
      {
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [
          { partitionIndex: 0, brokerIds: [1] },
          { partitionIndex: 0, brokerIds: [1] },
        ],
      },
      'INVALID_REPLICA_ASSIGNMENT',
    ],
    [
      'assignments and counts',
      { assignments: [{ partitionIndex: 0, brokerIds: [1] }] },
      'INVALID_REQUEST',
    ],
    ['an unknown setting', { configs: [{ name: 'retention.mss', value: '1' }] }, 'INVALID_CONFIG'],
    ['__proto__ as a setting', { configs: [{ name: '__proto__', value: '1' }] }, 'INVALID_CONFIG'],
    ['a bad value', { configs: [{ name: 'retention.ms', value: 'x' }] }, 'INVALID_CONFIG'],
    ['a null value', { configs: [{ name: 'retention.ms', value: null }] }, 'INVALID_CONFIG'],
    [
      'a setting twice',
      {
        configs: [
          { name: 'retention.ms', value: '1' },
          { name: 'retention.ms', value: '2' },
        ],
      },
      'INVALID_CONFIG',
    ],
  ])('%s is refused and leaves nothing behind', async (_name, topic, code) => {
    const broker = await memoryBroker({ partitionsPerTopicMax: 100 });
    expect(await createCode(broker, topic)).toBe(ErrorCode[code]);
    expect([...broker.metadata.image.topicNames()]).toEqual([]);
    expect(broker.engine.opened).toEqual([]);
  });

  test('assignments to this node are what they say', async () => {
    const broker = await memoryBroker();
    const assignments = [1, 0].map((partitionIndex) => ({ partitionIndex, brokerIds: [1] }));
    expect(
      await createCode(broker, { numPartitions: -1, replicationFactor: -1, assignments }),
    ).toBe(0);
    expect(broker.metadata.image.topic('x')!.partitions).toHaveLength(2);
  });

  test('names that collide: equal, by dot and underscore, and by case where the disk ignores it', async () => {
    const broker = await memoryBroker({ caseInsensitiveDisk: true });
    await broker.createTopic('a.b_c');
    expect(await createCode(broker, { name: 'a.b_c' })).toBe(ErrorCode.TOPIC_ALREADY_EXISTS);
    expect(await createCode(broker, { name: 'a_b.c' })).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION);
    await broker.createTopic('Orders');
    expect(await createCode(broker, { name: 'orders' })).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION);
    const sensitive = await memoryBroker();
    await sensitive.createTopic('Orders');
    expect(await createCode(sensitive, { name: 'orders' })).toBe(0);
  });

  test('legal names that are traps for a program are names like others', async () => {
    const broker = await memoryBroker();
    for (const name of ['__proto__', 'constructor', 'toString', '...', 'x'.repeat(249)]) {
      expect(await createCode(broker, { name })).toBe(0);
      const answer = await broker.call('Produce', 9, produceOf(name, batchOf(['v'])));
      expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(0);
    }
  });

  test('a request is judged topic by topic, in its order; a name given twice is refused both times', async () => {
    const broker = await memoryBroker({ partitionsPerTopicMax: 5 });
    const { topics } = await broker.call('CreateTopics', 5, {
      topics: [
        { name: 'twice', ...wish },
        { name: 'a', ...wish, numPartitions: 3 },
        { name: 'twice', ...wish },
        { name: '', ...wish },
        { name: 'b', ...wish, numPartitions: 2 },
        { name: 'c', ...wish, numPartitions: 1 },
        { name: 'a_', ...wish, numPartitions: 0 },
      ],
    });
    expect(topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['twice', ErrorCode.INVALID_REQUEST],
      ['a', 0],
      ['twice', ErrorCode.INVALID_REQUEST],
      ['', ErrorCode.INVALID_TOPIC_EXCEPTION],
      ['b', 0],
      ['c', ErrorCode.INVALID_PARTITIONS],
      ['a_', ErrorCode.INVALID_PARTITIONS],
    ]);
    expect([...broker.metadata.image.topicNames()]).toEqual(['a', 'b']);
  });

  test('two that collide within one request: the first is created', async () => {
    const broker = await memoryBroker();
    const { topics } = await broker.call('CreateTopics', 7, {
      topics: [
        { name: 'a.b', ...wish },
        { name: 'a_b', ...wish },
      ],
    });
    expect(topics.map(({ errorCode }) => errorCode)).toEqual([
      0,
      ErrorCode.INVALID_TOPIC_EXCEPTION,
    ]);
  });

  test('validate_only says the same and writes nothing', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('there');
    const { revision } = broker.metadata.image;
    const { topics } = await broker.call('CreateTopics', 7, {
      topics: [
        { name: 'a', ...wish },
        { name: 'there', ...wish },
      ],
      validateOnly: true,
    });
    expect(topics.map(({ errorCode }) => errorCode)).toEqual([0, ErrorCode.TOPIC_ALREADY_EXISTS]);
    expect(topics[0]).toMatchObject({ topicId: ZERO_UUID, numPartitions: 1 });
    expect(broker.metadata.image.revision).toBe(revision);
  });

  test('of two connections that create the same topic at once, one succeeds', async () => {
    const broker = await memoryBroker();
    const codes = await Promise.all([
      createCode(broker, {}),
      createCode(broker, {}),
      createCode(broker, {}),
    ]);
    expect(codes.sort()).toEqual([0, 36, 36]);
    expect(broker.engine.opened).toHaveLength(1);
  });
});

describe('DeleteTopics', () => {
  test('by name and by id; a recreated topic has a new id and an empty log', async () => {
    const broker = await memoryBroker();
    const first = await broker.createTopic('t');
    await broker.call('Produce', 9, produceOf('t', batchOf(['a'])));
    const byName = await broker.call('DeleteTopics', 1, { topicNames: ['t'], timeoutMs: 1 });
    expect(byName.responses).toMatchObject([{ name: 't', errorCode: 0 }]);
    const second = await broker.createTopic('t');
    expect(second.topicId).not.toBe(first.topicId);
    expect(broker.engine.log('t').logEndOffset).toBe(0);
    const byId = await broker.call('DeleteTopics', 6, {
      topics: [
        { name: null, topicId: second.topicId },
        { name: null, topicId: first.topicId },
      ],
      timeoutMs: 1,
    });
    expect(byId.responses).toMatchObject([
      { name: 't', topicId: second.topicId, errorCode: 0 },
      { name: null, topicId: first.topicId, errorCode: ErrorCode.UNKNOWN_TOPIC_ID },
    ]);
    await broker.settled();
    expect(broker.engine.deleted.map(({ topicId }) => topicId)).toEqual([
      first.topicId,
      second.topicId,
    ]);
    expect((await broker.store.range('deleted-topics/')).entries).toEqual([]);
  });

  test('unknown, doubled and contradictory wishes', async () => {
    const broker = await memoryBroker();
    const { topicId } = await broker.createTopic('t');
    const { responses } = await broker.call('DeleteTopics', 6, {
      topics: [
        { name: '__proto__', topicId: ZERO_UUID },
        { name: 't', topicId },
        { name: null, topicId: ZERO_UUID },
        { name: 'twice', topicId: ZERO_UUID },
        { name: 'twice', topicId: ZERO_UUID },
      ],
      timeoutMs: 1,
    });
    expect(responses.map(({ errorCode }) => errorCode)).toEqual([3, 42, 42, 42, 42]);
    expect(broker.metadata.image.topic('t')).toBeDefined();
  });

  test('delete.topic.enable=false refuses, in words that the version knows', async () => {
    const broker = await memoryBroker({ settings: { 'delete.topic.enable': 'false' } });
    await broker.createTopic('t');
    const old = await broker.call('DeleteTopics', 2, { topicNames: ['t'], timeoutMs: 1 });
    expect(old.responses[0]!.errorCode).toBe(ErrorCode.INVALID_REQUEST);
    const recent = await broker.call('DeleteTopics', 3, { topicNames: ['t'], timeoutMs: 1 });
    expect(recent.responses[0]!.errorCode).toBe(ErrorCode.TOPIC_DELETION_DISABLED);
  });
});

describe('CreatePartitions', () => {
  test('adds partitions, which serve when the answer comes', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t', 2);
    const { results } = await broker.call('CreatePartitions', 3, {
      topics: [{ name: 't', count: 4, assignments: null }],
      timeoutMs: 1,
      validateOnly: false,
    });
    expect(results).toEqual([{ name: 't', errorCode: 0, errorMessage: null }]);
    const answer = await broker.call(
      'Produce',
      9,
      produceOf('t', batchOf(['a']), { partition: 3 }),
    );
    expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(0);
  });

  test.each<[string, object, ErrorName]>([
    ['as many as there are', { count: 2 }, 'INVALID_PARTITIONS'],
    ['fewer than there are', { count: 1 }, 'INVALID_PARTITIONS'],
    ['too many', { count: 101 }, 'INVALID_PARTITIONS'],
    ['an unknown topic', { name: 'u', count: 3 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    [
      'an assignment elsewhere',
      { count: 3, assignments: [{ brokerIds: [9] }] },
      'INVALID_REPLICA_ASSIGNMENT',
    ],
    [
      'a wrong number of assignments',
      { count: 4, assignments: [{ brokerIds: [1] }] },
      'INVALID_REPLICA_ASSIGNMENT',
    ],
  ])('%s is refused', async (_name, topic, code) => {
    const broker = await memoryBroker({ partitionsPerTopicMax: 100 });
    await broker.createTopic('t', 2);
    const { results } = await broker.call('CreatePartitions', 0, {
      topics: [{ name: 't', count: 3, assignments: null, ...topic }],
      timeoutMs: 1,
      validateOnly: false,
    });
    expect(results[0]!.errorCode).toBe(ErrorCode[code]);
    expect(broker.metadata.image.topic('t')!.partitions).toHaveLength(2);
  });

  test('validate_only changes nothing, and a topic given twice is refused', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    const grow = { name: 't', count: 2, assignments: null };
    const valid = await broker.call('CreatePartitions', 0, {
      topics: [grow],
      timeoutMs: 1,
      validateOnly: true,
    });
    expect(valid.results[0]!.errorCode).toBe(0);
    const twice = await broker.call('CreatePartitions', 0, {
      topics: [grow, grow],
      timeoutMs: 1,
      validateOnly: false,
    });
    expect(twice.results.map(({ errorCode }) => errorCode)).toEqual([42, 42]);
    expect(broker.metadata.image.topic('t')!.partitions).toHaveLength(1);
  });
});

describe('Metadata', () => {
  test('brokers, controller and cluster id; the connected address without the IPv4 prefix', async () => {
    const listening = await memoryBroker({ settings: { listeners: 'PLAINTEXT://:0' } });
    const answer = await listening.call('Metadata', 12, { topics: [] });
    expect(answer.brokers).toEqual([{ nodeId: 1, host: '127.0.0.1', port: 19_092, rack: null }]);
    expect(answer.controllerId).toBe(1);
    expect(answer.clusterId).toMatch(/^[\w-]{22}$/);
    expect(answer.clusterAuthorizedOperations).toBe(-2147483648);
    const fixed = await memoryBroker({
      settings: { 'advertised.listeners': 'PLAINTEXT://kafka.example:1234' },
    });
    const { brokers } = await fixed.call('DescribeCluster', 1, {
      includeClusterAuthorizedOperations: false,
    });
    expect(brokers).toMatchObject([{ brokerId: 1, host: 'kafka.example', port: 1234, rack: null }]);
    const free = await memoryBroker({ settings: { listeners: 'PLAINTEXT://localhost:0' } });
    expect((await free.call('Metadata', 1, { topics: [] })).brokers).toMatchObject([
      { host: 'localhost', port: 19_092 },
    ]);
    const elsewhere = await memoryBroker({
      settings: { listeners: 'OTHER://:0', 'listener.security.protocol.map': 'OTHER:PLAINTEXT' },
    });
    expect((await elsewhere.call('Metadata', 1, { topics: [] })).brokers).toEqual([]);
  });

  test('the cluster id is the same after a restart', async () => {
    const first = await memoryBroker();
    const { clusterId } = await first.call('Metadata', 12, { topics: [] });
    const second = await memoryBroker({ catalog: first.catalog });
    expect((await second.call('Metadata', 12, { topics: [] })).clusterId).toBe(clusterId);
  });

  test('all topics: an empty list in version 0, null from 1 on; an empty list is none from 1 on', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('a');
    await broker.createTopic('b', 2);
    expect((await broker.call('Metadata', 0, { topics: [] })).topics).toHaveLength(2);
    expect((await broker.call('Metadata', 1, { topics: [] })).topics).toHaveLength(0);
    const all = await broker.call('Metadata', 12, { topics: null });
    expect(all.topics.map(({ name, partitions }) => [name, partitions.length])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
  });

  test('describes partitions with the epoch of their leader', async () => {
    const broker = await memoryBroker({ engine: new MemoryEngine(4) });
    const { topicId } = await broker.createTopic('t');
    const { topics } = await broker.call('Metadata', 12, { topics: [{ name: null, topicId }] });
    expect(topics).toEqual([
      {
        errorCode: 0,
        name: 't',
        topicId,
        isInternal: false,
        topicAuthorizedOperations: -2147483648,
        partitions: [
          {
            errorCode: 0,
            partitionIndex: 0,
            leaderId: 1,
            leaderEpoch: 4,
            replicaNodes: [1],
            isrNodes: [1],
            offlineReplicas: [],
          },
        ],
      },
    ]);
  });

  test('a topic that is asked for is created: by version 0 to 3 always, from 4 on if the flag says so', async () => {
    const broker = await memoryBroker({ settings: { 'num.partitions': '2' } });
    const old = await broker.call('Metadata', 1, { topics: [{ name: 'a' }] });
    expect(old.topics[0]).toMatchObject({ errorCode: 0, name: 'a' });
    expect(old.topics[0]!.partitions).toHaveLength(2);
    expect(
      (await broker.call('Produce', 9, produceOf('a', batchOf(['x'])))).topics[0]!.partitions[0]!
        .errorCode,
    ).toBe(0);
    const refused = await broker.call('Metadata', 9, {
      topics: [{ name: 'b' }],
      allowAutoTopicCreation: false,
    });
    expect(refused.topics[0]).toMatchObject({ errorCode: 3, name: 'b', partitions: [] });
    const both = await Promise.all(
      [1, 2, 3].map(() =>
        broker.call('Metadata', 9, { topics: [{ name: 'b' }], allowAutoTopicCreation: true }),
      ),
    );
    expect(both.map(({ topics }) => topics[0]!.errorCode)).toEqual([0, 0, 0]);
    expect(new Set(broker.engine.opened.map(({ topicId }) => topicId)).size).toBe(2);
  });

  test('auto.create.topics.enable=false creates nothing', async () => {
    const broker = await memoryBroker({ settings: { 'auto.create.topics.enable': 'false' } });
    const { topics } = await broker.call('Metadata', 1, { topics: [{ name: 'a' }] });
    expect(topics[0]!.errorCode).toBe(3);
  });

  test('names that cannot be created get their codes, and those that repeat one answer', async () => {
    const broker = await memoryBroker({ partitionsPerTopicMax: 2 });
    await broker.createTopic('a.b');
    const names = ['../x', '', '__consumer_offsets', 'a_b', 'n1', 'n1', 'n2', 'n3', 'a.b'];
    const { topics } = await broker.call('Metadata', 9, {
      topics: names.map((name) => ({ name })),
      allowAutoTopicCreation: true,
    });
    expect(topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['../x', 17],
      ['', 17],
      ['__consumer_offsets', 3],
      ['a_b', 17],
      ['n1', 0],
      ['n2', ErrorCode.INVALID_PARTITIONS],
      ['n3', ErrorCode.INVALID_PARTITIONS],
      ['a.b', 0],
    ]);
    expect(topics[2]!.isInternal).toBe(true);
  });

  test('by id: not before version 12, and unknown ones are UNKNOWN_TOPIC_ID', async () => {
    const broker = await memoryBroker();
    const { topicId } = await broker.createTopic('t');
    const early = await broker.call('Metadata', 10, { topics: [{ name: null, topicId }] });
    expect(early.topics[0]!.errorCode).toBe(ErrorCode.INVALID_REQUEST);
    const unknown = 'abcdefghijklmnopqrstuA';
    const answer = await broker.call('Metadata', 12, {
      topics: [{ name: null, topicId: unknown }],
    });
    expect(answer.topics).toMatchObject([
      { name: null, topicId: unknown, errorCode: ErrorCode.UNKNOWN_TOPIC_ID },
    ]);
  });

  test('beside an id the name does not count, and nothing is created by it', async () => {
    const broker = await memoryBroker();
    const { topicId } = await broker.createTopic('t');
    const unknown = 'abcdefghijklmnopqrstuA';
    for (const name of ['', 'other']) {
      const answer = await broker.call('Metadata', 13, {
        topics: [
          { name, topicId },
          { name, topicId: unknown },
        ],
        allowAutoTopicCreation: true,
      });
      expect(answer.topics).toMatchObject([
        { name: 't', topicId, errorCode: 0 },
        { name: null, topicId: unknown, errorCode: ErrorCode.UNKNOWN_TOPIC_ID },
      ]);
    }
    const all = await broker.call('Metadata', 12, { topics: null });
    expect(all.topics.map(({ name }) => name)).toEqual(['t']);
  });

  test('a partition whose log does not open has no leader; the others serve', async () => {
    const engine = new MemoryEngine();
    engine.refuseOpen.set('t-1', new EngineError('DAMAGED_LOG', 'bad'));
    const broker = await memoryBroker({ engine });
    await broker.createTopic('t', 2);
    const { topics } = await broker.call('Metadata', 9, { topics: [{ name: 't' }] });
    expect(topics[0]!.partitions).toMatchObject([
      { errorCode: 0, leaderId: 1, offlineReplicas: [] },
      { errorCode: ErrorCode.LEADER_NOT_AVAILABLE, leaderId: -1, offlineReplicas: [1] },
    ]);
    const answer = await broker.call(
      'Produce',
      9,
      produceOf('t', batchOf(['x']), { partition: 1 }),
    );
    expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
  });
});

describe('DescribeCluster', () => {
  test('controllers have no endpoints, other types are unknown', async () => {
    const broker = await memoryBroker();
    for (const [endpointType, code] of [
      [2, 'MISMATCHED_ENDPOINT_TYPE'],
      [7, 'UNSUPPORTED_ENDPOINT_TYPE'],
    ] as const) {
      const answer = await broker.call('DescribeCluster', 1, {
        includeClusterAuthorizedOperations: false,
        endpointType,
      });
      expect(answer.errorCode).toBe(ErrorCode[code]);
    }
  });
});

describe('ListOffsets', () => {
  async function offsetsOf(
    broker: MemoryBroker,
    timestamp: number,
    version = 9,
    more: object = {},
    isolationLevel = 0,
  ) {
    const { topics } = await broker.call('ListOffsets', version, {
      replicaId: -1,
      isolationLevel,
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp, ...more }] }],
    });
    return topics[0]!.partitions[0]!;
  }

  test('places and times', async () => {
    const broker = await memoryBroker({ engine: new MemoryEngine(3) });
    await broker.createTopic('t');
    expect(await offsetsOf(broker, -3)).toMatchObject({ errorCode: 0, offset: -1, timestamp: -1 });
    for (const [value, timestamp] of [
      ['a', 1000],
      ['b', 3000],
      ['c', 2000],
    ] as const) {
      await broker.call('Produce', 9, produceOf('t', batchOf([value], timestamp)));
    }
    const log = broker.engine.log('t');
    await log.deleteBefore(1);
    expect(await offsetsOf(broker, -1)).toMatchObject({ offset: 3, timestamp: -1, leaderEpoch: 3 });
    expect(await offsetsOf(broker, -1, 1)).toMatchObject({ offset: 3, timestamp: -1 });
    expect(await offsetsOf(broker, -2)).toMatchObject({
      offset: 1,
      timestamp: -1,
      leaderEpoch: 3,
    });
    expect(await offsetsOf(broker, -3)).toMatchObject({
      offset: 1,
      timestamp: 3000,
      leaderEpoch: 3,
    });
    expect(await offsetsOf(broker, -4)).toMatchObject({ offset: 1, leaderEpoch: 3 });
    for (const tiered of [-5, -6]) {
      expect(await offsetsOf(broker, tiered, 11)).toMatchObject({
        errorCode: 0,
        offset: -1,
        timestamp: -1,
        leaderEpoch: -1,
      });
    }
    expect(await offsetsOf(broker, 1500)).toMatchObject({ offset: 1, timestamp: 3000 });
    expect(await offsetsOf(broker, Number.MAX_SAFE_INTEGER)).toMatchObject({
      errorCode: 0,
      offset: -1,
      timestamp: -1,
    });
    log.stableEnd = 1;
    expect(await offsetsOf(broker, -1, 9, {}, 1)).toMatchObject({ offset: 1 });
    expect(await offsetsOf(broker, 1500, 9, {}, 1)).toMatchObject({ offset: -1 });
  });

  test('names of places that a version does not know, unknown partitions and other epochs', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    for (const [timestamp, version] of [
      [-3, 6],
      [-4, 7],
      [-5, 8],
      [-6, 10],
      [-7, 11],
      [Number.MIN_SAFE_INTEGER, 9],
    ] as const) {
      expect((await offsetsOf(broker, timestamp, version)).errorCode).toBe(
        ErrorCode.UNSUPPORTED_VERSION,
      );
    }
    expect((await offsetsOf(broker, -1, 9, { partitionIndex: 9 })).errorCode).toBe(3);
    expect((await offsetsOf(broker, -1, 9, { currentLeaderEpoch: 8 })).errorCode).toBe(
      ErrorCode.UNKNOWN_LEADER_EPOCH,
    );
    const { topics } = await broker.call('ListOffsets', 1, {
      replicaId: -1,
      topics: [{ name: 'none', partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
    });
    expect(topics[0]!.partitions[0]).toMatchObject({ errorCode: 3, offset: -1, timestamp: -1 });
  });
});

describe('OffsetForLeaderEpoch', () => {
  test('the end of a known epoch; -1 without an error for an unknown one; fenced by the current one', async () => {
    const broker = await memoryBroker({ engine: new MemoryEngine(3) });
    await broker.createTopic('t');
    await broker.call('Produce', 9, produceOf('t', batchOf(['a', 'b'])));
    const { topics } = await broker.call('OffsetForLeaderEpoch', 4, {
      topics: [
        {
          topic: 't',
          partitions: [
            { partition: 0, leaderEpoch: 3 },
            { partition: 0, leaderEpoch: 9 },
            { partition: 0, currentLeaderEpoch: 2, leaderEpoch: 3 },
            { partition: 5, leaderEpoch: 3 },
          ],
        },
        { topic: 'none', partitions: [{ partition: 0, leaderEpoch: 3 }] },
      ],
    });
    expect(topics[0]!.partitions).toMatchObject([
      { errorCode: 0, leaderEpoch: 3, endOffset: 2 },
      { errorCode: 0, leaderEpoch: -1, endOffset: -1 },
      { errorCode: ErrorCode.FENCED_LEADER_EPOCH },
      { errorCode: 3 },
    ]);
    expect(topics[1]!.partitions[0]!.errorCode).toBe(3);
  });
});

describe('DeleteRecords', () => {
  async function deleteBefore(
    broker: MemoryBroker,
    offset: number,
    name = 't',
    partitionIndex = 0,
  ) {
    const { topics } = await broker.call('DeleteRecords', 2, {
      topics: [{ name, partitions: [{ partitionIndex, offset }] }],
      timeoutMs: 1,
    });
    return topics[0]!.partitions[0]!;
  }

  test('moves the log start; -1 is the high watermark', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    await broker.call('Produce', 9, produceOf('t', batchOf(['a', 'b', 'c'])));
    expect(await deleteBefore(broker, 2)).toMatchObject({ errorCode: 0, lowWatermark: 2 });
    expect(await deleteBefore(broker, 1)).toMatchObject({ errorCode: 0, lowWatermark: 2 });
    expect(await deleteBefore(broker, -1)).toMatchObject({ errorCode: 0, lowWatermark: 3 });
  });

  test('offsets that are none, unknown partitions, compacted and internal topics', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    await broker.createTopic('c', 1, { 'cleanup.policy': 'compact' });
    for (const offset of [-2, 1, Number.MAX_SAFE_INTEGER]) {
      expect(await deleteBefore(broker, offset)).toMatchObject({ errorCode: 1, lowWatermark: -1 });
    }
    expect((await deleteBefore(broker, 0, 't', 4)).errorCode).toBe(3);
    expect((await deleteBefore(broker, 0, 'none')).errorCode).toBe(3);
    expect((await deleteBefore(broker, 0, 'c')).errorCode).toBe(ErrorCode.POLICY_VIOLATION);
  });
});

describe('InitProducerId', () => {
  test('every producer gets an id of its own, across restarts too', async () => {
    const ids: number[] = [];
    let broker = await memoryBroker();
    for (const version of [0, 5, 0]) {
      const body = { transactionalId: null, transactionTimeoutMs: 0 };
      const answer = await broker.call('InitProducerId', version, body);
      expect(answer).toMatchObject({ errorCode: 0, producerEpoch: 0 });
      ids.push(answer.producerId);
      if (version === 5) broker = await memoryBroker({ catalog: broker.catalog });
    }
    expect(ids.map((id) => id - ids[0]!)).toEqual([0, 1, 1000]);
  });

  test('a transactional id gets the one error that every client takes as final', async () => {
    const broker = await memoryBroker();
    const answer = await broker.call('InitProducerId', 4, {
      transactionalId: 'tx',
      transactionTimeoutMs: 1000,
    });
    expect(answer).toMatchObject({ errorCode: 53, producerId: -1, producerEpoch: -1 });
    const empty = await broker.call('InitProducerId', 4, {
      transactionalId: '',
      transactionTimeoutMs: 1000,
    });
    expect(empty.errorCode).toBe(53);
  });
});

describe('settings', () => {
  async function describeOne(
    broker: MemoryBroker,
    resourceType: number,
    resourceName: string,
    configurationKeys: string[] | null = null,
    more: object = {},
  ) {
    const { results } = await broker.call('DescribeConfigs', 4, {
      resources: [{ resourceType, resourceName, configurationKeys }],
      ...more,
    });
    return results[0]!;
  }

  async function alter(
    broker: MemoryBroker,
    resource: [number, string],
    configs: [string, number, string | null][],
    validateOnly = false,
  ) {
    const { responses } = await broker.call('IncrementalAlterConfigs', 1, {
      resources: [
        {
          resourceType: resource[0],
          resourceName: resource[1],
          configs: configs.map(([name, configOperation, value]) => ({
            name,
            configOperation,
            value,
          })),
        },
      ],
      validateOnly,
    });
    return responses[0]!;
  }

  test('a topic shows its own values before the broker’s, with what was asked for', async () => {
    const broker = await memoryBroker({ settings: { 'log.retention.ms': '77' } });
    await broker.createTopic('t', 1, { 'max.message.bytes': '5000' });
    const names = ['max.message.bytes', 'retention.ms', 'no.such.key'];
    const { configs } = await describeOne(broker, 2, 't', names, {
      includeSynonyms: true,
      includeDocumentation: true,
    });
    expect(configs.map(({ name, value, configSource }) => [name, value, configSource])).toEqual([
      ['max.message.bytes', '5000', 1],
      ['retention.ms', '77', 4],
    ]);
    expect(configs[0]!.synonyms).toHaveLength(2);
    expect(configs[0]!.documentation).toBeTruthy();
    const plain = await describeOne(broker, 2, 't', ['retention.ms']);
    expect(plain.configs[0]).toMatchObject({ synonyms: [], documentation: null });
    expect((await describeOne(broker, 2, 't', [])).configs.length).toBeGreaterThan(30);
  });

  test('an answer says of each key its type and what it does, from version 3 on', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    const describeAs = async (version: number, resourceType: number, types: [string, number][]) => {
      const { results } = await broker.call('DescribeConfigs', version, {
        resources: [
          {
            resourceType,
            resourceName: resourceType === 2 ? 't' : '1',
            configurationKeys: types.map(([name]) => name),
          },
        ],
        ...(version >= 3 && { includeDocumentation: true }),
      });
      return results[0]!.configs;
    };
    // ConfigDescribeResponse.ConfigType of Apache Kafka, by number.
    const topicTypes: [string, number][] = [
      ['preallocate', 1],
      ['compression.type', 2],
      ['max.message.bytes', 3],
      ['retention.ms', 5],
      ['min.cleanable.dirty.ratio', 6],
      ['cleanup.policy', 7],
    ];
    const brokerTypes: [string, number][] = [
      ['auto.create.topics.enable', 1],
      ['log.cleaner.threads', 3],
      ['listeners', 7],
    ];
    for (const version of [3, 4]) {
      for (const [type, types] of [[2, topicTypes] as const, [4, brokerTypes] as const]) {
        const configs = await describeAs(version, type, types);
        const shown = configs.map(({ name, configType }) => [name, configType]);
        expect(shown.toSorted()).toEqual(types.toSorted());
        const silent = configs.filter(({ documentation }) => !documentation);
        expect(silent.map(({ name }) => name)).toEqual([]);
      }
    }
    const before = await describeAs(2, 2, topicTypes);
    expect(before).toHaveLength(topicTypes.length);
    for (const config of before)
      expect(config).toMatchObject({ configType: 0, documentation: null });
  });

  test('resources that are none of ours', async () => {
    const broker = await memoryBroker();
    const cases = [
      [2, 'none', 'UNKNOWN_TOPIC_OR_PARTITION'],
      [2, '../x', 'INVALID_TOPIC_EXCEPTION'],
      [4, '2', 'INVALID_REQUEST'],
      [4, 'x', 'INVALID_REQUEST'],
      [8, '1', 'INVALID_REQUEST'],
      [99, '', 'INVALID_REQUEST'],
    ] as const;
    for (const [type, name, code] of cases) {
      expect((await describeOne(broker, type, name)).errorCode).toBe(ErrorCode[code]);
      expect((await alter(broker, [type, name], [])).errorCode).toBe(ErrorCode[code]);
    }
  });

  test('a resource that is named twice is described once, and altered not at all', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    const resource = { resourceType: 2, resourceName: 't' };
    const described = await broker.call('DescribeConfigs', 4, {
      resources: [1, 2, 3].map(() => ({ ...resource, configurationKeys: null })),
    });
    expect(described.results).toHaveLength(1);
    const altered = await broker.call('AlterConfigs', 2, {
      resources: [1, 2].map(() => ({
        ...resource,
        configs: [{ name: 'retention.ms', value: '1' }],
      })),
      validateOnly: false,
    });
    expect(altered.responses.map(({ errorCode }) => errorCode)).toEqual([42, 42]);
  });

  test('a topic setting takes effect on the live log, is durable, and can be taken back', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t', 2);
    expect(
      await alter(
        broker,
        [2, 't'],
        [
          ['retention.ms', 0, '99'],
          ['min.insync.replicas', 0, '2'],
        ],
      ),
    ).toMatchObject({ errorCode: 0, errorMessage: null });
    expect(broker.engine.log('t', 1).settings.retentionMs).toBe(99);
    const refused = await broker.call('Produce', 9, produceOf('t', batchOf(['x'])));
    expect(refused.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.NOT_ENOUGH_REPLICAS);
    const again = await memoryBroker({ catalog: broker.catalog });
    expect(again.engine.log('t', 1).settings.retentionMs).toBe(99);
    expect((await alter(again, [2, 't'], [['retention.ms', 1, null]])).errorCode).toBe(0);
    expect(again.engine.log('t', 1).settings.retentionMs).toBe(604_800_000);
    expect((await describeOne(again, 2, 't', ['min.insync.replicas'])).configs[0]!.value).toBe('2');
  });

  test('a broker default reaches every topic that does not say otherwise', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('a');
    await broker.createTopic('b', 1, { 'retention.ms': '5' });
    expect((await alter(broker, [4, ''], [['log.retention.ms', 0, '1234']])).errorCode).toBe(0);
    expect(broker.engine.log('a').settings.retentionMs).toBe(1234);
    expect(broker.engine.log('b').settings.retentionMs).toBe(5);
    expect((await alter(broker, [4, '1'], [['log.retention.ms', 0, '4321']])).errorCode).toBe(0);
    expect(broker.engine.log('a').settings.retentionMs).toBe(4321);
    const own = await describeOne(broker, 4, '1', ['log.retention.ms'], { includeSynonyms: true });
    expect(own.configs[0]).toMatchObject({ value: '4321', configSource: 2 });
    const shared = await describeOne(broker, 4, '');
    expect(shared.configs.map(({ name, value }) => [name, value])).toEqual([
      ['log.retention.ms', '1234'],
    ]);
    expect((await alter(broker, [4, '1'], [['log.retention.ms', 1, null]])).errorCode).toBe(0);
    expect(broker.engine.log('a').settings.retentionMs).toBe(1234);
    await broker.createTopic('c');
    expect(broker.engine.log('c').settings.retentionMs).toBe(1234);
  });

  test('AlterConfigs replaces everything that was set', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t', 1, { 'max.message.bytes': '5000' });
    const { responses } = await broker.call('AlterConfigs', 0, {
      resources: [
        { resourceType: 2, resourceName: 't', configs: [{ name: 'retention.ms', value: '9' }] },
      ],
      validateOnly: false,
    });
    expect(responses[0]!.errorCode).toBe(0);
    expect(broker.metadata.image.topic('t')!.overrides).toEqual({ 'retention.ms': '9' });
    expect(broker.engine.log('t').settings.maxBatchBytes).toBe(1_048_588);
  });

  test.each<[string, [string, number, string | null][], ErrorName]>([
    ['an unknown key', [['retention.msx', 0, '1']], 'INVALID_CONFIG'],
    ['__proto__', [['__proto__', 0, '1']], 'INVALID_CONFIG'],
    ['a bad value', [['retention.ms', 0, 'soon']], 'INVALID_CONFIG'],
    [
      'one bad among good',
      [
        ['retention.ms', 0, '5'],
        ['segment.bytes', 0, '1'],
      ],
      'INVALID_CONFIG',
    ],
    ['an unknown operation', [['retention.ms', 9, '1']], 'INVALID_REQUEST'],
    ['a negative operation', [['retention.ms', -1, '1']], 'INVALID_REQUEST'],
    ['no value', [['retention.ms', 0, null]], 'INVALID_REQUEST'],
    [
      'a key twice',
      [
        ['retention.ms', 0, '1'],
        ['retention.ms', 0, '2'],
      ],
      'INVALID_REQUEST',
    ],
  ])('%s changes nothing', async (_name, configs, code) => {
    const broker = await memoryBroker();
    await broker.createTopic('t', 1, { 'retention.ms': '42' });
    expect((await alter(broker, [2, 't'], configs)).errorCode).toBe(ErrorCode[code]);
    expect(broker.metadata.image.topic('t')!.overrides).toEqual({ 'retention.ms': '42' });
  });

  test('validate_only changes nothing, nor does a key that is read at the start only', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    expect((await alter(broker, [2, 't'], [['retention.ms', 0, '5']], true)).errorCode).toBe(0);
    expect((await alter(broker, [4, ''], [['log.retention.ms', 0, '5']], true)).errorCode).toBe(0);
    expect((await alter(broker, [4, '1'], [['num.partitions', 0, '5']])).errorCode).toBe(42);
    await turns();
    expect(broker.engine.log('t').settings.retentionMs).toBe(604_800_000);
  });
});
