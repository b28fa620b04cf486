import { ApiError } from '../api-error.js';
import type { MetadataView } from '../metadata/metadata-view.js';
import type { Partitions } from '../partition/partitions.js';
import type { ResponseOf } from '../protocol/api.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { OffsetForLeaderEpoch } from '../protocol/messages/offset-for-leader-epoch.js';
import { wireError } from './error-map.js';
import { type Handler, handler } from './handler.js';

export interface OffsetForLeaderEpochParts {
  readonly metadata: MetadataView;
  readonly partitions: Pick<Partitions, 'find'>;
}

type TopicAnswer = ResponseOf<typeof OffsetForLeaderEpoch>['topics'][number];

/** OffsetForLeaderEpoch: where an epoch ended in our log (KIP-101, KIP-320). An unknown epoch is -1 and -1 without an error. */
export const offsetForLeaderEpoch = handler(OffsetForLeaderEpoch, {}, offsetForLeaderEpochHandler);

function offsetForLeaderEpochHandler(
  parts: OffsetForLeaderEpochParts,
): Handler<typeof OffsetForLeaderEpoch> {
  return async ({ work }, request) => {
    const { image } = parts.metadata;
    const topics: TopicAnswer[] = [];
    for (const { topic: name, partitions } of request.topics) {
      const topic = image.topic(name);
      const answers: TopicAnswer['partitions'][number][] = [];
      for (const { partition: index, currentLeaderEpoch, leaderEpoch } of partitions) {
        try {
          if (topic === undefined) {
            throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION', 'there is no such topic');
          }
          const partition = parts.partitions.find(topic, index);
          const end = partition.endOfEpoch(leaderEpoch, currentLeaderEpoch);
          answers.push({ partition: index, errorCode: ErrorCode.NONE, ...end });
        } catch (error) {
          answers.push({ partition: index, errorCode: wireError(error).code });
        }
        const pause = work.did(1);
        if (pause !== null) await pause;
      }
      topics.push({ topic: name, partitions: answers });
    }
    return { topics };
  };
}
