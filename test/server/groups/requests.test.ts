import { beforeEach, describe, expect, test } from 'vitest';
import { EngineError } from '../../../engine/errors.js';
import { seededRandom } from '../../../engine/random.js';
import { TurnSlices } from '../../../engine/turn-slices.js';
import { GroupCoordinator } from '../../../server/groups/coordinator.js';
import { OFFSETS_TOPIC } from '../../../server/groups/offsets-topic.js';
import { CloseConnection } from '../../../server/net/dispatcher.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import {
  batchOf,
  fetchOf,
  type MemoryBroker,
  memoryBroker,
  produceOf,
  TestConnection,
  turns,
} from '../../support/memory-broker.js';

const DAY_MS = 86_400_000;
let broker: MemoryBroker;

beforeEach(async () => {
  broker = await memoryBroker();
  await broker.createTopic('t', 3);
});

/** The consumer protocol's subscription to one topic, version 0. */
function subscriptionTo(topic: string): Buffer {
  const bytes = Buffer.alloc(6 + 2 + topic.length + 4, 0);
  bytes.writeInt32BE(1, 2);
  bytes.writeInt16BE(topic.length, 6);
  bytes.write(topic, 8);
  bytes.writeInt32BE(-1, bytes.length - 4);
  return bytes;
}

interface Joining {
  readonly groupId?: string;
  readonly memberId?: string;
  readonly groupInstanceId?: string | null;
  readonly sessionTimeoutMs?: number;
}

function join(version: number, wish: Joining = {}, on = new TestConnection(), to = broker) {
  const { groupInstanceId, ...rest } = wish;
  return to.call(
    'JoinGroup',
    version,
    {
      groupId: 'g',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 60_000,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscriptionTo('t') }],
      ...rest,
      ...(version >= 5 && groupInstanceId !== undefined && { groupInstanceId }),
    },
    on,
  );
}

/** Joins and syncs a lone member; resolves with its id and generation. */
async function member(version = 5, wish: Joining = {}) {
  let joined = await join(version, wish);
  if (joined.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
    joined = await join(version, { ...wish, memberId: joined.memberId });
  }
  expect(joined.errorCode).toBe(0);
  const { memberId, generationId } = joined;
  const groupId = wish.groupId ?? 'g';
  const assignments = [{ memberId, assignment: Buffer.from('plan') }];
  const synced = await broker.call('SyncGroup', 3, {
    groupId,
    generationId,
    memberId,
    assignments,
  });
  expect(synced).toMatchObject({ errorCode: 0, assignment: Buffer.from('plan') });
  return { memberId, generationId };
}

function commit(
  offset: number,
  {
    groupId = 'g',
    memberId = '',
    generation = -1,
    topic = 't',
    partition = 0,
    metadata = null as string | null,
    version = 7,
    retentionTimeMs = -1,
    to = broker,
  } = {},
) {
  return to
    .call('OffsetCommit', version, {
      groupId,
      memberId,
      generationIdOrMemberEpoch: generation,
      ...(version <= 4 && { retentionTimeMs }),
      topics: [
        {
          name: topic,
          partitions: [
            {
              partitionIndex: partition,
              committedOffset: offset,
              committedMetadata: metadata,
              ...(version >= 6 && { committedLeaderEpoch: 4 }),
            },
          ],
        },
      ],
    })
    .then(({ topics }) => topics[0]!.partitions[0]!.errorCode);
}

async function fetched(groupId = 'g', to = broker, topic = 't', partition = 0) {
  const { groups } = await to.call('OffsetFetch', 8, {
    groups: [{ groupId, topics: [{ name: topic, partitionIndexes: [partition] }] }],
  });
  return groups[0]!.topics[0]!.partitions[0]!;
}

const restarted = () => memoryBroker({ engine: broker.engine, catalog: broker.catalog });

