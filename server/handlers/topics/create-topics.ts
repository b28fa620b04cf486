import type { Work } from '../../../engine/index.js';
import { SERVER_LIMITS } from '../../limits.js';
import type { Controller } from '../../metadata/controller.js';
import {
  fitsTransaction,
  lookedAt,
  type NewTopic,
  planTopic,
  type TopicRules,
  type TopicWish,
} from '../../metadata/new-topic.js';
import type { Partitions } from '../../partition/partitions.js';
import type { RequestOf, ResponseOf } from '../../protocol/api.js';
import { ApiError } from '../../protocol/api-error.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { CreateTopics } from '../../protocol/messages/create-topics.js';
import { ZERO_UUID } from '../../protocol/schema.js';
import type { RequestContext } from '../../request/context.js';
import { wireError } from '../../request/error-map.js';
import {
  type BrokerLayers,
  type ConfigEntry,
  describeTopic,
  mergedDynamic,
} from '../../settings/describe.js';
import { lagProblem, type SettingTexts } from '../../settings/topic-settings.js';
import { settingElements } from '../configs/setting-elements.js';
import { type Handler, handler } from '../handler.js';
import { occurringTwice } from '../occurring-twice.js';

export interface CreateTopicsParts {
  readonly controller: Pick<Controller, 'createTopics'>;
  readonly partitions: Pick<Partitions, 'ensure'>;
  readonly topicRules: TopicRules;
  /** The settings layers as of now. */
  layers(): BrokerLayers;
}

type TopicAnswer = ResponseOf<typeof CreateTopics>['topics'][number];
type Wish = RequestOf<typeof CreateTopics>['topics'][number];

/**
 * CreateTopics. Each topic is created whole or not at all; the answer comes when the metadata is
 * durable and the partitions can be written to. `validate_only` does everything but the writing.
 */
export const createTopics = handler(
  CreateTopics,
  {
    asks: [
      { operation: 'create', resource: 'cluster', or: { operation: 'create', resource: 'topic' } },
      { operation: 'describeConfigs', resource: 'topic' },
    ],
  },
  createTopicsHandler,
);

function createTopicsHandler(parts: CreateTopicsParts): Handler<typeof CreateTopics> {
  return async (context, { topics, validateOnly }) => {
    const call = new CreateCall(parts, context, topics, validateOnly);
    return { topics: await call.run() };
  };
}

/** A topic to be created, and the place of its answer. */
interface Planned {
  readonly at: number;
  readonly topic: NewTopic;
}

/**
 * One request: plans its topics, and creates the planned ones in transactions that are not too
 * large.
 */
class CreateCall {
  readonly #parts: CreateTopicsParts;
  readonly #version: number;
  readonly #topics: readonly Wish[];
  readonly #validateOnly: boolean;
  readonly #layers: BrokerLayers;
  readonly #work: Work;
  readonly #answers: TopicAnswer[];
  /** The settings of topics without their own settings, which are all the same. */
  #defaultConfigs: TopicAnswer['configs'] | undefined;

  constructor(
    parts: CreateTopicsParts,
    { apiVersion, work }: RequestContext,
    topics: readonly Wish[],
    validateOnly: boolean,
  ) {
    this.#parts = parts;
    this.#version = apiVersion;
    this.#work = work;
    this.#topics = topics;
    this.#validateOnly = validateOnly;
    this.#layers = parts.layers();
    this.#answers = new Array<TopicAnswer>(topics.length);
  }

  /**
   * Plans each topic by itself; together they may not have more partitions than a single one may.
   */
  async run(): Promise<TopicAnswer[]> {
    const { topicRules } = this.#parts;
    const twice = await occurringTwice(this.#work, this.#topics, ({ name }) => name);
    const dynamic = mergedDynamic(this.#layers);
    let partitionsLeft = topicRules.partitionCountMax;
    let planned: Planned[] = [];
    let partitions = 0;
    for (const [at, wish] of this.#topics.entries()) {
      let elements = 1;
      try {
        if (twice.has(wish.name)) throw new ApiError('INVALID_REQUEST', 'Duplicate topic name.');
        elements += planElements(wish);
        const topic = planTopic(wishOf(wish), topicRules);
        const problem = lagProblem(topic.overrides, dynamic, this.#layers.brokerStatic);
        if (problem !== undefined) throw new ApiError('INVALID_CONFIG', problem);
        partitionsLeft -= topic.replicas.length;
        if (partitionsLeft < 0) {
          throw new ApiError(
            'INVALID_PARTITIONS',
            `one request creates at most ${topicRules.partitionCountMax} partitions`,
          );
        }
        if (!fitsTransaction(planned.length, partitions + topic.replicas.length)) {
          await this.#create(planned);
          planned = [];
          partitions = 0;
        }
        planned.push({ at, topic });
        partitions += topic.replicas.length;
      } catch (error) {
        this.#answers[at] = failed(wish.name, error);
      }
      const pause = this.#work.did(elements);
      if (pause !== null) await pause;
    }
    await this.#create(planned);
    return this.#answers;
  }

  async #create(planned: readonly Planned[]): Promise<void> {
    const { controller, partitions } = this.#parts;
    const outcomes = await controller.createTopics(
      planned.map(({ topic }) => topic),
      { validateOnly: this.#validateOnly },
    );
    for (const [index, { at, topic }] of planned.entries()) {
      const outcome = outcomes[index]!;
      try {
        if (!outcome.ok) throw outcome.error;
        if (outcome.value !== null) await partitions.ensure(outcome.value);
        this.#answers[at] = this.#created(topic, outcome.value?.id ?? ZERO_UUID);
      } catch (error) {
        this.#answers[at] = failed(topic.name, error);
      }
      const pause = this.#work.did(1 + (this.#answers[at]!.configs?.length ?? 0));
      if (pause !== null) await pause;
    }
  }

  #created({ name, replicas, overrides }: NewTopic, topicId: string): TopicAnswer {
    return {
      name,
      topicId,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      numPartitions: replicas.length,
      replicationFactor: replicas[0]?.length ?? 1,
      // The settings are part of the answer from 5 on (KIP-525).
      configs: this.#version < 5 ? null : this.#configsOf(overrides),
    };
  }

  #configsOf(overrides: SettingTexts): TopicAnswer['configs'] {
    const describe = (): TopicAnswer['configs'] =>
      describeTopic(overrides, this.#layers).map(configAnswer);
    if (Object.keys(overrides).length > 0) return describe();
    this.#defaultConfigs ??= describe();
    return this.#defaultConfigs;
  }
}

/** Elements that planning a topic counts for, beside the topic itself. */
function planElements({ assignments, configs }: Wish): number {
  let elements: number = SERVER_LIMITS.topicPlanElements;
  elements += Math.min(assignments.length, SERVER_LIMITS.partitionsPerTopicMax);
  for (const config of lookedAt(configs)) elements += settingElements(config);
  return elements;
}

function wishOf(wish: Wish): TopicWish {
  return {
    name: wish.name,
    partitionCount: wish.numPartitions,
    replicationFactor: wish.replicationFactor,
    assignments: wish.assignments,
    configs: wish.configs,
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
