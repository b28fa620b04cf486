import type { Body } from '../../bad-input/wire-client.js';
import { many, name, type RequestShape, shape, TOPIC } from './shape.js';

const nothing = Buffer.alloc(0);

/**
 * Groups, members and offsets in each of the ways in which they are refused, missing or repeated.
 */
export const GROUP_SHAPES: readonly RequestShape[] = [
  shape('FindCoordinator', 4, 'one group', (count) => ({
    keyType: 0,
    coordinatorKeys: many(count, () => 'g'),
  })),
  shape('JoinGroup', 3, 'protocols', (count) => ({
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: many(count, (at) => ({ name: name(at), metadata: nothing })),
  })),
  shape('SyncGroup', 3, 'assignments of a stranger', (count) => ({
    groupId: 'g',
    generationId: 1,
    memberId: 'm',
    assignments: many(count, (at) => ({ memberId: name(at), assignment: nothing })),
  })),
  shape('LeaveGroup', 3, 'strangers', (count) => ({
    groupId: 'g',
    members: many(count, (at) => ({ memberId: name(at) })),
  })),
  shape('LeaveGroup', 3, 'members of a group without a name', (count) => ({
    groupId: '',
    members: many(count, (at) => ({ memberId: name(at) })),
  })),
  shape('DescribeGroups', 5, 'one group', (count) => ({ groups: many(count, () => 'g') })),
  shape('DeleteGroups', 2, 'one group', (count) => ({ groupsNames: many(count, () => 'g') })),
  shape('ListGroups', 5, 'states', (count) => ({
    statesFilter: many(count, name),
    typesFilter: [],
  })),
  shape('ListGroups', 5, 'types', (count) => ({
    statesFilter: [],
    typesFilter: many(count, name),
  })),
  shape('OffsetCommit', 7, 'topics without partitions', (count) => ({
    groupId: 'g',
    memberId: '',
    topics: many(count, (at) => ({ name: name(at), partitions: [] })),
  })),
  shape('OffsetCommit', 7, 'partitions, by a stranger', (count) => ({
    groupId: 'g',
    memberId: 'm',
    generationIdOrMemberEpoch: 7,
    topics: [commitOf(count)],
  })),
  shape('OffsetCommit', 7, 'partitions of one topic', (count) => ({
    groupId: 'g',
    memberId: '',
    topics: [commitOf(count)],
  })),
  shape('OffsetDelete', 0, 'topics without partitions', (count) => ({
    groupId: 'g',
    topics: many(count, (at) => ({ name: name(at), partitions: [] })),
  })),
  shape('OffsetDelete', 0, 'partitions of one topic', (count) => ({
    groupId: 'g',
    topics: [{ name: TOPIC, partitions: many(count, (at) => ({ partitionIndex: at })) }],
  })),
  shape('OffsetFetch', 7, 'topics without partitions', (count) => ({
    groupId: 'g',
    topics: many(count, (at) => ({ name: name(at), partitionIndexes: [] })),
  })),
  shape('OffsetFetch', 8, 'topics without partitions', (count) => ({
    groups: [
      { groupId: 'g', topics: many(count, (at) => ({ name: name(at), partitionIndexes: [] })) },
    ],
  })),
  shape('OffsetFetch', 8, 'one partition', (count) => ({
    groups: [{ groupId: 'g', topics: [{ name: TOPIC, partitionIndexes: many(count, () => 0) }] }],
  })),
  shape('OffsetFetch', 8, 'one group', (count) => ({
    groups: many(count, () => ({ groupId: 'g', topics: [] })),
  })),
];

function commitOf(count: number): Body<'OffsetCommit'>['topics'][number] {
  return {
    name: TOPIC,
    partitions: many(count, (partitionIndex) => ({
      partitionIndex,
      committedOffset: 5,
      committedMetadata: null,
    })),
  };
}