describe('FindCoordinator', () => {
  test('creates the offsets topic on first need, compacted, with fifty partitions', async () => {
    expect(broker.metadata.image.topic(OFFSETS_TOPIC)).toBeUndefined();
    const answer = await broker.call('FindCoordinator', 0, { key: 'g' });
    expect(answer).toMatchObject({ errorCode: 0, nodeId: 1, host: 'localhost' });
    const topic = broker.metadata.image.topic(OFFSETS_TOPIC)!;
    expect(topic).toMatchObject({ internal: true, overrides: { 'cleanup.policy': 'compact' } });
    expect(topic.partitions).toHaveLength(50);
  });

  test('creates it once, however many ask at the same time', async () => {
    const asked = Array.from({ length: 20 }, (_, n) =>
      broker.call('FindCoordinator', 2, { key: `g${n}` }),
    );
    for (const { errorCode } of await Promise.all(asked)) expect(errorCode).toBe(0);
  });

  test('answers several keys from version 4 on, each once', async () => {
    const coordinatorKeys = ['a', 'b', 'a', 'x'.repeat(10_000)];
    const { coordinators } = await broker.call('FindCoordinator', 4, { coordinatorKeys });
    expect(coordinators.map(({ errorCode }) => errorCode)).toEqual([0, 0, 24]);
  });

  test('stops clients that ask for transactions, and refuses other types', async () => {
    const asked = async (keyType: number) =>
      (await broker.call('FindCoordinator', 3, { key: 'g', keyType })).errorCode;
    expect(await asked(1)).toBe(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
    expect(await asked(2)).toBe(ErrorCode.INVALID_REQUEST);
  });
});

describe('members', () => {
  test.each([0, 1, 2, 3])('join at once in version %i', async (version) => {
    const answer = await join(version, {});
    expect(answer).toMatchObject({ errorCode: 0, generationId: 1, protocolName: 'range' });
    expect(answer.leader).toBe(answer.memberId);
    expect(answer.members[0]!.metadata).toEqual(subscriptionTo('t'));
  });

  test.each([4, 5, 6, 7, 8, 9])(
    'come back with the id they are given in version %i',
    async (version) => {
      const first = await join(version);
      expect(first.errorCode).toBe(ErrorCode.MEMBER_ID_REQUIRED);
      expect(first.memberId).toMatch(/^tester-/);
      const second = await join(version, { memberId: first.memberId });
      expect(second).toMatchObject({ errorCode: 0, memberId: first.memberId, generationId: 1 });
      if (version >= 7) expect(second.protocolType).toBe('consumer');
    },
  );

  test('are not held up by an id of theirs that a lost answer took along, nor by one whose connection closed', async () => {
    const connections = [new TestConnection(), new TestConnection()] as const;
    await join(4, {}, connections[0]);
    const { memberId } = await member(4);
    await join(4, {}, connections[1]);
    let isAnswered = false;
    const joining = broker.call('JoinGroup', 4, {
      groupId: 'g',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 60_000,
      memberId,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscriptionTo('other') }],
    });
    void joining.then(() => {
      isAnswered = true;
    });
    await turns();
    expect(isAnswered).toBe(false);
    for (const connection of connections) connection.close();
    expect(await joining).toMatchObject({ errorCode: 0, generationId: 2 });
    for (const { listenerCount } of connections) expect(listenerCount).toBe(0);
  });

  test('form a group, and are told of a rebalance by their heartbeats', async () => {
    const { memberId, generationId } = await member();
    const speaker = { groupId: 'g', memberId, generationId };
    expect((await broker.call('Heartbeat', 0, speaker)).errorCode).toBe(0);
    const newcomer = join(1);
    expect((await broker.call('Heartbeat', 4, speaker)).errorCode).toBe(27);
    await join(5, { memberId });
    expect(await newcomer).toMatchObject({ errorCode: 0, generationId: 2, members: [] });
  });

  test('fall out of the group when they are silent for their session timeout', async () => {
    const { memberId, generationId } = await member();
    broker.clock.advance(10_000);
    const speaker = { groupId: 'g', memberId, generationId };
    expect((await broker.call('Heartbeat', 3, speaker)).errorCode).toBe(25);
    const { groups } = await broker.call('DescribeGroups', 5, { groups: ['g'] });
    expect(groups[0]).toMatchObject({ groupState: 'Empty', members: [] });
  });

  test('leave one at a time, or several with an error each', async () => {
    const { memberId } = await member(5, { groupInstanceId: 'i' });
    const one = await broker.call('LeaveGroup', 0, { groupId: 'g', memberId: 'x' });
    expect(one.errorCode).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
    const many = await broker.call('LeaveGroup', 5, {
      groupId: 'g',
      members: [{ memberId: 'x' }, { memberId: '', groupInstanceId: 'i' }, { memberId }],
    });
    expect(many.errorCode).toBe(0);
    expect(many.members.map(({ errorCode }) => errorCode)).toEqual([25, 0, 25]);
  });

  test('that are static take their own place again, and their old self is fenced', async () => {
    const { memberId, generationId } = await member(5, { groupInstanceId: 'i' });
    const back = await join(9, { groupInstanceId: 'i' });
    expect(back).toMatchObject({ errorCode: 0, generationId, skipAssignment: true });
    const old = { groupId: 'g', memberId, generationId, groupInstanceId: 'i' };
    expect((await broker.call('Heartbeat', 3, old)).errorCode).toBe(82);
  });

  test('cannot use group ids that are empty, too long or not to be shown', async () => {
    for (const groupId of ['', 'x'.repeat(10_000), 'a\u0000b', 'a\u001b[2J']) {
      expect((await join(3, { groupId })).errorCode).toBe(24);
      const speaker = { groupId, memberId: 'm', generationId: 1 };
      expect((await broker.call('Heartbeat', 1, speaker)).errorCode).toBe(24);
      const sync = { ...speaker, assignments: [] };
      expect((await broker.call('SyncGroup', 1, sync)).errorCode).toBe(24);
      expect((await broker.call('LeaveGroup', 1, speaker)).errorCode).toBe(24);
    }
  });

  test('are unknown in a group that does not exist', async () => {
    const speaker = { groupId: 'none', memberId: 'm', generationId: 1 };
    expect((await broker.call('Heartbeat', 1, speaker)).errorCode).toBe(25);
    expect((await broker.call('SyncGroup', 1, { ...speaker, assignments: [] })).errorCode).toBe(25);
    expect((await broker.call('LeaveGroup', 1, speaker)).errorCode).toBe(25);
    expect((await join(5, { groupId: 'none', memberId: 'm' })).errorCode).toBe(25);
    const { groups } = await broker.call('ListGroups', 5, {});
    expect(groups).toEqual([]);
  });

  test('cannot keep more than a megabyte of metadata in memory, nor names that no record holds', async () => {
    const range = { name: 'range', metadata: Buffer.alloc(0) };
    const joining = (wish: object) =>
      broker.call('JoinGroup', 9, {
        groupId: 'g',
        sessionTimeoutMs: 10_000,
        memberId: '',
        protocolType: 'consumer',
        protocols: [range],
        ...wish,
      });
    const large = { protocols: [{ name: 'range', metadata: Buffer.alloc(1024 * 1024) }] };
    expect((await joining(large)).errorCode).toBe(ErrorCode.INVALID_REQUEST);
    for (const wish of [
      { protocols: [{ ...range, name: 'x'.repeat(40_000) }] },
      { protocolType: 'x'.repeat(40_000) },
    ]) {
      await expect(joining(wish)).rejects.toThrow(CloseConnection);
    }
  });

  test('are bound by the settings of the broker', async () => {
    const strict = await memoryBroker({
      settings: {
        'group.min.session.timeout.ms': '1000',
        'group.max.session.timeout.ms': '2000',
        'group.max.size': '1',
        'offset.metadata.max.bytes': '100000',
        'offsets.topic.num.partitions': '3',
      },
    });
    await strict.createTopic('t');
    const joining = async (sessionTimeoutMs: number, groupId = 'g') =>
      (await join(3, { sessionTimeoutMs, groupId }, undefined, strict)).errorCode;
    expect(await joining(999)).toBe(26);
    expect(await joining(2001)).toBe(26);
    expect(await joining(1000)).toBe(0);
    expect(await joining(2000)).toBe(81);
    const note = (length: number) =>
      commit(1, { groupId: 's', metadata: 'x'.repeat(length), version: 8, to: strict });
    expect(await note(32_767)).toBe(0);
    await expect(note(32_768)).rejects.toThrow(CloseConnection);
    expect(strict.metadata.image.topic(OFFSETS_TOPIC)!.partitions).toHaveLength(3);
  });

  test('that vanish while they wait leave with their connection', async () => {
    const { memberId } = await member();
    for (let n = 0; n < 1000; n++) {
      const connection = new TestConnection();
      const waiting = join(3, {}, connection);
      connection.close();
      await waiting;
      expect(connection.listenerCount).toBe(0);
    }
    const { groups } = await broker.call('DescribeGroups', 5, { groups: ['g'] });
    expect(groups[0]!.members.map((each) => each.memberId)).toEqual([memberId]);
  });

  test('do not keep listeners at a connection once they are answered', async () => {
    const connection = new TestConnection();
    await join(3, {}, connection);
    expect(connection.listenerCount).toBe(0);
  });
});

