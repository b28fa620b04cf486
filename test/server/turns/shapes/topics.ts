import type { Body } from '../../bad-input/wire-client.js';
import { many, name, PARTITIONS, type RequestShape, shape, TOPIC } from './shape.js';

/** Topics and settings in each of the ways in which they are refused, missing or repeated. */
export const TOPIC_SHAPES: readonly RequestShape[] = [
  shape('Metadata', 9, 'unknown topics', (count) => ({
    allowAutoTopicCreation: false,
    includeTopicAuthorizedOperations: true,
    topics: many(count, (at) => ({ name: name(at) })),
  })),
  shape('Metadata', 10, 'null names', (count) => ({
    topics: many(count, () => ({ name: null })),
  })),
  shape('Metadata', 12, 'unknown ids', (count) => ({
    topics: many(count, (at) => ({ name: null, topicId: idOf(at) })),
  })),
  shape('Metadata', 12, 'one topic', (count) => ({ topics: many(count, () => ({ name: TOPIC })) })),
  shape('CreateTopics', 7, 'one name', (count) => ({
    validateOnly: true,
    topics: many(count, () => creationOf('t')),
  })),
  shape('CreateTopics', 7, 'bad names', (count) => ({
    validateOnly: true,
    topics: many(count, (at) => creationOf(`?${at}`)),
  })),
  shape('CreateTopics', 7, 'settings of one topic', (count) => ({
    validateOnly: true,
    topics: [
      { ...creationOf('t'), configs: many(count, (at) => ({ name: name(at), value: '1' })) },
    ],
  })),
  shape('CreateTopics', 7, 'one setting', (count) => ({
    validateOnly: true,
    topics: [
      {
        ...creationOf('t'),
        configs: many(count, () => ({ name: 'retention.ms', value: '1' })),
      },
    ],
  })),
  shape('CreateTopics', 7, 'assigned partitions', (count) => ({
    validateOnly: true,
    topics: [
      {
        ...creationOf('t'),
        numPartitions: -1,
        assignments: many(count / 2, (partitionIndex) => ({ partitionIndex, brokerIds: [1] })),
      },
    ],
  })),
  shape('CreateTopics', 7, 'nodes of one partition', (count) => ({
    validateOnly: true,
    topics: [
      {
        ...creationOf('t'),
        numPartitions: -1,
        assignments: [{ partitionIndex: 0, brokerIds: many(count, () => 1) }],
      },
    ],
  })),
  shape('CreatePartitions', 3, 'one topic', (count) => ({
    topics: many(count, () => ({ name: TOPIC, count: 1, assignments: null })),
    validateOnly: true,
    timeoutMs: 1,
  })),
  shape('CreatePartitions', 3, 'assigned partitions', (count) => ({
    topics: [
      {
        name: TOPIC,
        count: count / 2 + PARTITIONS,
        assignments: many(count / 2, () => ({ brokerIds: [1] })),
      },
    ],
    validateOnly: true,
    timeoutMs: 1,
  })),
  shape('DeleteTopics', 5, 'unknown topics', (count) => ({
    topicNames: many(count, name),
    timeoutMs: 1,
  })),
  shape('DeleteTopics', 6, 'unknown ids', (count) => ({
    topics: many(count, (at) => ({ name: null, topicId: idOf(at) })),
    timeoutMs: 1,
  })),
  shape('DescribeConfigs', 4, 'unknown topics', (count) => ({
    resources: many(count, (at) => ({
      resourceType: 2,
      resourceName: name(at),
      configurationKeys: [],
    })),
  })),
  shape('DescribeConfigs', 4, 'one topic', (count) => ({
    resources: many(count, () => ({
      resourceType: 2,
      resourceName: TOPIC,
      configurationKeys: [],
    })),
  })),
  shape('DescribeConfigs', 4, 'unknown keys of one topic', (count) => ({
    resources: [{ resourceType: 2, resourceName: TOPIC, configurationKeys: many(count, name) }],
  })),
  shape('AlterConfigs', 2, 'unknown topics', (count) => ({
    validateOnly: true,
    resources: many(count, (at) => ({ resourceType: 2, resourceName: name(at), configs: [] })),
  })),
  shape('AlterConfigs', 2, 'one topic', (count) => ({
    validateOnly: true,
    resources: many(count, () => ({ resourceType: 2, resourceName: TOPIC, configs: [] })),
  })),
  shape('AlterConfigs', 2, 'unknown keys of one topic', (count) => ({
    validateOnly: true,
    resources: [
      {
        resourceType: 2,
        resourceName: TOPIC,
        configs: many(count, (at) => ({ name: name(at), value: '1' })),
      },
    ],
  })),
  shape('IncrementalAlterConfigs', 1, 'unknown keys of one topic, deleted', (count) => ({
    validateOnly: true,
    resources: [
      {
        resourceType: 2,
        resourceName: TOPIC,
        configs: many(count, (at) => ({ name: name(at), configOperation: 1, value: null })),
      },
    ],
  })),
  shape('IncrementalAlterConfigs', 1, 'unknown keys of the broker, deleted', (count) => ({
    validateOnly: true,
    resources: [
      {
        resourceType: 4,
        resourceName: '',
        configs: many(count, (at) => ({ name: name(at), configOperation: 1, value: null })),
      },
    ],
  })),
  shape('DescribeClientQuotas', 1, 'one entity', (count) => ({
    components: many(count, () => ({ entityType: 'user', matchType: 0, match: 'u' })),
    strict: true,
  })),
  shape('DescribeUserScramCredentials', 0, 'unknown users', (count) => ({
    users: many(count, (at) => ({ name: name(at) })),
  })),
  shape('ListConfigResources', 1, 'one type', (count) => ({ resourceTypes: many(count, () => 2) })),
  shape('DescribeTopicPartitions', 0, 'unknown topics', (count) => ({
    topics: many(count, (at) => ({ name: name(at) })),
  })),
];

function creationOf(topic: string): Body<'CreateTopics'>['topics'][number] {
  return { name: topic, numPartitions: 1, replicationFactor: -1, assignments: [], configs: [] };
}

/** An id that no topic has. */
function idOf(at: number): string {
  const bytes = Buffer.alloc(16, 1);
  bytes.writeUInt32BE(at);
  return bytes.toString('base64url');
}
