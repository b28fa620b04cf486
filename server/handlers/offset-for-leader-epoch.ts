import { ApiError } from '../api-error.js';
import type { MetadataView } from '../metadata/metadata-view.js';
import type { Partitions } from '../partition/partitions.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { wireError } from './error-map.js';
import type { Handler } from './handler.js';

export interface OffsetForLeaderEpochParts {
  readonly metadata: MetadataView;
  readonly partitions: Pick<Partitions, 'find'>;
}

/** OffsetForLeaderEpoch: where an epoch ended in our log (KIP-101, KIP-320). An unknown epoch is -1 and -1 without an error. */
export function offsetForLeaderEpochHandler(
  parts: OffsetForLeaderEpochParts,
): Handler<'OffsetForLeaderEpoch'> {
  return (_context, request) => {
    const { image } = parts.metadata;
    const topics = request.topics.map(({ topic: name, partitions }) => {
      const topic = image.topic(name);
      return {
        topic: name,
        partitions: partitions.map(({ partition: index, currentLeaderEpoch, leaderEpoch }) => {
          try {
            if (topic === undefined) {
              throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION', 'there is no such topic');
            }
            const partition = parts.partitions.find(topic, index);
            const end = partition.endOfEpoch(leaderEpoch, currentLeaderEpoch);
            return { partition: index, errorCode: ErrorCode.NONE, ...end };
          } catch (error) {
            return { partition: index, errorCode: wireError(error).code };
          }
        }),
      };
    });
    return { topics };
  };
}
