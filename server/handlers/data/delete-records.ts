import type { Work } from '../../../engine/index.js';
import { SERVER_LIMITS } from '../../limits.js';
import type { TopicImage } from '../../metadata/image.js';
import type { MetadataView } from '../../metadata/metadata-view.js';
import type { Partitions } from '../../partition/partitions.js';
import type { RequestOf, ResponseOf } from '../../protocol/api.js';
import { ApiError } from '../../protocol/api-error.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { DeleteRecords } from '../../protocol/messages/delete-records.js';
import { wireError } from '../../request/error-map.js';
import { forEachInSlices } from '../../request/in-slices.js';
import { type Handler, handler } from '../handler.js';

export interface DeleteRecordsParts {
  readonly metadata: MetadataView;
  readonly partitions: Pick<Partitions, 'find'>;
}

type TopicAnswer = ResponseOf<typeof DeleteRecords>['topics'][number];
type PartitionAnswer = TopicAnswer['partitions'][number];

/**
 * DeleteRecords (KIP-107): moves log starts up. It is answered when the new log start offsets are
 * durable.
 */
export const deleteRecords = handler(
  DeleteRecords,
  { asks: [{ operation: 'delete', resource: 'topic' }] },
  deleteRecordsHandler,
);

function deleteRecordsHandler(parts: DeleteRecordsParts): Handler<typeof DeleteRecords> {
  return async ({ work }, request) => {
    const offsets = await offsetsByPartition(work, request);
    const topics: TopicAnswer[] = [];
    const wishes = wishesOf(parts.metadata, offsets, topics);
    const takeNext = async (): Promise<void> => {
      for (const wish of wishes) {
        if (wish !== null) {
          const { topic, partitionIndex, offset } = wish;
          wish.answers[wish.place] = await deleteBefore(parts, topic, partitionIndex, offset);
        }
        const pause = work.did(1);
        if (pause !== null) await pause;
      }
    };
    // These loops share the wishes: each takes the next one.
    await Promise.all(Array.from({ length: SERVER_LIMITS.recordDeletionsAtOnce }, takeNext));
    return { topics };
  };
}

interface Wish {
  readonly topic: TopicImage | undefined;
  readonly partitionIndex: number;
  readonly offset: number;
  /** The list that its answer is added to. */
  readonly answers: PartitionAnswer[];
  readonly place: number;
}

/** One after another, and null where a topic begins, which is then added to the answer. */
function* wishesOf(
  metadata: MetadataView,
  offsets: ReadonlyMap<string, ReadonlyMap<number, number>>,
  topics: TopicAnswer[],
): Generator<Wish | null, void> {
  for (const [name, partitions] of offsets) {
    const topic = metadata.image.topic(name);
    const answers = new Array<PartitionAnswer>(partitions.size);
    topics.push({ name, partitions: answers });
    yield null;
    let place = 0;
    for (const [partitionIndex, offset] of partitions) {
      yield { topic, partitionIndex, offset, answers, place: place++ };
    }
  }
}

/**
 * The wished offsets by partition. Where a partition is named twice, the last offset counts, and it
 * is answered once, as in Kafka.
 */
async function offsetsByPartition(
  work: Work,
  { topics }: RequestOf<typeof DeleteRecords>,
): Promise<Map<string, Map<number, number>>> {
  const found = new Map<string, Map<number, number>>();
  await forEachInSlices(work, topics, ({ name, partitions }) => {
    const offsets = found.get(name) ?? new Map<number, number>();
    found.set(name, offsets);
    return forEachInSlices(work, partitions, ({ partitionIndex, offset }) => {
      offsets.set(partitionIndex, offset);
    });
  });
  return found;
}

async function deleteBefore(
  { partitions }: DeleteRecordsParts,
  topic: TopicImage | undefined,
  partitionIndex: number,
  offset: number,
): Promise<PartitionAnswer> {
  try {
    if (topic === undefined) {
      throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION', 'there is no such topic');
    }
    if (topic.internal) {
      throw new ApiError('INVALID_TOPIC_EXCEPTION', 'the topic is written by the broker only');
    }
    const lowWatermark = await partitions.find(topic, partitionIndex).deleteBefore(offset);
    return { partitionIndex, lowWatermark, errorCode: ErrorCode.NONE };
  } catch (error) {
    return { partitionIndex, lowWatermark: -1, errorCode: wireError(error).code };
  }
}