describe('a fetch that waits', () => {
  /** From a connection of its own; `isAnswered` once it is. */
  function fetching(on = new TestConnection()) {
    const wish = fetchOf({ name: 't' }, [{}], { maxWaitMs: 60_000 });
    const fetch = { isAnswered: false, answer: broker.call('Fetch', 11, wish, on) };
    void fetch.answer.then(() => {
      fetch.isAnswered = true;
    });
    return fetch;
  }

  test('is answered when a rebalance begins to wait for a member of its client, and so are the next ones soon', async () => {
    const { memberId } = await member();
    const first = fetching();
    const newcomer = join(1);
    expect((await first.answer).topics[0]!.partitions[0]).toMatchObject({ errorCode: 0 });
    const second = fetching();
    broker.clock.advance(99);
    await turns();
    expect(second.isAnswered).toBe(false);
    broker.clock.advance(1);
    await second.answer;
    await join(5, { memberId });
    await newcomer;
    const third = fetching();
    broker.clock.advance(5000);
    await turns();
    expect(third.isAnswered).toBe(false);
  });

  test('of another client is left alone, and of one that is the only member', async () => {
    await member();
    const elsewhere = () => Object.assign(new TestConnection(), { remoteAddress: '127.0.0.2' });
    const other = fetching(elsewhere());
    void join(1);
    expect((await join(3, { groupId: 'lone' }, elsewhere())).generationId).toBe(1);
    await turns();
    expect(other.isAnswered).toBe(false);
  });

  test('waits as long as it likes again once the rebalance has ended, however that was', async () => {
    await member();
    void join(1);
    // The member never comes back.
    broker.clock.advance(60_000);
    await turns();
    const fetch = fetching();
    broker.clock.advance(100);
    await turns();
    expect(fetch.isAnswered).toBe(false);
  });
});

