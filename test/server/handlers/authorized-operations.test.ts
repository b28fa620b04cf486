import { expect, test } from 'vitest';
import { memoryBroker } from '../../support/memory-broker.js';

const NOT_ASKED_FOR = -2147483648;

/** Numbers of operations, as Kafka gives them, of the bits in a field. */
function operationsOf(bits: number | undefined): number[] {
  return Array.from({ length: 32 }, (_, at) => at).filter((at) => ((bits ?? 0) & (1 << at)) !== 0);
}

test('without an authorizer every client may do all that applies to cluster, topics and groups', async () => {
  const broker = await memoryBroker();
  await broker.createTopic('t');
  const cluster = await broker.call('DescribeCluster', 2, {
    includeClusterAuthorizedOperations: true,
  });
  expect(operationsOf(cluster.clusterAuthorizedOperations)).toEqual([5, 7, 8, 9, 10, 11, 12]);
  const metadata = await broker.call('Metadata', 10, {
    topics: [{ name: 't' }, { name: 'none' }],
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: true,
    includeTopicAuthorizedOperations: true,
  });
  expect(operationsOf(metadata.clusterAuthorizedOperations)).toEqual([5, 7, 8, 9, 10, 11, 12]);
  for (const { topicAuthorizedOperations } of metadata.topics) {
    expect(operationsOf(topicAuthorizedOperations)).toEqual([3, 4, 5, 6, 7, 8, 10, 11]);
  }
  const { groups } = await broker.call('DescribeGroups', 5, {
    groups: ['g'],
    includeAuthorizedOperations: true,
  });
  expect(operationsOf(groups[0]!.authorizedOperations)).toEqual([3, 6, 8, 10, 11]);
});

test('operations that were not asked for are not given', async () => {
  const broker = await memoryBroker();
  await broker.createTopic('t');
  const cluster = await broker.call('DescribeCluster', 0, {
    includeClusterAuthorizedOperations: false,
  });
  expect(cluster.clusterAuthorizedOperations).toBe(NOT_ASKED_FOR);
  const metadata = await broker.call('Metadata', 10, { topics: null });
  expect(metadata.clusterAuthorizedOperations).toBe(NOT_ASKED_FOR);
  expect(metadata.topics[0]!.topicAuthorizedOperations).toBe(NOT_ASKED_FOR);
});
