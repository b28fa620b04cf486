import type { Work } from '../../../engine/index.js';
import { SERVER_LIMITS } from '../../limits.js';
import type { TopicImage } from '../../metadata/image.js';
import type { MetadataView } from '../../metadata/metadata-view.js';
import { isInternalTopic } from '../../metadata/topic-name.js';
import type { RequestOf, ResponseOf } from '../../protocol/api.js';
import { ApiError } from '../../protocol/api-error.js';
import { DescribeTopicPartitions } from '../../protocol/messages/describe-topic-partitions.js';
import { TOPIC_OPERATIONS } from '../authorized-operations.js';
import { type Handler, handler } from '../handler.js';
import { describeTopic, missingCode, type PartitionStates } from './topic-description.js';

interface DescribeTopicPartitionsParts {
  readonly metadata: MetadataView;
  readonly partitions: PartitionStates;
}

type Request = RequestOf<typeof DescribeTopicPartitions>;
type Answer = ResponseOf<typeof DescribeTopicPartitions>;
/** Java's tools take no null for them. */
const NO_ELIGIBLE = { eligibleLeaderReplicas: [], lastKnownElr: [] } as const;

type TopicAnswer = Answer['topics'][number];

/**
 * DescribeTopicPartitions (KIP-966): topics by name, in the order of their names, some partitions
 * at a time; a missing topic counts as one partition. A full answer names the partition with which
 * the next answer begins.
 */
export const describeTopicPartitions = handler(
  DescribeTopicPartitions,
  { asks: [{ operation: 'describe', resource: 'topic' }], readsOnly: true },
  describeTopicPartitionsHandler,
);

function describeTopicPartitionsHandler(
  parts: DescribeTopicPartitionsParts,
): Handler<typeof DescribeTopicPartitions> {
  return async ({ work }, request) => {
    const { cursor, responsePartitionLimit } = request;
    if (cursor !== null && cursor.partitionIndex < 0) {
      throw new ApiError('INVALID_REQUEST', `a cursor is at partition ${cursor.partitionIndex}`);
    }
    const limit = Math.max(
      1,
      Math.min(responsePartitionLimit, SERVER_LIMITS.partitionsDescribedMax),
    );
    const { image } = parts.metadata;
    // One more for the next cursor, and one for a cursor that lies beyond its topic.
    const names = await namesFor(request, image.topics(), limit + 2, work);
    const topics: TopicAnswer[] = [];
    let left = limit;
    for (const name of names) {
      if (left === 0) return { topics, nextCursor: { topicName: name, partitionIndex: 0 } };
      const topic = image.topic(name);
      if (topic === undefined) {
        topics.push(missing(name));
        left--;
        continue;
      }
      const from = name === cursor?.topicName ? cursor.partitionIndex : 0;
      const end = Math.min(topic.partitions.length, from + left);
      topics.push(await described(parts, topic, from, end, work));
      if (end < topic.partitions.length) {
        return { topics, nextCursor: { topicName: name, partitionIndex: end } };
      }
      left -= Math.max(0, end - from);
    }
    return { topics };
  };
}

/** The first `count` of the names asked for, or of all, sorted, from the cursor's on. */
async function namesFor(
  { topics, cursor }: Request,
  all: Iterable<TopicImage>,
  count: number,
  work: Work,
): Promise<string[]> {
  const first = cursor?.topicName ?? '';
  const firstOf = (names: readonly string[]) => [...new Set(names)].sort().slice(0, count);
  let names: string[] = [];
  for (const { name } of topics.length === 0 ? all : topics) {
    if (name >= first) names.push(name);
    // To sort them all for every answer would cost more than the answer.
    if (names.length >= 2 * count) names = firstOf(names);
    const pause = work.did(1);
    if (pause !== null) await pause;
  }
  return firstOf(names);
}

async function described(
  { partitions }: DescribeTopicPartitionsParts,
  topic: TopicImage,
  from: number,
  end: number,
  work: Work,
): Promise<TopicAnswer> {
  const description = await describeTopic(partitions, topic, work, from, end);
  return {
    ...description,
    partitions: description.partitions.map((each) => ({ ...each, ...NO_ELIGIBLE })),
    topicAuthorizedOperations: TOPIC_OPERATIONS,
  };
}

function missing(name: string): TopicAnswer {
  return {
    errorCode: missingCode(name),
    name,
    isInternal: isInternalTopic(name),
    partitions: [],
    topicAuthorizedOperations: TOPIC_OPERATIONS,
  };
}
