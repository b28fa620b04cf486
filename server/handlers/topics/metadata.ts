import type { Work } from '../../../engine/index.js';
import { SERVER_LIMITS } from '../../limits.js';
import { endpointFor } from '../../metadata/advertised.js';
import type { Controller } from '../../metadata/controller.js';
import type { MetadataImage } from '../../metadata/image.js';
import type { MetadataView } from '../../metadata/metadata-view.js';
import {
  fitsTransaction,
  type NewTopic,
  planTopic,
  type TopicRules,
} from '../../metadata/new-topic.js';
import { isInternalTopic, topicNameProblem } from '../../metadata/topic-name.js';
import type { Partitions } from '../../partition/partitions.js';
import type { RequestOf, ResponseOf } from '../../protocol/api.js';
import { ApiError } from '../../protocol/api-error.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { Metadata } from '../../protocol/messages/metadata.js';
import { ZERO_UUID } from '../../protocol/schema.js';
import type { RequestContext } from '../../request/context.js';
import { wireError } from '../../request/error-map.js';
import { mapInSlices } from '../../request/in-slices.js';
import { CLUSTER_OPERATIONS, TOPIC_OPERATIONS } from '../authorized-operations.js';
import { type Handler, handler } from '../handler.js';
import { describeTopic, missingCode } from './topic-description.js';

export interface MetadataParts {
  readonly metadata: MetadataView;
  readonly controller: Pick<Controller, 'createTopics'>;
  readonly partitions: Pick<Partitions, 'ensure' | 'isOffline'>;
  readonly topicRules: TopicRules;
  /** `auto.create.topics.enable`. */
  readonly autoCreateTopics: boolean;
}

type TopicAnswer = ResponseOf<typeof Metadata>['topics'][number];
type TopicWishes = NonNullable<RequestOf<typeof Metadata>['topics']>;

/**
 * Metadata: brokers, and the topics asked for or all. A topic that does not exist is created first,
 * if client and broker both allow it, and the answer waits until it can be written to, so that no
 * client meets LEADER_NOT_AVAILABLE.
 */
export const metadata = handler(
  Metadata,
  {
    asks: [
      { operation: 'describe', resource: 'topic' },
      { operation: 'create', resource: 'topic', or: { operation: 'create', resource: 'cluster' } },
    ],
    readsOnly: true,
  },
  metadataHandler,
);

function metadataHandler(parts: MetadataParts): Handler<typeof Metadata> {
  return async (context, request) => {
    // An empty list is all topics in version 0, and none from 1 on, where null is all.
    const wishes = context.apiVersion === 0 && request.topics?.length === 0 ? null : request.topics;
    const failures =
      wishes !== null && request.allowAutoTopicCreation && parts.autoCreateTopics
        ? await createMissing(parts, context.work, wishes)
        : new Map<string, ErrorCode>();
    const { image } = parts.metadata;
    const topics =
      wishes === null
        ? await describeAll(parts, context.work, image)
        : await answersFor(parts, context, image, wishes, failures);
    return {
      brokers: brokersFor(context, image),
      clusterId: image.clusterId,
      controllerId: image.controllerId,
      topics: request.includeTopicAuthorizedOperations
        ? await mapInSlices(context.work, topics, withOperations)
        : topics,
      ...(request.includeClusterAuthorizedOperations && {
        clusterAuthorizedOperations: CLUSTER_OPERATIONS,
      }),
    };
  };
}

/**
 * Adds the operations that are allowed on a topic of this name, whether it exists or not, as in
 * Kafka.
 */
function withOperations(topic: TopicAnswer): TopicAnswer {
  if (topic.name === null) return topic;
  return { ...topic, topicAuthorizedOperations: TOPIC_OPERATIONS };
}

/** The brokers that the client can reach on its listener. */
function brokersFor(
  { connection }: RequestContext,
  image: MetadataImage,
): ResponseOf<typeof Metadata>['brokers'] {
  return image.brokers.flatMap((broker) => {
    const endpoint = endpointFor(broker, connection);
    return endpoint === null ? [] : [{ nodeId: broker.nodeId, ...endpoint, rack: broker.rack }];
  });
}

