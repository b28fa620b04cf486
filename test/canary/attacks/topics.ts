import { buildBatchSync } from '../../../engine/batch/builder.js';
import type { Body } from '../../server/bad-input/wire-client.js';
import { type Attack, COUNT, numbers, request, texts } from '../attack.js';

/** Of the broker that is attacked: many topics of one partition, and one of many. */
export const TOPICS = texts('topic', 1_000);
export const WIDE = 'wide';
export const WIDE_PARTITIONS = 2_000;

/** Made by an attack. */
const MADE = texts('made', 1_000);

const names = () => texts('name', COUNT);
const indexes = numbers(COUNT);
const wide = numbers(WIDE_PARTITIONS);
/** A resource holds a list of its own, which may name one setting. */
const resources = () =>
  texts('name', COUNT / 3)
    .concat(TOPICS)
    .map((resourceName) => ({ resourceType: 2, resourceName }));

/** Topics whose change is written down: each is a transaction of its own, which is synced. */
const CHANGED = TOPICS.slice(0, 300);
const changed = () => CHANGED.map((resourceName) => ({ resourceType: 2, resourceName }));

/** In this order: the last ones delete the topics. */
export const TOPIC_ATTACKS: readonly Attack[] = [
  request('Metadata', 12, 'all topics', TOPICS.length, () => ({ topics: null })),
  request('Metadata', 9, 'unknown topics', COUNT, () => ({
    topics: names().map((name) => ({ name })),
  })),
  request('CreateTopics', 7, 'topics that are refused', 20_000, () =>
    creationOf(texts('name', 20_000), 0),
  ),
  request(
    'CreateTopics',
    7,
    'topics that are made, with settings of their own',
    MADE.length,
    () => {
      const { topics } = creationOf(MADE, 2);
      const configs = [
        { name: 'retention.ms', value: '5000' },
        { name: 'cleanup.policy', value: 'compact,delete' },
      ];
      return { topics: topics.map((topic) => ({ ...topic, configs })) };
    },
  ),
  request('CreatePartitions', 3, 'topics that get more', CHANGED.length, () => ({
    timeoutMs: 1,
    validateOnly: false,
    topics: CHANGED.map((name) => ({ name, count: 2, assignments: null })),
  })),
  request('AlterConfigs', 2, 'topics that are changed', CHANGED.length, () => ({
    validateOnly: false,
    resources: changed().map((each) => ({
      ...each,
      configs: [{ name: 'retention.ms', value: '5000' }],
    })),
  })),
  request('IncrementalAlterConfigs', 1, 'topics that are changed', CHANGED.length, () => ({
    validateOnly: false,
    resources: changed().map((each) => ({
      ...each,
      configs: [{ name: 'max.message.bytes', configOperation: 0, value: '5000' }],
    })),
  })),
  request('DescribeConfigs', 4, 'topics', TOPICS.length, () => ({
    resources: resources().map((each) => ({ ...each, configurationKeys: null })),
    includeSynonyms: true,
    includeDocumentation: true,
  })),
  request('AlterConfigs', 2, 'topics', COUNT / 3, () => ({
    validateOnly: true,
    resources: resources().map((each) => ({ ...each, configs: [] })),
  })),
  request('IncrementalAlterConfigs', 1, 'topics', COUNT / 3, () => ({
    validateOnly: true,
    resources: resources().map((each) => ({
      ...each,
      configs: [{ name: 'retention.ms', configOperation: 0, value: '5' }],
    })),
  })),
  request('ListConfigResources', 1, 'all topics', TOPICS.length, () => ({ resourceTypes: [] })),
  request('DescribeTopicPartitions', 0, 'all topics', TOPICS.length, () => ({ topics: [] })),
  request('DescribeTopicPartitions', 0, 'unknown topics', COUNT, () => ({
    topics: names().map((name) => ({ name })),
  })),
  request('DescribeClientQuotas', 1, 'one entity again and again', 0, () => ({
    components: names().map((match) => ({ entityType: 'user', matchType: 0, match })),
    strict: true,
  })),
  request('DescribeUserScramCredentials', 0, 'unknown users', COUNT, () => ({
    users: names().map((name) => ({ name })),
  })),
  request('CreatePartitions', 3, 'unknown topics', COUNT, () => ({
    timeoutMs: 1,
    validateOnly: true,
    topics: names().map((name) => ({ name, count: 2, assignments: null })),
  })),
  request('DescribeLogDirs', 2, 'all partitions', WIDE_PARTITIONS, () => ({ topics: null })),
  request('DescribeLogDirs', 4, 'partitions by name', WIDE_PARTITIONS, () => ({
    topics: [{ topic: WIDE, partitions: indexes }],
  })),
  request('ElectLeaders', 2, 'all partitions', WIDE_PARTITIONS, () => ({ topicPartitions: null })),
  request('ElectLeaders', 2, 'partitions by name', COUNT, () => ({
    topicPartitions: [{ topic: WIDE, partitions: indexes }],
  })),
  request('ListPartitionReassignments', 0, 'partitions by name', 0, () => ({
    topics: [{ name: WIDE, partitionIndexes: indexes }],
  })),
  request('DescribeQuorum', 2, 'partitions of another topic', COUNT, () => ({
    topics: [
      { topicName: WIDE, partitions: indexes.map((partitionIndex) => ({ partitionIndex })) },
    ],
  })),
  request('ListOffsets', 5, 'one partition after another', COUNT, () => ({
    replicaId: -1,
    isolationLevel: 0,
    topics: [
      {
        name: WIDE,
        partitions: indexes.map((partitionIndex) => ({ partitionIndex, timestamp: -1 })),
      },
    ],
  })),
  request('OffsetForLeaderEpoch', 3, 'one partition after another', COUNT, () => ({
    topics: [
      {
        topic: WIDE,
        partitions: indexes.map((partition) => ({
          partition,
          currentLeaderEpoch: -1,
          leaderEpoch: 0,
        })),
      },
    ],
  })),
  request('DeleteRecords', 2, 'one partition after another', COUNT, () => ({
    timeoutMs: 1,
    topics: [
      {
        name: WIDE,
        partitions: indexes.map((partitionIndex) => ({ partitionIndex, offset: -1 })),
      },
    ],
  })),
  request('DescribeProducers', 0, 'one partition after another', WIDE_PARTITIONS, () => ({
    topics: [{ name: WIDE, partitionIndexes: indexes }],
  })),
  request('Produce', 7, 'a batch for each partition', WIDE_PARTITIONS, () => {
    const records = buildBatchSync([{ key: null, value: 'a', timestamp: Date.now() }]);
    return {
      acks: 1,
      timeoutMs: 1_000,
      topics: [{ name: WIDE, partitions: wide.map((index) => ({ index, records })) }],
    };
  }),
  // One pass over what it names leaves one partition, and costs no more than its decoding.
  request('Fetch', 11, 'one partition again and again', 0, () => fetchOf(indexes.map(() => 0))),
  request('Fetch', 11, 'each partition', WIDE_PARTITIONS, () => fetchOf(wide)),
  request('DescribeCluster', 2, 'the cluster', 0, () => ({
    includeClusterAuthorizedOperations: true,
  })),
  request('ApiVersions', 4, 'a client with a long name', 0, () => ({
    clientSoftwareName: 'n'.repeat(32_000),
    clientSoftwareVersion: 'n'.repeat(32_000),
  })),
  request('DeleteTopics', 5, 'unknown topics', COUNT, () => ({
    topicNames: names(),
    timeoutMs: 1,
  })),
  request('DeleteTopics', 5, 'all topics', TOPICS.length + MADE.length, () => ({
    topicNames: [WIDE, ...TOPICS, ...MADE],
    timeoutMs: 1,
  })),
];

/**
 * A request that creates topics of one partition, or of as many as `partitions`; 0 is refused for
 * each.
 */
export function creationOf(names: readonly string[], partitions: number): Body<'CreateTopics'> {
  return {
    topics: names.map((name) => ({
      name,
      numPartitions: partitions,
      replicationFactor: -1,
      assignments: [],
      configs: [],
    })),
  };
}

/** Waits for bytes that do not come. */
function fetchOf(partitions: readonly number[]): Body<'Fetch'> {
  return {
    maxWaitMs: 300,
    minBytes: 2 ** 30,
    maxBytes: 2 ** 30,
    topics: [
      {
        topic: WIDE,
        partitions: partitions.map((partition) => ({
          partition,
          fetchOffset: 0,
          partitionMaxBytes: 1_000,
        })),
      },
    ],
  };
}
