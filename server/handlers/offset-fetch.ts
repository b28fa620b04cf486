import type { GroupCoordinator } from '../groups/coordinator.js';
import type { GroupOffsets } from '../groups/offsets.js';
import type { RequestOf, ResponseOf } from '../protocol/api-keys.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { wireError } from './error-map.js';
import type { Handler } from './handler.js';

export interface OffsetFetchParts {
  readonly groups: Pick<GroupCoordinator, 'offsets'>;
}

type GroupAnswer = NonNullable<ResponseOf<'OffsetFetch'>['groups']>[number];
type TopicAnswer = GroupAnswer['topics'][number];
type Wishes = RequestOf<'OffsetFetch'>['topics'];

/** OffsetFetch: what a group has committed for the partitions asked for, or for all. Nothing committed is offset -1 without an error. */
export function offsetFetchHandler({ groups }: OffsetFetchParts): Handler<'OffsetFetch'> {
  return async ({ apiVersion }, request) => {
    if (apiVersion >= 8) {
      // A group that is named twice is answered once: the answer cannot grow by repetition.
      const wishes = new Map(request.groups.map((group) => [group.groupId, group.topics]));
      const answers = [...wishes].map(([groupId, topics]) => answerFor(groups, groupId, topics));
      return { groups: await Promise.all(answers) };
    }
    const { topics, errorCode } = await answerFor(groups, request.groupId, request.topics);
    if (apiVersion >= 2 || errorCode === ErrorCode.NONE) return { topics, errorCode };
    // Version 1 has a place for an error at each partition only.
    return { topics: failedTopics(request.topics ?? [], errorCode ?? ErrorCode.NONE) };
  };
}

async function answerFor(
  { offsets }: OffsetFetchParts['groups'],
  groupId: string,
  wishes: Wishes,
): Promise<GroupAnswer> {
  try {
    const found = await offsets.fetch(groupId);
    const topics = wishes === null ? allOf(found) : someOf(found, wishes);
    return { groupId, topics, errorCode: ErrorCode.NONE };
  } catch (error) {
    return { groupId, topics: [], errorCode: wireError(error).code };
  }
}

function allOf(offsets: GroupOffsets | null): TopicAnswer[] {
  return [...(offsets?.topics() ?? [])].map((name) => ({
    name,
    partitions: [...(offsets?.ofTopic(name) ?? [])].map(({ partition }) =>
      partitionOf(offsets, name, partition),
    ),
  }));
}

function someOf(offsets: GroupOffsets | null, wishes: NonNullable<Wishes>): TopicAnswer[] {
  const byTopic = new Map<string, Set<number>>();
  for (const { name, partitionIndexes } of wishes) {
    const partitions = byTopic.get(name) ?? new Set();
    for (const index of partitionIndexes) partitions.add(index);
    byTopic.set(name, partitions);
  }
  return [...byTopic].map(([name, partitions]) => ({
    name,
    partitions: [...partitions].map((index) => partitionOf(offsets, name, index)),
  }));
}

function partitionOf(
  offsets: GroupOffsets | null,
  topic: string,
  partitionIndex: number,
): TopicAnswer['partitions'][number] {
  const value = offsets?.get(topic, partitionIndex);
  return {
    partitionIndex,
    committedOffset: value?.offset ?? -1,
    committedLeaderEpoch: value?.leaderEpoch ?? -1,
    metadata: value?.metadata ?? '',
    errorCode: ErrorCode.NONE,
  };
}

function failedTopics(wishes: NonNullable<Wishes>, errorCode: number): TopicAnswer[] {
  return wishes.map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => ({
      partitionIndex,
      committedOffset: -1,
      metadata: '',
      errorCode,
    })),
  }));
}
