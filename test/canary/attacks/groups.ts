import type { ApiName } from '../../../server/handlers/apis.js';
import { SERVER_LIMITS } from '../../../server/limits.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import {
  type Answer,
  type Body,
  requestOf,
  type WireClient,
} from '../../server/bad-input/wire-client.js';
import { type Attack, COUNT, numbers, request, texts, type World } from '../attack.js';

/** Groups of one member each, and what one group may have by default (group.max.size). */
export const GROUPS = texts('group', 10_000);
export const MEMBERS = 10_000;
export const COMMITTED = 'committed';
export const COMMITTED_PARTITIONS = 10_000;

/** Many groups, and connections for the members of a large one. */
export interface GroupWorld extends World {
  /** Connections of the members: one may have a thousand requests waiting. */
  members: readonly WireClient[];
  /** Closes these connections, and resolves with others in their place. */
  reconnect(): Promise<void>;
  /** The only members of the other groups, in their order. */
  readonly only: Answer<'JoinGroup'>[];
}

const indexes = numbers(COUNT);
const committed = numbers(COMMITTED_PARTITIONS);

function expectNone(answers: Iterable<{ readonly errorCode: number }>): void {
  for (const { errorCode } of answers) {
    if (errorCode !== ErrorCode.NONE) throw new Error(`answered with error ${errorCode}`);
  }
}

/** The request is small: the record of a group with all its members must fit a batch. */
function joinOf(groupId: string, memberId: string): Body<'JoinGroup'> {
  return {
    groupId,
    sessionTimeoutMs: 300_000,
    rebalanceTimeoutMs: 300_000,
    memberId,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(4) }],
  };
}

function syncOf(
  groupId: string,
  { memberId, generationId }: Answer<'JoinGroup'>,
  assigned: readonly string[],
): Body<'SyncGroup'> {
  return {
    groupId,
    generationId,
    memberId,
    assignments: assigned.map((id) => ({ memberId: id, assignment: Buffer.alloc(4) })),
  };
}

/** Spreads requests over the members' connections, which carry many at once. */
async function spread<N extends ApiName>(
  { members }: GroupWorld,
  api: N,
  version: number,
  bodies: readonly Body<N>[],
): Promise<Answer<N>[]> {
  const answers = new Array<Answer<N>>(bodies.length);
  await Promise.all(
    members.map(async (member, first) => {
      const frames: Buffer[] = [];
      for (let at = first; at < bodies.length; at += members.length) {
        frames.push(requestOf(api, version, bodies[at]!));
      }
      void member.write(Buffer.concat(frames));
      for (let at = first; at < bodies.length; at += members.length) {
        answers[at] = await member.next(api, version);
      }
    }),
  );
  return answers;
}

/** Makes the groups, each with a member that has its assignment and a committed offset. */
export async function joinGroups(world: GroupWorld): Promise<void> {
  const joined = await spread(
    world,
    'JoinGroup',
    3,
    GROUPS.map((id) => joinOf(id, '')),
  );
  const syncs = joined.map((answer, at) => syncOf(GROUPS[at]!, answer, [answer.memberId]));
  expectNone(await spread(world, 'SyncGroup', 3, syncs));
  world.only.push(...joined);
  await spread(
    world,
    'OffsetCommit',
    7,
    joined.map(({ memberId, generationId }, at) => ({
      ...commitOf(GROUPS[at]!, [at % COMMITTED_PARTITIONS]),
      memberId,
      generationIdOrMemberEpoch: generationId,
    })),
  );
}

function commitOf(groupId: string, partitions: readonly number[]): Body<'OffsetCommit'> {
  return {
    groupId,
    memberId: '',
    generationIdOrMemberEpoch: -1,
    topics: [
      {
        name: COMMITTED,
        partitions: partitions.map((partitionIndex) => ({
          partitionIndex,
          committedOffset: 5,
          committedMetadata: null,
        })),
      },
    ],
  };
}