describe('offsets', () => {
  test('are given back as they were committed', async () => {
    expect(await commit(41, { metadata: 'note' })).toBe(0);
    expect(await fetched()).toEqual({
      partitionIndex: 0,
      committedOffset: 41,
      committedLeaderEpoch: 4,
      metadata: 'note',
      errorCode: 0,
    });
  });

  test.each([2, 3, 4, 5, 6, 7, 8, 9])('are committed in version %i', async (version) => {
    expect(await commit(version, { version })).toBe(0);
    expect((await fetched()).committedOffset).toBe(version);
  });

  test('are fetched by every version, all of them where none is named', async () => {
    await commit(5);
    await commit(6, { partition: 2 });
    for (let version = 1; version <= 7; version++) {
      const some = await broker.call('OffsetFetch', version, {
        groupId: 'g',
        topics: [{ name: 't', partitionIndexes: [0, 1, 0] }],
      });
      expect(some.topics[0]!.partitions.map((each) => each.committedOffset)).toEqual([5, -1]);
      if (version < 2) continue;
      const all = await broker.call('OffsetFetch', version, { groupId: 'g', topics: null });
      expect(all.topics[0]!.partitions.map((each) => each.partitionIndex)).toEqual([0, 2]);
    }
    const groups = [
      { groupId: 'g', topics: null },
      { groupId: 'none', topics: null },
    ];
    const many = await broker.call('OffsetFetch', 9, { groups: [...groups, ...groups] });
    expect(many.groups.map(({ topics }) => topics.length)).toEqual([1, 0]);
  });

  test('are answered when the log keeps its promise, and not given before', async () => {
    await commit(1);
    const logs = [...broker.engine.logs.values()].filter(
      ({ name }) => name.topic === OFFSETS_TOPIC,
    );
    for (const log of logs) log.holding = true;
    const answers: number[] = [];
    const committing = commit(2).then((error) => answers.push(error));
    const fetching = fetched();
    await turns();
    expect(answers).toEqual([]);
    for (const log of logs) log.sync();
    await committing;
    expect(answers).toEqual([0]);
    expect((await fetching).committedOffset).toBe(2);
  });

  test('of a group with members are committed by its members only', async () => {
    const { memberId, generationId } = await member();
    expect(await commit(1)).toBe(25);
    expect(await commit(1, { memberId: 'x', generation: generationId })).toBe(25);
    expect(await commit(1, { memberId, generation: generationId + 1 })).toBe(22);
    expect(await commit(1, { memberId, generation: generationId })).toBe(0);
  });

  test('with a generation are refused where there is no group: as a stale one, or by name from version 9 on', async () => {
    expect(await commit(1, { groupId: 'none', memberId: 'm', generation: 3, version: 8 })).toBe(22);
    expect(await commit(1, { groupId: 'none', memberId: 'm', generation: 3, version: 9 })).toBe(69);
  });

  test('are judged one by one', async () => {
    expect(await commit(1, { topic: 'none' })).toBe(3);
    expect(await commit(1, { partition: 3 })).toBe(3);
    expect(await commit(1, { partition: -1 })).toBe(3);
    expect(await commit(1, { metadata: 'x'.repeat(4097) })).toBe(12);
    expect(await commit(1, { metadata: 'x'.repeat(4096) })).toBe(0);
    expect(await commit(-1)).toBe(0);
    expect(await commit(Number.MAX_SAFE_INTEGER)).toBe(28);
    expect(await commit(2 ** 53 - 2)).toBe(0);
    expect(await commit(1, { groupId: 'x'.repeat(10_000) })).toBe(24);
    const { groups } = await broker.call('ListGroups', 4, {});
    expect(groups.map(({ groupId }) => groupId)).toEqual(['g']);
  });

  test('that can never be written are refused', async () => {
    await commit(1);
    const count = broker.metadata.image.topic(OFFSETS_TOPIC)!.partitions.length;
    for (let n = 0; n < count; n++) {
      const log = broker.engine.log(OFFSETS_TOPIC, n);
      log.updateSettings({ ...log.settings, maxBatchBytes: 10 });
    }
    expect(await commit(2)).toBe(ErrorCode.INVALID_COMMIT_OFFSET_SIZE);
    expect((await fetched()).committedOffset).toBe(1);
  });

  test('survive a restart, and so does the group', async () => {
    const { memberId, generationId } = await member();
    await commit(7, { memberId, generation: generationId, metadata: 'm' });
    await commit(9, { memberId, generation: generationId, partition: 1 });
    const next = await restarted();
    expect(await fetched('g', next)).toMatchObject({ committedOffset: 7, metadata: 'm' });
    const speaker = { groupId: 'g', memberId, generationId };
    expect((await next.call('Heartbeat', 2, speaker)).errorCode).toBe(0);
    next.clock.advance(10_000);
    expect((await next.call('Heartbeat', 2, speaker)).errorCode).toBe(25);
  });

  test('of a deleted topic are gone, also after a restart and for a topic of the same name', async () => {
    await commit(7);
    await broker.createTopic('other');
    await commit(8, { topic: 'other' });
    await broker.call('DeleteTopics', 5, { topicNames: ['t'], timeoutMs: 1000 });
    await broker.createTopic('t', 3);
    expect((await fetched()).committedOffset).toBe(-1);
    const next = await restarted();
    expect((await fetched('g', next)).committedOffset).toBe(-1);
    expect((await fetched('g', next, 'other')).committedOffset).toBe(8);
  });

  test('whose commit is under way when their topic is deleted are gone too', async () => {
    await commit(1, { partition: 1 });
    const logs = [...broker.engine.logs.values()].filter(
      ({ name }) => name.topic === OFFSETS_TOPIC,
    );
    for (const log of logs) log.holding = true;
    const committing = commit(2);
    await turns();
    await broker.call('DeleteTopics', 5, { topicNames: ['t'], timeoutMs: 1000 });
    await turns();
    for (const log of logs) {
      log.sync();
      log.holding = false;
    }
    await committing;
    await broker.createTopic('t', 3);
    expect((await fetched()).committedOffset).toBe(-1);
    expect((await fetched('g', await restarted())).committedOffset).toBe(-1);
  });

  test('expire a week after the group was last used, and the group with them', async () => {
    const { memberId, generationId } = await member();
    await commit(7, { memberId, generation: generationId });
    broker.clock.advance(7 * DAY_MS);
    await turns();
    expect((await fetched()).committedOffset).toBe(7);
    broker.clock.advance(600_000);
    await turns();
    expect((await fetched()).committedOffset).toBe(-1);
    expect((await broker.call('ListGroups', 4, {})).groups).toEqual([]);
    const next = await restarted();
    expect((await next.call('ListGroups', 4, {})).groups).toEqual([]);
  });

  test.each([2 ** 53 - 2, Number.MAX_SAFE_INTEGER])(
    'are kept for as long as a number can say where an old client asks for %i ms',
    async (retentionTimeMs) => {
      expect(await commit(7, { version: 4, retentionTimeMs })).toBe(0);
      broker.clock.advance(365 * DAY_MS);
      await turns();
      expect((await fetched()).committedOffset).toBe(7);
      expect((await fetched('g', await restarted())).committedOffset).toBe(7);
    },
  );

  test('expire earlier where an old client asks for it', async () => {
    await commit(7, { version: 4, retentionTimeMs: 60_000 });
    broker.clock.advance(600_000);
    await turns();
    expect((await fetched()).committedOffset).toBe(-1);
  });
});

