import type { Work } from '../../../engine/index.js';
import { endpointFor } from '../../metadata/advertised.js';
import type { MetadataImage } from '../../metadata/image.js';
import type { MetadataView } from '../../metadata/metadata-view.js';
import type { ConnectionInfo } from '../../net/dispatcher.js';
import type { RequestOf, ResponseOf } from '../../protocol/api.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { DescribeQuorum } from '../../protocol/messages/describe-quorum.js';
import { mapInSlices } from '../../request/in-slices.js';
import { type Handler, handler } from '../handler.js';

export interface DescribeQuorumParts {
  readonly metadata: MetadataView;
  /** Epoch in which this node keeps the metadata. */
  readonly leaderEpoch: number;
}

type Answer = ResponseOf<typeof DescribeQuorum>;
type PartitionAnswer = Answer['topics'][number]['partitions'][number];

/** The topic in which Kafka's controllers keep the metadata; it has one partition. */
const METADATA_TOPIC = '__cluster_metadata';

/**
 * DescribeQuorum (KIP-595): one node keeps the metadata and is leader and only voter. Its revisions
 * stand for offsets: a change with a revision is durable. Other partitions have no quorum.
 */
export const describeQuorum = handler(
  DescribeQuorum,
  { asks: [{ operation: 'describe', resource: 'cluster' }], readsOnly: true },
  describeQuorumHandler,
);

function describeQuorumHandler(parts: DescribeQuorumParts): Handler<typeof DescribeQuorum> {
  return async ({ connection, clock, work }, { topics }) => {
    if (!isMetadata(topics))
      return { errorCode: ErrorCode.NONE, topics: await unknown(work, topics), nodes: [] };
    const { image } = parts.metadata;
    const partition = quorumOf(image, parts.leaderEpoch, clock.wallMs());
    return {
      errorCode: ErrorCode.NONE,
      topics: [{ topicName: METADATA_TOPIC, partitions: [partition] }],
      nodes: nodesOf(image, connection),
    };
  };
}

function isMetadata(topics: RequestOf<typeof DescribeQuorum>['topics']): boolean {
  const [topic] = topics;
  if (topics.length !== 1 || topic?.topicName !== METADATA_TOPIC) return false;
  return topic.partitions.length === 1 && topic.partitions[0]!.partitionIndex === 0;
}

function quorumOf(image: MetadataImage, leaderEpoch: number, nowMs: number): PartitionAnswer {
  const endOffset = image.revision + 1;
  return {
    partitionIndex: 0,
    errorCode: ErrorCode.NONE,
    leaderId: image.controllerId,
    leaderEpoch,
    highWatermark: endOffset,
    currentVoters: [
      {
        replicaId: image.controllerId,
        logEndOffset: endOffset,
        lastFetchTimestamp: nowMs,
        lastCaughtUpTimestamp: nowMs,
      },
    ],
    observers: [],
  };
}

/** The controller, where the client can reach it on its listener. */
function nodesOf(image: MetadataImage, connection: ConnectionInfo): Answer['nodes'] {
  return image.brokers.flatMap((broker) => {
    const endpoint = endpointFor(broker, connection);
    if (broker.nodeId !== image.controllerId || endpoint === null) return [];
    return [{ nodeId: broker.nodeId, listeners: [{ name: connection.listener, ...endpoint }] }];
  });
}

function unknown(
  work: Work,
  topics: RequestOf<typeof DescribeQuorum>['topics'],
): Promise<Answer['topics'][number][]> {
  return mapInSlices(work, topics, async ({ topicName, partitions }) => ({
    topicName,
    partitions: await mapInSlices(work, partitions, unknownPartition),
  }));
}

function unknownPartition({ partitionIndex }: { partitionIndex: number }): PartitionAnswer {
  return {
    partitionIndex,
    errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    leaderId: -1,
    leaderEpoch: -1,
    highWatermark: -1,
    currentVoters: [],
    observers: [],
  };
}
