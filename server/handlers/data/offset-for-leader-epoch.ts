import type { TopicImage } from '../../metadata/image.js';
import type { MetadataView } from '../../metadata/metadata-view.js';
import type { Partitions } from '../../partition/partitions.js';
import type { RequestOf, ResponseOf } from '../../protocol/api.js';
import { ApiError } from '../../protocol/api-error.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { OffsetForLeaderEpoch } from '../../protocol/messages/offset-for-leader-epoch.js';
import { wireError } from '../../request/error-map.js';
import { mapInSlices } from '../../request/in-slices.js';
import { type Handler, handler } from '../handler.js';

export interface OffsetForLeaderEpochParts {
  readonly metadata: MetadataView;
  readonly partitions: Pick<Partitions, 'find'>;
}

type PartitionAnswer = ResponseOf<
  typeof OffsetForLeaderEpoch
>['topics'][number]['partitions'][number];
type PartitionWish = RequestOf<typeof OffsetForLeaderEpoch>['topics'][number]['partitions'][number];

/**
 * OffsetForLeaderEpoch: where an epoch ended in our log (KIP-101, KIP-320). An unknown epoch is -1
 * and -1 without an error.
 */
export const offsetForLeaderEpoch = handler(
  OffsetForLeaderEpoch,
  {
    asks: [
      {
        operation: 'describe',
        resource: 'topic',
        or: { operation: 'clusterAction', resource: 'cluster' },
      },
    ],
    readsOnly: true,
  },
  offsetForLeaderEpochHandler,
);

function offsetForLeaderEpochHandler(
  parts: OffsetForLeaderEpochParts,
): Handler<typeof OffsetForLeaderEpoch> {
  return async ({ work }, request) => {
    const { image } = parts.metadata;
    const topics = await mapInSlices(work, request.topics, async ({ topic: name, partitions }) => {
      const topic = image.topic(name);
      const answers = await mapInSlices(work, partitions, (wish) => answerFor(parts, topic, wish));
      return { topic: name, partitions: answers };
    });
    return { topics };
  };
}

function answerFor(
  { partitions }: OffsetForLeaderEpochParts,
  topic: TopicImage | undefined,
  { partition: index, currentLeaderEpoch, leaderEpoch }: PartitionWish,
): PartitionAnswer {
  try {
    if (topic === undefined) {
      throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION', 'there is no such topic');
    }
    const end = partitions.find(topic, index).endOfEpoch(leaderEpoch, currentLeaderEpoch);
    return { partition: index, errorCode: ErrorCode.NONE, ...end };
  } catch (error) {
    return { partition: index, errorCode: wireError(error).code };
  }
}