/** What many members do in one group, and what it costs. */
function largeGroupAttacks(groupId: string, count: number): Attack<GroupWorld>[] {
  const joined: Answer<'JoinGroup'>[] = [];
  const ids = () => joined.map(({ memberId }) => memberId);
  // An event is whole: it passes all members up to three times, and that is what it costs.
  const stepElements = (3 * count) / SERVER_LIMITS.membersPassedPerElement;

  /** Sends a JoinGroup for every member but the first, and resolves when all of them wait. */
  const awaitFirst = async ({ attacker, members }: GroupWorld): Promise<string> => {
    const { memberId } = await attacker.call('JoinGroup', 3, joinOf(groupId, ''));
    const frame = Buffer.from(requestOf('JoinGroup', 3, joinOf(groupId, '')));
    const frames = members.map((): Buffer[] => []);
    for (let n = 1; n < count; n++) frames[n % members.length]!.push(frame);
    for (const [at, member] of members.entries()) void member.write(Buffer.concat(frames[at]!));
    for (let size = 1; size < count; ) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      const { groups } = await attacker.call('DescribeGroups', 0, { groups: [groupId] });
      size = groups[0]!.members.length;
    }
    return memberId;
  };

  return [
    {
      api: 'JoinGroup',
      what: `JoinGroup 3 of ${count} members of one group`,
      elementsMin: 2 * count,
      stepElements,
      run: async (world) => {
        const { attacker, members } = world;
        const memberId = await awaitFirst(world);
        attacker.send('JoinGroup', 3, joinOf(groupId, memberId));
        for (let n = 1; n < count; n++) {
          joined.push(await members[n % members.length]!.next('JoinGroup', 3));
        }
        joined.push(await attacker.next('JoinGroup', 3));
        expectNone(joined);
      },
    },
    {
      api: 'SyncGroup',
      what: `SyncGroup 3 of ${count} members of one group`,
      elementsMin: 2 * count,
      stepElements,
      run: async (world) => {
        const plan = ids().concat(texts('nobody', COUNT - count));
        const syncs = joined.map((answer) =>
          syncOf(groupId, answer, answer.memberId === answer.leader ? plan : []),
        );
        expectNone(await spread(world, 'SyncGroup', 3, syncs));
      },
    },
    {
      api: 'Heartbeat',
      what: `Heartbeat 3 of ${count} members at once`,
      elementsMin: 0,
      run: async (world) => {
        const beats = joined.map(({ memberId, generationId }) => ({
          groupId,
          memberId,
          generationId,
        }));
        expectNone(await spread(world, 'Heartbeat', 3, beats));
      },
    },
    {
      ...request(
        'DescribeGroups',
        5,
        `${count} members, and unknown groups`,
        COUNT + count,
        () => ({
          groups: [groupId, ...NAMES],
          includeAuthorizedOperations: true,
        }),
      ),
      stepElements,
    },
    {
      api: 'LeaveGroup',
      what: `LeaveGroup 3 of ${count} members and of strangers`,
      elementsMin: COUNT,
      stepElements,
      run: async ({ attacker }) => {
        const members = ids()
          .concat(texts('nobody', COUNT - count))
          .map((memberId) => ({ memberId }));
        const answer = await attacker.call('LeaveGroup', 3, { groupId, members });
        expectNone([answer, ...answer.members.slice(0, count)]);
      },
    },
    {
      api: 'JoinGroup',
      what: `JoinGroup 3 of ${count} members whose connections close`,
      elementsMin: count,
      stepElements,
      run: async (world) => {
        await awaitFirst(world);
        await world.reconnect();
        for (let size = count; size > 1; ) {
          await new Promise((resolve) => setTimeout(resolve, 30));
          const { groups } = await world.attacker.call('DescribeGroups', 0, { groups: [groupId] });
          size = groups[0]!.members.length;
        }
      },
    },
  ];
}

const NAMES = texts('name', COUNT - GROUPS.length - 1);

/** In this order: each finds what those before it left. */
export const GROUP_ATTACKS: readonly Attack<GroupWorld>[] = [
  request('FindCoordinator', 4, 'groups', COUNT, () => ({
    keyType: 0,
    coordinatorKeys: texts('name', COUNT),
  })),
  request('DescribeGroups', 5, 'all groups and unknown ones', COUNT, () => ({
    groups: [...GROUPS, ...NAMES],
    includeAuthorizedOperations: true,
  })),
  ...largeGroupAttacks('large', 1_000),
  ...largeGroupAttacks('largest', MEMBERS),
  request('ListGroups', 5, 'all groups', GROUPS.length, () => ({
    statesFilter: ['Stable', ...texts('state', COUNT - 2)],
    typesFilter: ['classic'],
  })),
  request('OffsetCommit', 7, 'each partition again and again', COUNT, () =>
    commitOf(
      'offsets',
      indexes.map((n) => n % COMMITTED_PARTITIONS),
    ),
  ),
  request('OffsetFetch', 8, 'everything of all groups', GROUPS.length, () => ({
    groups: ['offsets', ...GROUPS, ...NAMES].map((groupId) => ({ groupId, topics: null })),
  })),
  request('OffsetFetch', 8, 'partitions of one group', COUNT, () => ({
    groups: [{ groupId: 'offsets', topics: [{ name: COMMITTED, partitionIndexes: indexes }] }],
  })),
  request('OffsetDelete', 0, 'each partition again and again', COUNT, () => ({
    groupId: 'offsets',
    topics: [
      {
        name: COMMITTED,
        partitions: indexes.map((n) => ({ partitionIndex: n % COMMITTED_PARTITIONS })),
      },
    ],
  })),
  request('OffsetCommit', 7, 'each partition', COMMITTED_PARTITIONS, () =>
    commitOf('offsets', committed),
  ),
  {
    api: 'LeaveGroup',
    what: `LeaveGroup 3 of the only member of ${GROUPS.length} groups`,
    elementsMin: 0,
    run: async (world) => {
      const leaves = world.only.map(({ memberId }, at) => ({
        groupId: GROUPS[at]!,
        members: [{ memberId }],
      }));
      expectNone(await spread(world, 'LeaveGroup', 3, leaves));
    },
  },
  request('DeleteTopics', 5, 'a topic that all groups have committed for', GROUPS.length, () => ({
    topicNames: [COMMITTED],
    timeoutMs: 60_000,
  })),
  request('DeleteGroups', 2, 'all groups and unknown ones', COUNT, () => ({
    groupsNames: ['offsets', ...GROUPS, ...NAMES],
  })),
];
