import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorCode } from '../protocol/error-codes.js';
import { Metadata } from '../protocol/messages/metadata.js';
import { check, shown, unknownTopic } from './answers.js';
import { CliError } from './cli-error.js';
import type { Client } from './client.js';
import { CLI_LIMITS } from './limits.js';

/** Fields of a Metadata request that creates nothing. */
export const READ_ONLY = {
  allowAutoTopicCreation: false,
  includeClusterAuthorizedOperations: false,
  includeTopicAuthorizedOperations: false,
};

/** The facts about a topic that commands need. */
export interface TopicPartitions {
  readonly name: string;
  readonly topicId: string;
  /** Ascending. */
  readonly partitions: readonly number[];
}

/**
 * Looks a topic up; with `create` the broker makes it if it is missing and it may. Throws a
 * CliError where there is none.
 */
export async function lookUpTopic(
  client: Client,
  name: string,
  { create = false } = {},
): Promise<TopicPartitions> {
  for (let attempt = 1; ; attempt++) {
    const { topics } = await client.request(Metadata, {
      topics: [{ name }],
      ...READ_ONLY,
      allowAutoTopicCreation: create,
    });
    const [topic] = topics;
    const errorCode = topic?.errorCode ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    const isEarly = create && errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    if (
      (errorCode === ErrorCode.LEADER_NOT_AVAILABLE || isEarly) &&
      attempt < CLI_LIMITS.topicAttemptsMax
    ) {
      await sleep(CLI_LIMITS.retryPauseMs);
      continue;
    }
    if (topic === undefined || errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) {
      throw unknownTopic(name);
    }
    check(errorCode, null, `cannot use topic ${shown(name)}`);
    const partitions = topic.partitions.map(({ partitionIndex }) => partitionIndex);
    return { name, topicId: topic.topicId, partitions: partitions.sort((a, b) => a - b) };
  }
}

/** The partitions of these topics, as far as they exist. */
export async function partitionsByTopic(
  client: Client,
  names: readonly string[],
): Promise<Map<string, readonly number[]>> {
  const found = new Map<string, readonly number[]>();
  for (let from = 0; from < names.length; from += CLI_LIMITS.topicsPerRequest) {
    const some = names.slice(from, from + CLI_LIMITS.topicsPerRequest);
    const { topics } = await client.request(Metadata, {
      topics: some.map((name) => ({ name })),
      ...READ_ONLY,
    });
    for (const { name, errorCode, partitions } of topics) {
      if (name === null || errorCode !== ErrorCode.NONE) continue;
      const indexes = partitions.map(({ partitionIndex }) => partitionIndex);
      found.set(
        name,
        indexes.sort((a, b) => a - b),
      );
    }
  }
  return found;
}

/** Whether the topic exists, and is the same as it was: one of its name may have come since. */
export async function isThere(client: Client, topic: TopicPartitions): Promise<boolean> {
  const { topics } = await client.request(Metadata, {
    topics: [{ name: topic.name }],
    ...READ_ONLY,
  });
  const [found] = topics;
  if (found === undefined) return false;
  return (
    found.errorCode !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION && found.topicId === topic.topicId
  );
}

/**
 * The chosen partition alone, or all. Throws a CliError for a partition that the topic does not
 * have.
 */
export function choosePartitions(
  { name, partitions }: TopicPartitions,
  chosen: number | undefined,
): readonly number[] {
  if (chosen === undefined) return partitions;
  if (partitions.includes(chosen)) return [chosen];
  throw new CliError(
    `topic ${shown(name)} has no partition ${chosen}: it has ${partitions.length}, counted from 0`,
  );
}
