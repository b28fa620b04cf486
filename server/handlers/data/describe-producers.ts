import type { Work } from '../../../engine/index.js';
import type { MetadataView } from '../../metadata/metadata-view.js';
import type { Partition } from '../../partition/partition.js';
import type { Partitions } from '../../partition/partitions.js';
import type { ResponseOf } from '../../protocol/api.js';
import { ApiError } from '../../protocol/api-error.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { DescribeProducers } from '../../protocol/messages/describe-producers.js';
import { wireError } from '../../request/error-map.js';
import { forEachInSlices, mapInSlices } from '../../request/in-slices.js';
import { type Handler, handler } from '../handler.js';

export interface DescribeProducersParts {
  readonly metadata: MetadataView;
  readonly partitions: Pick<Partitions, 'find'>;
}

type PartitionAnswer = ResponseOf<typeof DescribeProducers>['topics'][number]['partitions'][number];
type ProducerAnswer = PartitionAnswer['activeProducers'][number];

/**
 * DescribeProducers (KIP-664): the idempotent producers that a partition remembers. A partition
 * that is named twice is answered once, so that repetition cannot make the answer larger.
 */
export const describeProducers = handler(
  DescribeProducers,
  { asks: [{ operation: 'read', resource: 'topic' }], readsOnly: true },
  describeProducersHandler,
);

function describeProducersHandler(
  parts: DescribeProducersParts,
): Handler<typeof DescribeProducers> {
  return async ({ work }, request) => {
    const wanted = new Map<string, Set<number>>();
    await forEachInSlices(work, request.topics, ({ name, partitionIndexes }) => {
      const indexes = wanted.get(name) ?? new Set();
      wanted.set(name, indexes);
      return forEachInSlices(work, partitionIndexes, (index) => void indexes.add(index));
    });
    const topics = await mapInSlices(work, wanted, async ([name, indexes]) => ({
      name,
      partitions: await mapInSlices(work, indexes, (index) => answerFor(parts, work, name, index)),
    }));
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