describe('administration', () => {
  test('describes a stable group with metadata and assignments, and an unknown one as dead', async () => {
    const { memberId } = await member();
    const { groups } = await broker.call('DescribeGroups', 5, {
      groups: ['g', 'none', 'g'],
      includeAuthorizedOperations: true,
    });
    expect(groups).toHaveLength(2);
    expect(groups[0]).toMatchObject({
      groupState: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
      authorizedOperations: 3400,
      members: [
        {
          memberId,
          clientId: 'tester',
          clientHost: '/127.0.0.1',
          memberMetadata: subscriptionTo('t'),
          memberAssignment: Buffer.from('plan'),
        },
      ],
    });
    expect(groups[1]).toMatchObject({ errorCode: 0, groupState: 'Dead', members: [] });
  });

  test('tells of a group that does not exist by an error from version 6 on', async () => {
    const { groups } = await broker.call('DescribeGroups', 6, { groups: ['none'] });
    expect(groups[0]).toMatchObject({
      errorCode: ErrorCode.GROUP_ID_NOT_FOUND,
      errorMessage: 'Group none not found.',
      groupId: 'none',
      groupState: 'Dead',
    });
    await member();
    const stable = await broker.call('DescribeGroups', 6, { groups: ['g'] });
    expect(stable.groups[0]).toMatchObject({
      errorCode: 0,
      errorMessage: null,
      groupState: 'Stable',
    });
  });

  test('lists groups by state and type', async () => {
    await member();
    await commit(1, { groupId: 'simple' });
    const listed = async (statesFilter: string[], typesFilter: string[]) =>
      (await broker.call('ListGroups', 5, { statesFilter, typesFilter })).groups.map(
        ({ groupId }) => groupId,
      );
    expect(await listed([], [])).toEqual(['g', 'simple']);
    expect(await listed(['stable'], [])).toEqual(['g']);
    expect(await listed(['Empty'], ['Classic'])).toEqual(['simple']);
    expect(await listed([], ['consumer'])).toEqual([]);
  });

  test('deletes groups without members, and nothing of them is left', async () => {
    const { memberId, generationId } = await member();
    await commit(1, { memberId, generation: generationId });
    const deleted = async (to = broker) => {
      const { results } = await to.call('DeleteGroups', 2, { groupsNames: ['g', 'none'] });
      return results.map(({ errorCode }) => errorCode);
    };
    expect(await deleted()).toEqual([68, 69]);
    await broker.call('LeaveGroup', 1, { groupId: 'g', memberId });
    expect(await deleted()).toEqual([0, 69]);
    expect((await fetched()).committedOffset).toBe(-1);
    const next = await restarted();
    expect(await deleted(next)).toEqual([69, 69]);
    expect((await fetched('g', next)).committedOffset).toBe(-1);
  });

  test('forgets offsets of topics that no member of the group reads', async () => {
    const { memberId, generationId } = await member();
    await broker.createTopic('old');
    await commit(1, { memberId, generation: generationId });
    await commit(2, { memberId, generation: generationId, topic: 'old' });
    const forget = (groupId: string) =>
      broker.call('OffsetDelete', 0, {
        groupId,
        topics: ['t', 'old', 'none'].map((name) => ({ name, partitions: [{ partitionIndex: 0 }] })),
      });
    const { topics } = await forget('g');
    expect(topics.map(({ partitions }) => partitions[0]!.errorCode)).toEqual([86, 0, 3]);
    expect((await fetched('g', broker, 'old')).committedOffset).toBe(-1);
    expect((await fetched()).committedOffset).toBe(1);
    expect((await forget('none')).errorCode).toBe(69);
  });

  test('shows the data directory and what partitions take in it', async () => {
    await broker.call('Produce', 7, produceOf('t', batchOf(['a'])));
    const { results } = await broker.call('DescribeLogDirs', 4, {
      topics: [{ topic: 't', partitions: [0, 9] }],
    });
    expect(results).toHaveLength(1);
    expect(results[0]!.topics).toEqual([
      {
        name: 't',
        partitions: [
          {
            partitionIndex: 0,
            partitionSize: broker.engine.log('t').sizeBytes,
            offsetLag: 0,
            isFutureKey: false,
          },
        ],
      },
    ]);
    const all = await broker.call('DescribeLogDirs', 1, { topics: null });
    expect(all.results[0]!.topics[0]!.partitions).toHaveLength(3);
  });

  test('says that no partition is on its way', async () => {
    const answer = await broker.call('ListPartitionReassignments', 0, { topics: null });
    expect(answer).toMatchObject({ errorCode: 0, topics: [] });
  });
});

