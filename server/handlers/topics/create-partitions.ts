import type { Controller } from '../../metadata/controller.js';
import type { MetadataView } from '../../metadata/metadata-view.js';
import { planMorePartitions, type TopicRules } from '../../metadata/new-topic.js';
import type { Partitions } from '../../partition/partitions.js';
import type { ResponseOf } from '../../protocol/api.js';
import { ApiError } from '../../protocol/api-error.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { CreatePartitions } from '../../protocol/messages/create-partitions.js';
import { wireError } from '../../request/error-map.js';
import { type Handler, handler } from '../handler.js';
import { occurringTwice } from '../occurring-twice.js';

export interface CreatePartitionsParts {
  readonly metadata: MetadataView;
  readonly controller: Pick<Controller, 'addPartitions'>;
  readonly partitions: Pick<Partitions, 'ensure'>;
  readonly topicRules: TopicRules;
}

type Answer = ResponseOf<typeof CreatePartitions>['results'][number];

/**
 * CreatePartitions (KIP-195): `count` is the new total. Answered when the new partitions can be
 * written to. Internal topics are refused, which Apache Kafka leaves to its tools: with another
 * number of partitions, committed offsets would be looked for in the wrong partitions.
 */
export const createPartitions = handler(
  CreatePartitions,
  { asks: [{ operation: 'alter', resource: 'topic' }] },
  createPartitionsHandler,
);

function createPartitionsHandler(parts: CreatePartitionsParts): Handler<typeof CreatePartitions> {
  return async ({ work }, { topics, validateOnly }) => {
    const twice = await occurringTwice(work, topics, ({ name }) => name);
    const results: Answer[] = [];
    for (const { name, count, assignments } of topics) {
      try {
        if (twice.has(name)) throw new ApiError('INVALID_REQUEST', 'Duplicate topic name.');
        const topic = parts.metadata.image.topic(name);
        if (topic === undefined) {
          throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION', 'there is no such topic');
        }
        if (topic.internal) {
          const message = `The number of partitions of the internal topic '${name}' cannot be changed`;
          throw new ApiError('INVALID_TOPIC_EXCEPTION', message);
        }
        const grown = await parts.controller.addPartitions(
          topic.id,
          (present) => planMorePartitions(present, count, assignments, parts.topicRules),
          { validateOnly },
        );
        if (!validateOnly) await parts.partitions.ensure(grown);
        results.push({ name, errorCode: ErrorCode.NONE });
      } catch (error) {
        const { code, message } = wireError(error);
        results.push({ name, errorCode: code, errorMessage: message });
      }
      const pause = work.did(1 + (assignments?.length ?? 0));
      if (pause !== null) await pause;
    }
    return { results };
  };
}
