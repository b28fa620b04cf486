import { SERVER_LIMITS } from '../limits.js';
import { ApiError } from '../protocol/api-error.js';
import { topicKeys } from '../settings/topic-keys.js';
import { type SettingTexts, validateTopicOverrides } from '../settings/topic-settings.js';
import type { TopicImage } from './image.js';
import {
  assignmentProblem,
  checkReplicationFactor,
  type PlacementBroker,
  placeReplicas,
} from './placement.js';
import { isInternalTopic, topicNameProblem } from './topic-name.js';

/** A topic that a client asks for. -1 stands for the broker's default. */
export interface TopicWish {
  readonly name: string;
  readonly partitionCount: number;
  readonly replicationFactor: number;
  /** Replicas by partition number, in any order; empty to leave the choice to the broker. */
  readonly assignments: readonly {
    readonly partitionIndex: number;
    readonly brokerIds: readonly number[];
  }[];
  readonly configs: readonly { readonly name: string; readonly value: string | null }[];
}

/** A topic that may be created. */
export interface NewTopic {
  readonly name: string;
  readonly replicas: readonly (readonly number[])[];
  readonly overrides: SettingTexts;
}

export interface TopicRules {
  /** Those that may take replicas, as of now. */
  readonly brokers: readonly PlacementBroker[];
  readonly defaultReplicationFactor: number;
  readonly defaultPartitionCount: number;
  readonly partitionCountMax: number;
}

/**
 * Whether a transaction of `topicCount` topics may take in another one, with which it would have
 * `partitionCount` partitions.
 */
export function fitsTransaction(topicCount: number, partitionCount: number): boolean {
  if (topicCount === 0) return true;
  const { topicsPerTransaction, partitionsPerTransaction } = SERVER_LIMITS;
  return topicCount < topicsPerTransaction && partitionCount <= partitionsPerTransaction;
}

/**
 * Turns a wish into a topic, or throws the `ApiError` that Kafka has for it:
 * INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR,
 * INVALID_REPLICA_ASSIGNMENT, INVALID_REQUEST, INVALID_CONFIG. The controller decides whether the
 * name is taken.
 */
export function planTopic(wish: TopicWish, rules: TopicRules): NewTopic {
  const problem = topicNameProblem(wish.name);
  if (problem !== null) throw new ApiError('INVALID_TOPIC_EXCEPTION', problem);
  if (isInternalTopic(wish.name)) {
    throw new ApiError(
      'INVALID_TOPIC_EXCEPTION',
      `Topic '${wish.name}' is reserved for the broker`,
    );
  }
  return {
    name: wish.name,
    replicas: planReplicas(wish, rules),
    overrides: planOverrides(wish.configs),
  };
}

/**
 * Replicas of the partitions that must be added to a topic to reach `count`. The errors are those
 * of `planTopic`.
 */
export function planMorePartitions(
  { name: topic, partitions }: Pick<TopicImage, 'name' | 'partitions'>,
  count: number,
  assignments: readonly { readonly brokerIds: readonly number[] }[] | null,
  rules: TopicRules,
): readonly (readonly number[])[] {
  const present = partitions.map(({ replicas }) => replicas);
  const more = count - present.length;
  if (more <= 0) {
    const state =
      more === 0
        ? `already has ${partitionsText(count)}`
        : `has ${partitionsText(present.length)}, which is more`;
    throw new ApiError('INVALID_PARTITIONS', `Topic ${state}: asked for ${count}`);
  }
  checkCount(count, rules);
  const replicationFactor = present[0]?.length ?? rules.defaultReplicationFactor;
  if (assignments === null) {
    const { brokers } = rules;
    return placeReplicas({ topic, brokers, replicationFactor, present, count: more });
  }
  if (assignments.length !== more) {
    throw new ApiError(
      'INVALID_REPLICA_ASSIGNMENT',
      `${more} partitions are to be added, and ${assignments.length} assignments were given`,
    );
  }
  return assignments.map(({ brokerIds }) => checkReplicas(brokerIds, rules, replicationFactor));
}

