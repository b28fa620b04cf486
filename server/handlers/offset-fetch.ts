import type { Work } from '../../engine/index.js';
import type { GroupCoordinator } from '../groups/coordinator.js';
import type { GroupOffsets } from '../groups/offsets.js';
import type { RequestOf, ResponseOf } from '../protocol/api.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { OffsetFetch } from '../protocol/messages/offset-fetch.js';
import { wireError } from './error-map.js';
import { type Handler, handler } from './handler.js';

export interface OffsetFetchParts {
  readonly groups: Pick<GroupCoordinator, 'offsets'>;
}

type GroupAnswer = NonNullable<ResponseOf<typeof OffsetFetch>['groups']>[number];
type TopicAnswer = GroupAnswer['topics'][number];
type Wishes = RequestOf<typeof OffsetFetch>['topics'];

/** OffsetFetch: what a group has committed for the partitions asked for, or for all. Nothing committed is offset -1 without an error. */
export const offsetFetch = handler(OffsetFetch, {}, offsetFetchHandler);

function offsetFetchHandler(parts: OffsetFetchParts): Handler<typeof OffsetFetch> {
  return async ({ apiVersion, work }, request) => {
    if (apiVersion >= 8) {
      // A group that is named twice is answered once: the answer cannot grow by repetition.
      const wishes = new Map(request.groups.map((group) => [group.groupId, group.topics]));
      const answers: GroupAnswer[] = [];
      for (const [groupId, topics] of wishes) {
        answers.push(await answerFor(parts, work, groupId, topics));
        const pause = work.did(1);
        if (pause !== null) await pause;
      }
      return { groups: answers };
    }
    const { topics, errorCode } = await answerFor(parts, work, request.groupId, request.topics);
    if (apiVersion >= 2 || errorCode === ErrorCode.NONE) return { topics, errorCode };
    // Version 1 has a place for an error at each partition only.
    return OffsetFetch.refused(request, (errorCode ?? ErrorCode.NONE) as ErrorCode, apiVersion);
  };
}

async function answerFor(
  { groups }: OffsetFetchParts,
  work: Work,
  groupId: string,
  wishes: Wishes,
): Promise<GroupAnswer> {
  try {
    const found = await groups.offsets.fetch(groupId);
    const topics = wishes === null ? await allOf(found, work) : await someOf(found, wishes, work);
    return { groupId, topics, errorCode: ErrorCode.NONE };
  } catch (error) {
    return { groupId, topics: [], errorCode: wireError(error).code };
  }
}

async function allOf(offsets: GroupOffsets | null, work: Work): Promise<TopicAnswer[]> {
  const answers: TopicAnswer[] = [];
  for (const name of offsets?.topics() ?? []) {
    const indexes: number[] = [];
    for (const { partition } of offsets?.ofTopic(name) ?? []) indexes.push(partition);
    answers.push({ name, partitions: await partitionsOf(offsets, name, indexes, work) });
  }
  return answers;
}

async function someOf(
  offsets: GroupOffsets | null,
  wishes: NonNullable<Wishes>,
  work: Work,
): Promise<TopicAnswer[]> {
  const byTopic = new Map<string, Set<number>>();
  for (const { name, partitionIndexes } of wishes) {
    const partitions = byTopic.get(name) ?? new Set();
    for (const index of partitionIndexes) partitions.add(index);
    byTopic.set(name, partitions);
  }
  const answers: TopicAnswer[] = [];
  for (const [name, indexes] of byTopic) {
    answers.push({ name, partitions: await partitionsOf(offsets, name, indexes, work) });
  }
  return answers;
}

async function partitionsOf(
  offsets: GroupOffsets | null,
  name: string,
  indexes: Iterable<number>,
  work: Work,
): Promise<TopicAnswer['partitions']> {
  const partitions: TopicAnswer['partitions'][number][] = [];
  for (const index of indexes) {
    partitions.push(partitionOf(offsets, name, index));
    const pause = work.did(1);
    if (pause !== null) await pause;
  }
  return partitions;
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
