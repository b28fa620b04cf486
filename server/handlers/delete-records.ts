import { ApiError } from '../api-error.js';
import type { MetadataView } from '../metadata/metadata-view.js';
import type { Partitions } from '../partition/partitions.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { wireError } from './error-map.js';
import type { Handler } from './handler.js';

export interface DeleteRecordsParts {
  readonly metadata: MetadataView;
  readonly partitions: Pick<Partitions, 'find'>;
}

/** DeleteRecords (KIP-107): moves log starts up. Answered when the new log start offsets are durable. */
export function deleteRecordsHandler(parts: DeleteRecordsParts): Handler<'DeleteRecords'> {
  return async (_context, request) => {
    const { image } = parts.metadata;
    const topics = request.topics.map(async ({ name, partitions }) => {
      const topic = image.topic(name);
      const answers = partitions.map(async ({ partitionIndex, offset }) => {
        try {
          if (topic === undefined) {
            throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION', 'there is no such topic');
          }
          if (topic.internal) {
            throw new ApiError(
              'INVALID_TOPIC_EXCEPTION',
              'the topic is written by the broker only',
            );
          }
          const lowWatermark = await parts.partitions
            .find(topic, partitionIndex)
            .deleteBefore(offset);
          return { partitionIndex, lowWatermark, errorCode: ErrorCode.NONE };
        } catch (error) {
          return { partitionIndex, lowWatermark: -1, errorCode: wireError(error).code };
        }
      });
      return { name, partitions: await Promise.all(answers) };
    });
    return { topics: await Promise.all(topics) };
  };
}
