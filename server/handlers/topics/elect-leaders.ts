import type { MetadataImage, TopicImage } from '../../metadata/image.js';
import type { MetadataView } from '../../metadata/metadata-view.js';
import type { Partitions } from '../../partition/partitions.js';
import type { ResponseOf } from '../../protocol/api.js';
import { ApiError } from '../../protocol/api-error.js';
import { ErrorCode, type ErrorName } from '../../protocol/error-codes.js';
import { ElectLeaders } from '../../protocol/messages/elect-leaders.js';
import { forEachInSlices } from '../../request/in-slices.js';
import { type Handler, handler } from '../handler.js';

export interface ElectLeadersParts {
  readonly metadata: MetadataView;
  readonly partitions: Pick<Partitions, 'isOffline'>;
}

type TopicAnswer = ResponseOf<typeof ElectLeaders>['replicaElectionResults'][number];
type PartitionAnswer = TopicAnswer['partitionResult'][number];

const PREFERRED = 0;
const UNCLEAN = 1;

/**
 * ElectLeaders (KIP-183, KIP-460). A partition with one replica has its preferred leader, or no
 * leader could be elected. Where all partitions are asked for, the answer names only those without
 * a leader, as in Kafka.
 */
export const electLeaders = handler(
  ElectLeaders,
  { asks: [{ operation: 'alter', resource: 'cluster' }] },
  electLeadersHandler,
);

function electLeadersHandler(parts: ElectLeadersParts): Handler<typeof ElectLeaders> {
  return async ({ work }, { electionType, topicPartitions }) => {
    if (electionType !== PREFERRED && electionType !== UNCLEAN) {
      throw new ApiError('INVALID_REQUEST', `election type ${electionType} is not known`);
    }
    const { image } = parts.metadata;
    const replicaElectionResults: TopicAnswer[] = [];
    const wishes = topicPartitions ?? everyPartition(image);
    await forEachInSlices(work, wishes, async ({ topic, partitions }) => {
      const partitionResult: PartitionAnswer[] = [];
      await forEachInSlices(work, partitions, (partitionId) => {
        const answer = answerFor(parts, image.topic(topic), partitionId, electionType);
        const isWanted =
          topicPartitions !== null || answer.errorCode !== ErrorCode.ELECTION_NOT_NEEDED;
        if (isWanted) partitionResult.push(answer);
      });
      if (partitionResult.length > 0) replicaElectionResults.push({ topic, partitionResult });
    });
    return { errorCode: ErrorCode.NONE, replicaElectionResults };
  };
}

function* everyPartition(
  image: MetadataImage,
): Iterable<{ topic: string; partitions: Iterable<number> }> {
  for (const { name, partitions } of image.topics()) {
    yield { topic: name, partitions: partitions.keys() };
  }
}

function answerFor(
  { partitions }: ElectLeadersParts,
  topic: TopicImage | undefined,
  partitionId: number,
  electionType: number,
): PartitionAnswer {
  if (topic?.partitions[partitionId] === undefined) {
    const what = topic === undefined ? 'topic' : 'partition';
    return failed(partitionId, 'UNKNOWN_TOPIC_OR_PARTITION', `there is no such ${what}`);
  }
  if (!partitions.isOffline(topic.id, partitionId)) {
    return failed(partitionId, 'ELECTION_NOT_NEEDED', 'the partition has its preferred leader');
  }
  return failed(
    partitionId,
    electionType === PREFERRED
      ? 'PREFERRED_LEADER_NOT_AVAILABLE'
      : 'ELIGIBLE_LEADERS_NOT_AVAILABLE',
    'the only replica of the partition is offline',
  );
}

function failed(partitionId: number, code: ErrorName, errorMessage: string): PartitionAnswer {
  return { partitionId, errorCode: ErrorCode[code], errorMessage };
}
