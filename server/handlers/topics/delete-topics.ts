import type { Controller } from '../../metadata/controller.js';
import type { TopicImage } from '../../metadata/image.js';
import type { MetadataView } from '../../metadata/metadata-view.js';
import { fitsTransaction } from '../../metadata/new-topic.js';
import type { RequestOf, ResponseOf } from '../../protocol/api.js';
import { ApiError } from '../../protocol/api-error.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { DeleteTopics } from '../../protocol/messages/delete-topics.js';
import { ZERO_UUID } from '../../protocol/schema.js';
import type { RequestContext } from '../../request/context.js';
import { wireError } from '../../request/error-map.js';
import { mapInSlices } from '../../request/in-slices.js';
import { type Handler, handler } from '../handler.js';
import { occurringTwice } from '../occurring-twice.js';

export interface DeleteTopicsParts {
  readonly metadata: MetadataView;
  readonly controller: Pick<Controller, 'deleteTopics'>;
  /** `delete.topic.enable`. */
  readonly deleteTopics: boolean;
}

type TopicAnswer = ResponseOf<typeof DeleteTopics>['responses'][number];

/** A topic as the request names it: by one of the two. */
interface Wish {
  readonly name: string | null;
  readonly topicId: string;
}

/**
 * DeleteTopics, by name or (from 6 on) by id. It is answered when the deletion is durable and the
 * topic is not served any more.
 */
export const deleteTopics = handler(
  DeleteTopics,
  { asks: [{ operation: 'delete', resource: 'topic' }] },
  deleteTopicsHandler,
);

function deleteTopicsHandler(parts: DeleteTopicsParts): Handler<typeof DeleteTopics> {
  return async (context, request) => {
    const wishes = await wishesOf(context, request);
    const twice = await occurringTwice(
      context.work,
      wishes,
      ({ name, topicId }) => name ?? topicId,
    );
    const responses = new Array<TopicAnswer>(wishes.length);
    const refuse = (at: number, error: unknown): void => {
      const { code, message } = wireError(error);
      responses[at] = answer(wishes[at]!, code, message);
    };
    const deleteNow = async (wanted: readonly Wanted[]): Promise<void> => {
      const outcomes = await parts.controller.deleteTopics(wanted.map(({ topic }) => topic.id));
      outcomes.forEach((outcome, index) => {
        const { at, topic } = wanted[index]!;
        if (!outcome.ok) refuse(at, outcome.error);
        else {
          responses[at] = answer({ name: topic.name, topicId: topic.id }, ErrorCode.NONE, null);
        }
      });
    };
    let wanted: Wanted[] = [];
    let partitions = 0;
    for (const [at, wish] of wishes.entries()) {
      try {
        if (!parts.deleteTopics) throw disabled(context.apiVersion);
        if (twice.has(wish.name ?? wish.topicId)) {
          throw new ApiError('INVALID_REQUEST', 'Duplicate topic name or id.');
        }
        const topic = topicOf(parts, wish);
        if (!fitsTransaction(wanted.length, partitions + topic.partitions.length)) {
          await deleteNow(wanted);
          wanted = [];
          partitions = 0;
        }
        wanted.push({ at, topic });
        partitions += topic.partitions.length;
      } catch (error) {
        refuse(at, error);
      }
      const pause = context.work.did(1);
      if (pause !== null) await pause;
    }
    await deleteNow(wanted);
    return { responses };
  };
}

/** A topic to be deleted, and the place of its answer. */
interface Wanted {
  readonly at: number;
  readonly topic: TopicImage;
}

async function wishesOf(
  { apiVersion, work }: RequestContext,
  request: RequestOf<typeof DeleteTopics>,
): Promise<readonly Wish[]> {
  if (apiVersion >= 6) return request.topics;
  return mapInSlices(work, request.topicNames, (name) => ({ name, topicId: ZERO_UUID }));
}

function topicOf({ metadata }: DeleteTopicsParts, { name, topicId }: Wish): TopicImage {
  if ((name === null) === (topicId === ZERO_UUID)) {
    throw new ApiError(
      'INVALID_REQUEST',
      'A topic is named by its name or by its id, not by both.',
    );
  }
  if (name === null) {
    const topic = metadata.image.topicById(topicId);
    if (topic === undefined) throw new ApiError('UNKNOWN_TOPIC_ID', 'there is no topic of this id');
    return topic;
  }
  const topic = metadata.image.topic(name);
  if (topic === undefined) {
    throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION', 'there is no such topic');
  }
  return topic;
}

/** Clients below version 3 do not know the code TOPIC_DELETION_DISABLED. */
function disabled(version: number): ApiError {
  return new ApiError(
    version < 3 ? 'INVALID_REQUEST' : 'TOPIC_DELETION_DISABLED',
    'delete.topic.enable is false',
  );
}

function answer(
  { name, topicId }: Wish,
  errorCode: ErrorCode,
  errorMessage: string | null,
): TopicAnswer {
  return { name, topicId, errorCode, errorMessage };
}