/** Creates missing topics where that is allowed; says which names could not be created and why. */
async function createMissing(
  parts: MetadataParts,
  work: Work,
  wishes: TopicWishes,
): Promise<Map<string, ErrorCode>> {
  const failures = new Map<string, ErrorCode>();
  const { image } = parts.metadata;
  const names = new Set<string>();
  for (const { name, topicId } of wishes) {
    if (mayBeCreated(image, name, topicId)) names.add(name);
    const pause = work.did(1);
    if (pause !== null) await pause;
  }
  if (names.size === 0) return failures;
  let partitionsLeft = parts.topicRules.partitionCountMax;
  let planned: NewTopic[] = [];
  let partitions = 0;
  for (const name of names) {
    const pause = work.did(1);
    if (pause !== null) await pause;
    // Planning a topic costs much more than refusing one.
    if (partitionsLeft < parts.topicRules.defaultPartitionCount) {
      failures.set(name, ErrorCode.INVALID_PARTITIONS);
      continue;
    }
    const planning = work.did(SERVER_LIMITS.topicPlanElements);
    if (planning !== null) await planning;
    const topic = planTopic(
      { name, partitionCount: -1, replicationFactor: -1, assignments: [], configs: [] },
      parts.topicRules,
    );
    partitionsLeft -= topic.replicas.length;
    if (!fitsTransaction(planned.length, partitions + topic.replicas.length)) {
      await create(parts, planned, failures);
      planned = [];
      partitions = 0;
    }
    planned.push(topic);
    partitions += topic.replicas.length;
  }
  await create(parts, planned, failures);
  return failures;
}

function mayBeCreated(image: MetadataImage, name: string | null, topicId: string): name is string {
  return (
    name !== null &&
    topicId === ZERO_UUID &&
    image.topic(name) === undefined &&
    !isInternalTopic(name) &&
    topicNameProblem(name) === null
  );
}

async function create(
  parts: MetadataParts,
  planned: readonly NewTopic[],
  failures: Map<string, ErrorCode>,
): Promise<void> {
  const outcomes = await parts.controller.createTopics(planned);
  for (const [at, outcome] of outcomes.entries()) {
    if (outcome.ok) {
      if (outcome.value !== null) await parts.partitions.ensure(outcome.value);
    } else if (outcome.error.code !== 'TOPIC_ALREADY_EXISTS') {
      failures.set(planned[at]!.name, ErrorCode[outcome.error.code]);
    }
  }
}

async function describeAll(
  parts: MetadataParts,
  work: Work,
  image: MetadataImage,
): Promise<TopicAnswer[]> {
  const answers: TopicAnswer[] = [];
  for (const topic of image.topics()) {
    answers.push(await describeTopic(parts.partitions, topic, work));
  }
  return answers;
}

async function answersFor(
  parts: MetadataParts,
  context: RequestContext,
  image: MetadataImage,
  wishes: TopicWishes,
  failures: ReadonlyMap<string, ErrorCode>,
): Promise<TopicAnswer[]> {
  const byName = new Set<string>();
  const byId = new Set<string>();
  const answers: TopicAnswer[] = [];
  // A topic that is named twice is answered once, as in Kafka, so that repetition cannot make the
  // answer larger.
  for (const { name, topicId } of wishes) {
    try {
      checkWish(context.apiVersion, name, topicId);
    } catch (error) {
      answers.push(failed(name ?? '', topicId, wireError(error).code));
      const pause = context.work.did(1);
      if (pause !== null) await pause;
      continue;
    }
    // Beside an id, Java sends an empty name: the id counts.
    if (name !== null && topicId === ZERO_UUID) byName.add(name);
    else byId.add(topicId);
    const pause = context.work.did(1);
    if (pause !== null) await pause;
  }
  for (const name of byName) {
    const topic = image.topic(name);
    if (topic !== undefined)
      answers.push(await describeTopic(parts.partitions, topic, context.work));
    else answers.push(failed(name, ZERO_UUID, failures.get(name) ?? missingCode(name)));
    const pause = context.work.did(1);
    if (pause !== null) await pause;
  }
  for (const id of byId) {
    const topic = image.topicById(id);
    if (topic !== undefined)
      answers.push(await describeTopic(parts.partitions, topic, context.work));
    else answers.push(failed(null, id, ErrorCode.UNKNOWN_TOPIC_ID));
    const pause = context.work.did(1);
    if (pause !== null) await pause;
  }
  return answers;
}

/**
 * Topics are asked for by id from version 12 on, although 10 and 11 have the field (KAFKA-13305).
 */
function checkWish(version: number, name: string | null, topicId: string): void {
  if (version < 12 && (name === null || topicId !== ZERO_UUID)) {
    throw new ApiError('INVALID_REQUEST', `version ${version} asks for topics by name`);
  }
}

function failed(name: string | null, topicId: string, errorCode: ErrorCode): TopicAnswer {
  return {
    errorCode,
    name,
    topicId,
    isInternal: name !== null && isInternalTopic(name),
    partitions: [],
  };
}
