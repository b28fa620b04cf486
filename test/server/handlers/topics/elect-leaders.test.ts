import { expect, test } from 'vitest';
import { EngineError } from '../../../../engine/index.js';
import { ErrorCode } from '../../../../server/protocol/error-codes.js';
import { type MemoryBroker, memoryBroker } from '../../../support/memory-broker.js';
import { MemoryEngine } from '../../../support/memory-log.js';

/** Partition 1 of `t` is offline. */
async function halfBroken(): Promise<MemoryBroker> {
  const engine = new MemoryEngine();
  engine.refuseOpen.set('t-1', new EngineError('DAMAGED_LOG', 'bad'));
  const broker = await memoryBroker({ engine });
  await broker.createTopic('t', 2);
  await broker.createTopic('whole', 2);
  return broker;
}

async function elect(broker: MemoryBroker, electionType: number, partitions: number[] | null) {
  const answer = await broker.call('ElectLeaders', 2, {
    electionType,
    topicPartitions: partitions && [{ topic: 't', partitions }],
  });
  expect(answer.errorCode).toBe(0);
  return answer.replicaElectionResults.map(({ topic, partitionResult }) => [
    topic,
    partitionResult.map(({ partitionId, errorCode }) => [partitionId, errorCode]),
  ]);
}

test('a partition with its leader needs no election, one that is offline cannot have any', async () => {
  const broker = await halfBroken();
  expect(await elect(broker, 0, [0, 1, 2])).toEqual([
    [
      't',
      [
        [0, ErrorCode.ELECTION_NOT_NEEDED],
        [1, ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE],
        [2, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
      ],
    ],
  ]);
  expect(await elect(broker, 1, [0, 1])).toEqual([
    [
      't',
      [
        [0, ErrorCode.ELECTION_NOT_NEEDED],
        [1, ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE],
      ],
    ],
  ]);
});

test('of all partitions those are named that have no leader', async () => {
  const broker = await halfBroken();
  expect(await elect(broker, 0, null)).toEqual([
    ['t', [[1, ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE]]],
  ]);
});

test('unknown topics and types of election', async () => {
  const broker = await memoryBroker();
  const old = await broker.call('ElectLeaders', 0, {
    topicPartitions: [{ topic: 'none', partitions: [0] }],
  });
  expect(old.replicaElectionResults[0]!.partitionResult[0]!.errorCode).toBe(
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  );
  const answer = await broker.call('ElectLeaders', 1, { electionType: 7, topicPartitions: null });
  expect(answer.errorCode).toBe(ErrorCode.INVALID_REQUEST);
});