function planReplicas(wish: TopicWish, rules: TopicRules): readonly (readonly number[])[] {
  const { name: topic, assignments, partitionCount, replicationFactor } = wish;
  if (assignments.length > 0) {
    if (partitionCount !== -1 || replicationFactor !== -1) {
      throw new ApiError(
        'INVALID_REQUEST',
        'Replica assignments exclude a number of partitions and a replication factor: both must be -1',
      );
    }
    return planAssignments(wish, rules);
  }
  const { brokers } = rules;
  const factor = replicationFactor === -1 ? rules.defaultReplicationFactor : replicationFactor;
  checkReplicationFactor(factor, brokers);
  const count = partitionCount === -1 ? rules.defaultPartitionCount : partitionCount;
  checkCount(count, rules);
  return placeReplicas({ topic, brokers, replicationFactor: factor, present: [], count });
}

function planAssignments(wish: TopicWish, rules: TopicRules): readonly (readonly number[])[] {
  // The count is checked before the assignments: they are bounded like the number of partitions.
  checkCount(wish.assignments.length, rules);
  const byPartition = new Map<number, readonly number[]>();
  for (const { partitionIndex: partition, brokerIds } of wish.assignments) {
    if (byPartition.has(partition)) {
      throw new ApiError('INVALID_REPLICA_ASSIGNMENT', `partition ${partition} is assigned twice`);
    }
    const [other] = byPartition.values();
    byPartition.set(partition, checkReplicas(brokerIds, rules, other?.length));
  }
  return Array.from({ length: byPartition.size }, (_, partition) => {
    const nodeIds = byPartition.get(partition);
    if (nodeIds !== undefined) return nodeIds;
    throw new ApiError(
      'INVALID_REPLICA_ASSIGNMENT',
      `partitions must be assigned from 0 on without gaps: ${partition} is missing`,
    );
  });
}

/** Replicas that a client has chosen, if they can be placed. */
function checkReplicas(
  nodeIds: readonly number[],
  { brokers }: TopicRules,
  factor: number | undefined,
): readonly number[] {
  const problem = assignmentProblem(nodeIds, brokers, factor);
  if (problem !== null) throw new ApiError('INVALID_REPLICA_ASSIGNMENT', problem);
  return nodeIds;
}

function partitionsText(count: number): string {
  return count === 1 ? '1 partition' : `${count} partitions`;
}

function checkCount(count: number, { partitionCountMax }: TopicRules): void {
  if (count < 1) {
    throw new ApiError(
      'INVALID_PARTITIONS',
      'Number of partitions must be larger than 0, or -1 for the default',
    );
  }
  if (count > partitionCountMax) {
    throw new ApiError(
      'INVALID_PARTITIONS',
      `Number of partitions: ${count} is above this broker's limit of ${partitionCountMax}`,
    );
  }
}

/**
 * The settings of a topic that are looked at. Where there are more of them than known keys, one of
 * these is unknown, or comes twice.
 */
export function lookedAt<T>(configs: readonly T[]): readonly T[] {
  return configs.slice(0, topicKeys.size + 1);
}

function planOverrides(configs: TopicWish['configs']): SettingTexts {
  const looked = lookedAt(configs);
  const names = new Set(looked.map(({ name }) => name));
  if (names.size !== looked.length) {
    throw new ApiError('INVALID_CONFIG', 'a setting is given twice');
  }
  // fromEntries defines properties, so that a key named __proto__ is an ordinary key.
  const given = Object.fromEntries(looked.map(({ name, value }) => [name, value]));
  const [problem] = validateTopicOverrides(given);
  if (problem !== undefined) throw new ApiError('INVALID_CONFIG', problem.message);
  return given as SettingTexts;
}
