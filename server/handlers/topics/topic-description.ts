import type { Work } from '../../../engine/index.js';
import type { TopicImage } from '../../metadata/image.js';
import { topicNameProblem } from '../../metadata/topic-name.js';
import type { Partitions } from '../../partition/partitions.js';
import { ErrorCode } from '../../protocol/error-codes.js';

/** The state of partitions that a description needs. */
export type PartitionStates = Pick<Partitions, 'isOffline'>;

/**
 * The description of a topic for clients, with its partitions from `from` to `end` (exclusive).
 * Where there are many, other requests are served in between.
 */
export async function describeTopic(
  states: PartitionStates,
  topic: TopicImage,
  work: Work,
  from = 0,
  end = topic.partitions.length,
) {
  const partitions: ReturnType<typeof describePartition>[] = [];
  for (let index = from; index < end; index++) {
    partitions.push(describePartition(states, topic, index));
    const pause = work.did(1);
    if (pause !== null) await pause;
  }
  const pause = work.did(1);
  if (pause !== null) await pause;
  const { name, id: topicId, internal: isInternal } = topic;
  return { errorCode: ErrorCode.NONE, name, topicId, isInternal, partitions };
}

/** The leader of a partition, its replicas and its leader epoch. */
function describePartition(states: PartitionStates, topic: TopicImage, partitionIndex: number) {
  const { leader, leaderEpoch, replicas, isr } = topic.partitions[partitionIndex]!;
  const offline = states.isOffline(topic.id, partitionIndex);
  const leaderId = offline ? -1 : leader;
  return {
    errorCode: leaderId === -1 ? ErrorCode.LEADER_NOT_AVAILABLE : ErrorCode.NONE,
    partitionIndex,
    leaderId,
    leaderEpoch,
    replicaNodes: replicas,
    isrNodes: isr,
    offlineReplicas: offline ? replicas : [],
  };
}

/** The error code for a missing topic of this name. */
export function missingCode(name: string): ErrorCode {
  return topicNameProblem(name) === null
    ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    : ErrorCode.INVALID_TOPIC_EXCEPTION;
}