describe('the offsets topic', () => {
  test('is not written by clients', async () => {
    await broker.call('FindCoordinator', 0, { key: 'g' });
    const answer = await broker.call('Produce', 7, produceOf(OFFSETS_TOPIC, batchOf(['a'])));
    expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(17);
  });

  test('keeps its number of partitions, by which groups find their offsets', async () => {
    await commit(3);
    const more = (validateOnly: boolean) =>
      broker.call('CreatePartitions', 3, {
        topics: [{ name: OFFSETS_TOPIC, count: 60, assignments: null }],
        timeoutMs: 1000,
        validateOnly,
      });
    for (const validateOnly of [true, false]) {
      expect((await more(validateOnly)).results[0]).toMatchObject({
        errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION,
        errorMessage: expect.stringContaining('cannot be changed'),
      });
    }
    expect(broker.metadata.image.topic(OFFSETS_TOPIC)!.partitions).toHaveLength(50);
    expect((await fetched()).committedOffset).toBe(3);
  });

  test('takes groups and offsets with it when it is deleted, and comes back on need', async () => {
    await member();
    const waiting = join(3);
    await broker.call('DeleteTopics', 5, { topicNames: [OFFSETS_TOPIC], timeoutMs: 1000 });
    expect((await waiting).errorCode).toBe(ErrorCode.NOT_COORDINATOR);
    expect((await broker.call('ListGroups', 4, {})).groups).toEqual([]);
    expect(await commit(3)).toBe(0);
    expect((await fetched()).committedOffset).toBe(3);
  });

  test('that cannot be created leaves members and commits to try again, or to look elsewhere', async () => {
    const full = await memoryBroker({ partitionsMax: 10 });
    await full.createTopic('t');
    const joining = await join(3, {}, undefined, full);
    expect(joining.errorCode).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    expect(await commit(3, { to: full })).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    full.controller.createTopics = () =>
      Promise.reject(new EngineError('STORAGE_OFFLINE', 'the metadata cannot be written'));
    expect(await commit(3, { to: full })).toBe(ErrorCode.NOT_COORDINATOR);
  });

  test('is loaded before anything is said about its groups', async () => {
    await commit(3);
    const { settings, metadata, controller, partitions, clock } = broker;
    const { nodeId, groups } = settings;
    const parts = { metadata, controller, partitions, clock, nodeId, settings: groups };
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const coordinator = new GroupCoordinator({
      ...parts,
      logger,
      dataDir: '/data',
      slices: new TurnSlices(clock),
      random: seededRandom(1),
      onCall: () => {},
    });
    const loading = { code: 'COORDINATOR_LOAD_IN_PROGRESS' };
    await expect(coordinator.offsets.fetch('g')).rejects.toMatchObject(loading);
    await expect(coordinator.list()).rejects.toMatchObject(loading);
    await coordinator.start();
    expect((await coordinator.offsets.fetch('g'))!.get('t', 0)!.offset).toBe(3);
    coordinator.stop();
  });

  test('that cannot be read makes its groups unavailable, not the broker', async () => {
    await commit(3);
    const damaged = [...broker.engine.logs.values()].find(
      ({ name, logEndOffset }) => name.topic === OFFSETS_TOPIC && logEndOffset > 0,
    )!;
    damaged.batches[0]!.fill(1, 70);
    const next = await restarted();
    expect(await commit(4, { to: next })).toBe(ErrorCode.NOT_COORDINATOR);
    expect((await join(3, {}, undefined, next)).errorCode).toBe(ErrorCode.NOT_COORDINATOR);
    expect(await commit(4, { groupId: 'another', to: next })).toBe(0);
    expect(next.lines.some(({ level }) => level === 'error')).toBe(true);
  });
});

