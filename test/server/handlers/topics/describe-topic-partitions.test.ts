import { describe, expect, test } from 'vitest';
import type { AnswerOf } from '../../../../server/protocol/api.js';
import { ErrorCode } from '../../../../server/protocol/error-codes.js';
import type { DescribeTopicPartitions } from '../../../../server/protocol/messages/describe-topic-partitions.js';
import { type MemoryBroker, memoryBroker } from '../../../support/memory-broker.js';

type Answer = AnswerOf<typeof DescribeTopicPartitions>;
type Cursor = { readonly topicName: string; readonly partitionIndex: number } | null;

async function page(broker: MemoryBroker, names: string[], limit: number, cursor: Cursor = null) {
  const { topics, nextCursor } = await broker.call('DescribeTopicPartitions', 0, {
    topics: names.map((name) => ({ name })),
    responsePartitionLimit: limit,
    cursor,
  });
  const shown = topics.map(
    ({ name, errorCode, partitions }) =>
      `${name} ${errorCode} ${partitions.map(({ partitionIndex }) => partitionIndex)}`,
  );
  return { shown, nextCursor };
}

async function brokerWithTopics(): Promise<MemoryBroker> {
  const broker = await memoryBroker();
  await broker.createTopic('b', 3);
  await broker.createTopic('a', 2);
  await broker.createTopic('c', 1);
  return broker;
}

describe('topics', () => {
  test('are described in the order of their names, all of them or those asked for', async () => {
    const broker = await brokerWithTopics();
    expect((await page(broker, [], 100)).shown).toEqual(['a 0 0,1', 'b 0 0,1,2', 'c 0 0']);
    const some = await page(broker, ['c', 'a', 'c'], 100);
    expect(some).toEqual({ shown: ['a 0 0,1', 'c 0 0'], nextCursor: null });
  });

  test('that are not there are named with the reason', async () => {
    const broker = await brokerWithTopics();
    const { shown } = await page(broker, ['none', 'no/name', 'a'], 100);
    expect(shown).toEqual([
      'a 0 0,1',
      `no/name ${ErrorCode.INVALID_TOPIC_EXCEPTION} `,
      `none ${ErrorCode.UNKNOWN_TOPIC_OR_PARTITION} `,
    ]);
  });

  test('come with id, leader and replicas, and with what may be done with them', async () => {
    const broker = await brokerWithTopics();
    const body = { topics: [{ name: 'c' }], responsePartitionLimit: 1 };
    const { topics } = await broker.call('DescribeTopicPartitions', 0, body);
    const topic = broker.metadata.image.topic('c')!;
    expect(topics[0]).toMatchObject({ topicId: topic.id, isInternal: false });
    expect(topics[0]!.topicAuthorizedOperations).toBeGreaterThan(0);
    expect(topics[0]!.partitions).toEqual([
      {
        errorCode: 0,
        partitionIndex: 0,
        leaderId: topic.partitions[0]!.leader,
        leaderEpoch: topic.partitions[0]!.leaderEpoch,
        replicaNodes: topic.partitions[0]!.replicas,
        isrNodes: topic.partitions[0]!.isr,
        eligibleLeaderReplicas: [],
        lastKnownElr: [],
        offlineReplicas: [],
      },
    ]);
  });
});

describe('pages', () => {
  test.each([1, 2, 3, 4, 5])('of %i partitions give every partition once', async (limit) => {
    const broker = await brokerWithTopics();
    const whole = new Map<string, number[]>();
    let cursor: Cursor = null;
    let pages = 0;
    do {
      const body = { topics: [], responsePartitionLimit: limit, cursor };
      const answer: Answer = await broker.call('DescribeTopicPartitions', 0, body);
      let count = 0;
      for (const { name, partitions } of answer.topics) {
        const indexes = partitions.map(({ partitionIndex }) => partitionIndex);
        whole.set(name!, [...(whole.get(name!) ?? []), ...indexes]);
        count += indexes.length;
      }
      expect(count).toBeLessThanOrEqual(limit);
      cursor = answer.nextCursor;
      pages++;
    } while (cursor !== null);
    expect(pages).toBe(Math.ceil(6 / limit));
    expect(Object.fromEntries(whole)).toEqual({ a: [0, 1], b: [0, 1, 2], c: [0] });
  });

  test('go on behind a topic that was deleted meanwhile', async () => {
    const broker = await brokerWithTopics();
    const gone = { topicName: 'aa', partitionIndex: 1 };
    expect((await page(broker, [], 100, gone)).shown).toEqual(['b 0 0,1,2', 'c 0 0']);
  });

  test('go on behind a cursor that lies beyond its topic', async () => {
    const broker = await memoryBroker();
    for (const name of ['x', 'y', 'z']) await broker.createTopic(name);
    expect(await page(broker, [], 1, { topicName: 'x', partitionIndex: 5 })).toEqual({
      shown: ['x 0 ', 'y 0 0'],
      nextCursor: { topicName: 'z', partitionIndex: 0 },
    });
  });

  test('of names that are not there go on, too', async () => {
    const broker = await brokerWithTopics();
    const unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    expect(await page(broker, ['n1', 'n2', 'n3', 'n1'], 2)).toEqual({
      shown: [`n1 ${unknown} `, `n2 ${unknown} `],
      nextCursor: { topicName: 'n3', partitionIndex: 0 },
    });
  });

  test('from a partition below 0 are refused', async () => {
    const broker = await brokerWithTopics();
    const { shown } = await page(broker, ['a'], 100, { topicName: 'a', partitionIndex: -1 });
    expect(shown).toEqual([`a ${ErrorCode.INVALID_REQUEST} `]);
  });

  test('of four thousand topics are in the order of their names', async () => {
    const broker = await memoryBroker();
    const names = Array.from({ length: 4_001 }, (_, at) => `t${(at * 1_013) % 4_001}`);
    await broker.call('CreateTopics', 7, {
      topics: names.map((name) => ({
        name,
        numPartitions: 1,
        replicationFactor: 1,
        assignments: [],
        configs: [],
      })),
    });
    const found: string[] = [];
    let cursor: Cursor = null;
    do {
      const body = { topics: [], responsePartitionLimit: 1_000, cursor };
      const answer: Answer = await broker.call('DescribeTopicPartitions', 0, body);
      found.push(...answer.topics.map(({ name }) => name!));
      cursor = answer.nextCursor;
    } while (cursor !== null);
    expect(found).toEqual([...names].sort());
  });
});
