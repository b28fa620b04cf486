import { expect, test } from 'vitest';
import { ErrorCode } from '../../../../server/protocol/error-codes.js';
import { memoryBroker } from '../../../support/memory-broker.js';
import { MemoryEngine } from '../../../support/memory-log.js';

const METADATA = { topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] };

test('one node is leader and only voter, and its end rises with what it stores', async () => {
  const broker = await memoryBroker({ engine: new MemoryEngine(6) });
  const describe = async () => {
    const answer = await broker.call('DescribeQuorum', 2, { topics: [METADATA] });
    expect(answer).toMatchObject({
      errorCode: 0,
      nodes: [{ nodeId: 1, listeners: [{ name: 'PLAINTEXT', host: 'localhost', port: 9092 }] }],
    });
    return answer.topics[0]!.partitions[0]!;
  };
  const before = await describe();
  expect(before).toMatchObject({
    errorCode: 0,
    leaderId: 1,
    leaderEpoch: 6,
    observers: [],
    currentVoters: [{ replicaId: 1, logEndOffset: before.highWatermark }],
  });
  expect(before.currentVoters[0]!.lastCaughtUpTimestamp).toBe(broker.clock.wallMs());
  await broker.createTopic('t');
  expect((await describe()).highWatermark).toBeGreaterThan(before.highWatermark);
});

test('other partitions have no quorum', async () => {
  const broker = await memoryBroker();
  await broker.createTopic('t');
  for (const topics of [
    [{ topicName: 't', partitions: [{ partitionIndex: 0 }] }],
    [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 1 }] }],
  ]) {
    const answer = await broker.call('DescribeQuorum', 0, { topics });
    expect(answer.errorCode).toBe(0);
    expect(answer.topics[0]!.partitions[0]).toMatchObject({
      errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      leaderId: -1,
      currentVoters: [],
    });
  }
});
