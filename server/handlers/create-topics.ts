import { ApiError } from '../api-error.js';
import type { Controller } from '../metadata/controller.js';
import {
  type NewTopic,
  planTopic,
  type TopicRules,
  type TopicWish,
} from '../metadata/new-topic.js';
import type { Partitions } from '../partition/partitions.js';
import type { RequestOf, ResponseOf } from '../protocol/api-keys.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { ZERO_UUID } from '../protocol/schema.js';
import {
  type BrokerLayers,
  type ConfigEntry,
  describeTopic,
  mergedDynamic,
} from '../settings/describe.js';
import { lagProblem } from '../settings/topic-settings.js';
import { wireError } from './error-map.js';
import type { Handler } from './handler.js';
import { occurringTwice } from './occurring-twice.js';

export interface CreateTopicsParts {
  readonly controller: Pick<Controller, 'createTopics'>;
  readonly partitions: Pick<Partitions, 'ensure'>;
  readonly topicRules: TopicRules;
  /** The settings layers as of now. */
  layers(): BrokerLayers;
}

type TopicAnswer = ResponseOf<'CreateTopics'>['topics'][number];
type Wish = RequestOf<'CreateTopics'>['topics'][number];
type Planned =
  | { readonly ok: true; readonly topic: NewTopic }
  | { readonly ok: false; readonly error: unknown };

/**
 * CreateTopics. Each topic is created whole or not at all; the answer comes when the metadata is durable and the partitions can be
 * written to. `validate_only` goes all the way but for the writing.
 */
export function createTopicsHandler(parts: CreateTopicsParts): Handler<'CreateTopics'> {
  return async (context, { topics, validateOnly }) => {
    const planned = planAll(topics, parts.topicRules, parts.layers());
    const wishes = planned.flatMap((each) => (each.ok ? [each.topic] : []));
    const outcomes = await parts.controller.createTopics(wishes, { validateOnly });
    const answers: Promise<TopicAnswer>[] = [];
    let next = 0;
    planned.forEach((plan, at) => {
      const name = topics[at]!.name;
      if (!plan.ok) {
        answers.push(Promise.resolve(failed(name, plan.error)));
        return;
      }
      const outcome = outcomes[next++]!;
      answers.push(
        outcome.ok
          ? created(parts, context.apiVersion, plan.topic, outcome.value?.id ?? ZERO_UUID, () =>
              outcome.value === null ? Promise.resolve() : parts.partitions.ensure(outcome.value),
            )
          : Promise.resolve(failed(name, outcome.error)),
      );
    });
    return { topics: await Promise.all(answers) };
  };
}

/** Plans each topic by itself; together they may not have more partitions than a single one may. */
function planAll(topics: readonly Wish[], rules: TopicRules, layers: BrokerLayers): Planned[] {
  const twice = occurringTwice(topics.map(({ name }) => name));
  let partitionsLeft = rules.partitionCountMax;
  return topics.map((wish): Planned => {
    try {
      if (twice.has(wish.name)) throw new ApiError('INVALID_REQUEST', 'Duplicate topic name.');
      const topic = planTopic(wishOf(wish), rules);
      const problem = lagProblem(topic.overrides, mergedDynamic(layers), layers.brokerStatic);
      if (problem !== undefined) throw new ApiError('INVALID_CONFIG', problem);
      partitionsLeft -= topic.replicas.length;
      if (partitionsLeft < 0) {
        throw new ApiError(
          'INVALID_PARTITIONS',
          `one request creates at most ${rules.partitionCountMax} partitions`,
        );
      }
      return { ok: true, topic };
    } catch (error) {
      return { ok: false, error };
    }
  });
}

function wishOf(wish: Wish): TopicWish {
  return {
    name: wish.name,
    partitionCount: wish.numPartitions,
    replicationFactor: wish.replicationFactor,
    assignments: wish.assignments.map(({ partitionIndex, brokerIds }) => ({
      partition: partitionIndex,
      nodeIds: brokerIds,
    })),
    configs: wish.configs,
  };
}

async function created(
  parts: CreateTopicsParts,
  version: number,
  { name, replicas, overrides }: NewTopic,
  topicId: string,
  ensure: () => Promise<void>,
): Promise<TopicAnswer> {
  await ensure();
  return {
    name,
    topicId,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    numPartitions: replicas.length,
    replicationFactor: replicas[0]?.length ?? 1,
    // The settings are part of the answer from 5 on (KIP-525).
    configs: version < 5 ? null : describeTopic(overrides, parts.layers()).map(configAnswer),
  };
}

function configAnswer(entry: ConfigEntry): NonNullable<TopicAnswer['configs']>[number] {
  return {
    name: entry.name,
    value: entry.value,
    readOnly: entry.readOnly,
    configSource: entry.source,
    isSensitive: entry.sensitive,
  };
}

function failed(name: string, error: unknown): TopicAnswer {
  const { code, message } = wireError(error);
  return { name, topicId: ZERO_UUID, errorCode: code, errorMessage: message, configs: null };
}
