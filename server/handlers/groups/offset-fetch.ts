import type { Work } from '../../../engine/index.js';
import type { GroupCoordinator } from '../../groups/coordinator.js';
import type { GroupOffsets } from '../../groups/offsets/offsets.js';
import type { RequestOf, ResponseOf } from '../../protocol/api.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { OffsetFetch } from '../../protocol/messages/offset-fetch.js';
import { wireError } from '../../request/error-map.js';
import { forEachInSlices, mapInSlices } from '../../request/in-slices.js';
import { type Handler, handler } from '../handler.js';

export interface OffsetFetchParts {
  readonly groups: Pick<GroupCoordinator, 'offsets'>;
}

type GroupAnswer = NonNullable<ResponseOf<typeof OffsetFetch>['groups']>[number];
type TopicAnswer = GroupAnswer['topics'][number];
type Wishes = RequestOf<typeof OffsetFetch>['topics'];

/**
 * OffsetFetch: the offsets that a group has committed for the requested partitions, or for all. A
 * partition without a commit has offset -1 and no error.
 */
export const offsetFetch = handler(
  OffsetFetch,
  {
    asks: [
      { operation: 'describe', resource: 'group' },
      { operation: 'describe', resource: 'topic' },
    ],
    readsOnly: true,
  },
  offsetFetchHandler,
);

function offsetFetchHandler(parts: OffsetFetchParts): Handler<typeof OffsetFetch> {
  return async ({ apiVersion, work }, request) => {
    if (apiVersion >= 8) {
      // A group that is named twice is answered once, so that repetition cannot make the answer
      // larger.
      const wishes = new Map<string, Wishes>();
      await forEachInSlices(work, request.groups, ({ groupId, topics }) => {
        wishes.set(groupId, topics);
      });
      const groups = await mapInSlices(work, wishes, ([groupId, topics]) =>
        answerFor(parts, work, groupId, topics),
      );
      return { groups };
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
  const byTopic = new Map<string, Set<number>>();
  await forEachInSlices(work, offsets?.stored() ?? [], ({ topic, partition }) => {
    // Offsets of deleted topics are not given to clients.
    if (offsets?.get(topic, partition) === undefined) return;
    const partitions = byTopic.get(topic) ?? new Set();
    byTopic.set(topic, partitions.add(partition));
  });
  return answersOf(offsets, byTopic, work);
}

async function someOf(
  offsets: GroupOffsets | null,
  wishes: NonNullable<Wishes>,
  work: Work,
): Promise<TopicAnswer[]> {
  const byTopic = new Map<string, Set<number>>();
  await forEachInSlices(work, wishes, ({ name, partitionIndexes }) => {
    const partitions = byTopic.get(name) ?? new Set();
    byTopic.set(name, partitions);
    return forEachInSlices(work, partitionIndexes, (index) => void partitions.add(index));
  });
  return answersOf(offsets, byTopic, work);
}

function answersOf(
  offsets: GroupOffsets | null,
  byTopic: ReadonlyMap<string, ReadonlySet<number>>,
  work: Work,
): Promise<TopicAnswer[]> {
  return mapInSlices(work, byTopic, async ([name, indexes]) => ({
    name,
    partitions: await mapInSlices(work, indexes, (index) => partitionOf(offsets, name, index)),
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
