import type { ApiName, RequestOf, ResponseOf } from '../protocol/api-keys.js';
import type { ErrorCode } from '../protocol/error-codes.js';

type ErrorAnswer<N extends ApiName> = (request: RequestOf<N>, code: ErrorCode) => ResponseOf<N>;

const NO_RECORDS = Buffer.alloc(0);

/** What each API answers when all that was asked fails for one reason: the code where clients look for it. */
const ERROR_ANSWERS: { readonly [N in ApiName]: ErrorAnswer<N> } = {
  Produce: ({ topics }, errorCode) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ index }) => ({ index, errorCode, baseOffset: -1 })),
    })),
  }),
  Fetch: ({ topics }, errorCode) => ({
    topics: topics.map(({ topic, topicId, partitions }) => ({
      topic,
      topicId,
      partitions: partitions.map(({ partition }) => ({
        partitionIndex: partition,
        errorCode,
        highWatermark: -1,
        records: NO_RECORDS,
      })),
    })),
  }),
  ListOffsets: ({ topics }, errorCode) => ({ topics: failPartitions(topics, { errorCode }) }),
  Metadata: ({ topics }, errorCode) => ({
    brokers: [],
    topics: (topics ?? []).map(({ name, topicId }) => ({
      errorCode,
      name,
      topicId,
      partitions: [],
    })),
  }),
  ApiVersions: (_request, errorCode) => ({ errorCode, apiKeys: [] }),
  CreateTopics: ({ topics }, errorCode) => ({
    topics: topics.map(({ name }) => ({ name, errorCode, configs: [] })),
  }),
  DeleteTopics: ({ topics, topicNames }, errorCode) => ({
    responses: [
      ...topics.map(({ name, topicId }) => ({ name, topicId, errorCode })),
      ...topicNames.map((name) => ({ name, errorCode })),
    ],
  }),
  DeleteRecords: ({ topics }, errorCode) => ({
    topics: failPartitions(topics, { errorCode, lowWatermark: -1 }),
  }),
  InitProducerId: (_request, errorCode) => ({ errorCode, producerEpoch: -1 }),
  OffsetForLeaderEpoch: ({ topics }, errorCode) => ({
    topics: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => ({ partition, errorCode })),
    })),
  }),
  DescribeConfigs: ({ resources }, errorCode) => ({
    results: resources.map((resource) => ({ ...nameOf(resource), errorCode, configs: [] })),
  }),
  AlterConfigs: ({ resources }, errorCode) => ({
    responses: resources.map((resource) => ({ ...nameOf(resource), errorCode })),
  }),
  CreatePartitions: ({ topics }, errorCode) => ({
    results: topics.map(({ name }) => ({ name, errorCode })),
  }),
  IncrementalAlterConfigs: ({ resources }, errorCode) => ({
    responses: resources.map((resource) => ({ ...nameOf(resource), errorCode })),
  }),
  OffsetCommit: ({ topics }, errorCode) => ({ topics: failPartitions(topics, { errorCode }) }),
  OffsetFetch: ({ topics, groups }, errorCode) => ({
    errorCode,
    topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => ({
        partitionIndex,
        committedOffset: -1,
        metadata: '',
        errorCode,
      })),
    })),
    groups: groups.map(({ groupId }) => ({ groupId, topics: [], errorCode })),
  }),
  FindCoordinator: ({ coordinatorKeys }, errorCode) => {
    const nowhere = { nodeId: -1, host: '', port: -1, errorCode, errorMessage: null };
    return { ...nowhere, coordinators: coordinatorKeys.map((key) => ({ key, ...nowhere })) };
  },
  JoinGroup: ({ memberId }, errorCode) => ({
    errorCode,
    protocolName: '',
    leader: '',
    memberId,
    members: [],
  }),
  Heartbeat: (_request, errorCode) => ({ errorCode }),
  LeaveGroup: (_request, errorCode) => ({ errorCode, members: [] }),
  SyncGroup: (_request, errorCode) => ({ errorCode, assignment: NO_RECORDS }),
  DescribeGroups: ({ groups }, errorCode) => ({
    groups: groups.map((groupId) => ({
      errorCode,
      groupId,
      groupState: '',
      protocolType: '',
      protocolData: '',
      members: [],
    })),
  }),
  ListGroups: (_request, errorCode) => ({ errorCode, groups: [] }),
  DescribeLogDirs: (_request, errorCode) => ({ errorCode, results: [] }),
  DeleteGroups: ({ groupsNames }, errorCode) => ({
    results: groupsNames.map((groupId) => ({ groupId, errorCode })),
  }),
  ListPartitionReassignments: (_request, errorCode) => ({ errorCode, topics: [] }),
  OffsetDelete: (_request, errorCode) => ({ errorCode, topics: [] }),
  DescribeCluster: (_request, errorCode) => ({ errorCode, clusterId: '', brokers: [] }),
  ElectLeaders: ({ topicPartitions }, errorCode) => ({
    errorCode,
    replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => ({
        partitionId,
        errorCode,
        errorMessage: null,
      })),
    })),
  }),
  DescribeQuorum: (_request, errorCode) => ({ errorCode, topics: [], nodes: [] }),
  DescribeProducers: ({ topics }, errorCode) => ({
    topics: topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => ({
        partitionIndex,
        errorCode,
        activeProducers: [],
      })),
    })),
  }),
  ListConfigResources: (_request, errorCode) => ({ errorCode, configResources: [] }),
};

/** The answer to a request all of which fails with `code`, in the shape in which this API says so. */
export function errorAnswer<N extends ApiName>(
  name: N,
  request: RequestOf<N>,
  code: ErrorCode,
): ResponseOf<N> {
  return ERROR_ANSWERS[name](request, code);
}

interface TopicWish {
  readonly name: string;
  readonly partitions: readonly { readonly partitionIndex: number }[];
}

function failPartitions<F>(topics: readonly TopicWish[], failure: F) {
  return topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, ...failure })),
  }));
}

function nameOf({ resourceType, resourceName }: { resourceType: number; resourceName: string }) {
  return { resourceType, resourceName };
}