test('a join and a sync that wait for others count among no requests in progress, and hold no names', async () => {
  const bodies: { assignments?: readonly unknown[] }[] = [];
  const before = (_context: unknown, body: unknown): void => void bodies.push(body as object);
  broker = await memoryBroker({ hooks: [{ before }] });
  await broker.createTopic('t');
  const first = await member(3);
  const connection = new TestConnection();
  const joining = join(3, {}, connection);
  await turns(2);
  expect(connection.elementsInProgress).toBe(0);
  const [again, second] = await Promise.all([join(3, { memberId: first.memberId }), joining]);
  const { generationId } = second;
  const assignments = Array.from({ length: 5_000 }, (_, at) => ({
    memberId: `m${at}`,
    assignment: Buffer.alloc(0),
  }));
  const call = { groupId: 'g', generationId };
  bodies.length = 0;
  const follower = { ...call, memberId: second.memberId, assignments };
  const syncing = broker.call('SyncGroup', 3, follower, connection);
  while (bodies.length === 0) await turns(1);
  await turns(2);
  expect(connection.elementsInProgress).toBe(0);
  expect(bodies[0]!.assignments).toEqual([]);
  const plan = [{ memberId: second.memberId, assignment: Buffer.from('plan') }];
  await broker.call('SyncGroup', 3, { ...call, memberId: again.memberId, assignments: plan });
  expect(await syncing).toMatchObject({ errorCode: 0, assignment: Buffer.from('plan') });
});
