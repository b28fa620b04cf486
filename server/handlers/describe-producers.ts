import type { Work } from '../../engine/index.js';
import { ApiError } from '../api-error.js';
import type { MetadataView } from '../metadata/metadata-view.js';
import type { Partition } from '../partition/partition.js';
import type { Partitions } from '../partition/partitions.js';
import type { ResponseOf } from '../protocol/api.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { DescribeProducers } from '../protocol/messages/describe-producers.js';
import { wireError } from './error-map.js';
import { type Handler, handler } from './handler.js';

export interface DescribeProducersParts {
  readonly metadata: MetadataView;
  readonly partitions: Pick<Partitions, 'find'>;
}

type TopicAnswer = ResponseOf<typeof DescribeProducers>['topics'][number];
type PartitionAnswer = TopicAnswer['partitions'][number];
type ProducerAnswer = PartitionAnswer['activeProducers'][number];

/**
 * DescribeProducers (KIP-664): the idempotent producers that a partition remembers. One that is named
 * twice is answered once: the answer cannot grow by repetition.
 */
export const describeProducers = handler(DescribeProducers, {}, describeProducersHandler);

function describeProducersHandler(
  parts: DescribeProducersParts,
): Handler<typeof DescribeProducers> {
  return async ({ work }, request) => {
    const wanted = new Map<string, Set<number>>();
    for (const { name, partitionIndexes } of request.topics) {
      const indexes = wanted.get(name) ?? new Set();
      for (const index of partitionIndexes) indexes.add(index);
      wanted.set(name, indexes);
    }
    const topics: TopicAnswer[] = [];
    for (const [name, indexes] of wanted) {
      const partitions: PartitionAnswer[] = [];
      for (const index of indexes) partitions.push(await answerFor(parts, work, name, index));
      topics.push({ name, partitions });
    }
    return { topics };
  };
}

async function answerFor(
  { metadata, partitions }: DescribeProducersParts,
  work: Work,
  name: string,
  partitionIndex: number,
): Promise<PartitionAnswer> {
  try {
    const topic = metadata.image.topic(name);
    if (topic === undefined) {
      throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION', 'there is no such topic');
    }
    const pause = work.did(1);
    if (pause !== null) await pause;
    const activeProducers = await producersOf(partitions.find(topic, partitionIndex), work);
    return { partitionIndex, errorCode: ErrorCode.NONE, activeProducers };
  } catch (error) {
    const { code, message } = wireError(error);
    return { partitionIndex, errorCode: code, errorMessage: message, activeProducers: [] };
  }
}

async function producersOf(partition: Partition, work: Work): Promise<ProducerAnswer[]> {
  const answers: ProducerAnswer[] = [];
  for (const producer of partition.producers()) {
    answers.push({
      producerId: producer.producerId,
      producerEpoch: producer.epoch,
      lastSequence: producer.lastSequence,
      lastTimestamp: producer.lastAppendMs,
      coordinatorEpoch: -1,
    });
    const pause = work.did(1);
    if (pause !== null) await pause;
  }
  return answers;
}
