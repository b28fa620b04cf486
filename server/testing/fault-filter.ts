import type { Api, RequestOf, ResponseOf } from '../protocol/api.js';
import { ErrorCode } from '../protocol/error-codes.js';

/**
 * Selects the entries of a request for one topic, for one partition number, or both. All of it
 * where neither is given.
 */
export interface TopicFilter {
  readonly topic?: string;
  readonly partition?: number;
}

/** The request that `answersByPartition` tries. */
const ONE_PARTITION = {
  sessionId: 0,
  topics: [{ name: 't', topic: 't', partitions: [{ index: 0, partition: 0, partitionIndex: 0 }] }],
};

/**
 * Whether an API's requests list topics with their partitions, and its refusals name each of them.
 */
export function answersByPartition({ request, refused, max }: Api): boolean {
  const topics = request.fields.topics?.type;
  if (topics?.kind !== 'array' || topics.element.kind !== 'struct') return false;
  const partitions = topics.element.fields.partitions?.type;
  if (partitions?.kind !== 'array' || partitions.element.kind !== 'struct') return false;
  const answer = refused(ONE_PARTITION as never, ErrorCode.UNKNOWN_SERVER_ERROR, max);
  const [topic] = (answer as Partial<Topics>).topics ?? [];
  return topic?.partitions?.length === 1;
}

/** The shape that these requests share. */
interface Topics {
  readonly topics: readonly Topic[];
}

interface Topic {
  readonly name?: string;
  readonly topic?: string;
  readonly topicId?: string;
  readonly partitions: readonly Partition[];
}

interface Partition {
  readonly index?: number;
  readonly partition?: number;
  readonly partitionIndex?: number;
}

/**
 * A request in two: the entries that the filter selects, and the rest. Either is null without any
 * partition.
 */
export interface SplitRequest {
  readonly meant: RequestOf<Api> | null;
  readonly rest: RequestOf<Api> | null;
}

/** Splits a request. `topicName` returns the name of a topic that is asked for by its id. */
export function splitByTopic(
  request: RequestOf<Api>,
  filter: TopicFilter,
  topicName: (id: string) => string | undefined,
): SplitRequest {
  if (filter.topic === undefined && filter.partition === undefined) {
    return { meant: request, rest: null };
  }
  const isMeant = ({ name, topic, topicId }: Topic, partition: Partition): boolean =>
    (filter.topic === undefined ||
      filter.topic === (name || topic || topicName(topicId ?? '') || '')) &&
    (filter.partition === undefined || filter.partition === partitionNumber(partition));
  return {
    meant: keep(request, isMeant),
    rest: keep(request, (topic, partition) => !isMeant(topic, partition)),
  };
}

function keep(
  request: RequestOf<Api>,
  which: (topic: Topic, partition: Partition) => boolean,
): RequestOf<Api> | null {
  const topics = (request as unknown as Topics).topics.flatMap((topic) => {
    const partitions = topic.partitions.filter((partition) => which(topic, partition));
    return partitions.length === 0 ? [] : [{ ...topic, partitions }];
  });
  if (topics.length === 0) return null;
  // The selected entries have their answer, and the answer to a fetch with an error does not wait
  // for records.
  const wait = 'maxWaitMs' in request ? { maxWaitMs: 0 } : {};
  return { ...request, ...wait, topics } as unknown as RequestOf<Api>;
}

/** `answer` with the topics of `other` added; a topic that both have is listed once. */
export function withTopicsOf(
  answer: ResponseOf<Api> | null,
  other: ResponseOf<Api>,
): ResponseOf<Api> {
  if (answer === null) return other;
  const byTopic = new Map<string, Topic>();
  for (const topic of [...topicsOf(answer), ...topicsOf(other)]) {
    const key = topic.name || topic.topic || topic.topicId || '';
    const partitions = [...(byTopic.get(key)?.partitions ?? []), ...topic.partitions];
    byTopic.set(key, { ...topic, partitions });
  }
  return { ...answer, topics: [...byTopic.values()] } as unknown as ResponseOf<Api>;
}

function topicsOf(message: object): readonly Topic[] {
  return (message as Topics).topics;
}

function partitionNumber({ index, partition, partitionIndex }: Partition): number | undefined {
  return index ?? partitionIndex ?? partition;
}
