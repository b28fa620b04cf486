import { describe, expect, test } from 'vitest';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import {
  type MemoryBroker,
  memoryBroker,
  TestConnection,
  turns,
} from '../../support/memory-broker.js';
import { TurnMeter } from '../../support/turn-meter.js';

/** What groups take together is bounded, and who is there already goes on. */

function join(broker: MemoryBroker, groupId: string, size = 16, memberId = '', version = 3) {
  const wish = {
    groupId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 60_000,
    memberId,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(size) }],
  };
  return broker.call('JoinGroup', version, wish, new TestConnection());
}

async function commit(
  broker: MemoryBroker,
  groupId: string,
  partitions: readonly number[],
  memberId = '',
  generation = -1,
): Promise<number[]> {
  const { topics } = await broker.call('OffsetCommit', 7, {
    groupId,
    memberId,
    generationIdOrMemberEpoch: generation,
    topics: [
      {
        name: 't',
        partitions: partitions.map((partitionIndex) => ({
          partitionIndex,
          committedOffset: 1,
          committedMetadata: null,
        })),
      },
    ],
  });
  return topics[0]!.partitions.map(({ errorCode }) => errorCode);
}

const { NONE, POLICY_VIOLATION, GROUP_MAX_SIZE_REACHED } = ErrorCode;

describe('where the broker has as many as it may have', () => {
  test('groups, members and offsets of new ones are refused, and those that are there go on', async () => {
    const broker = await memoryBroker({ groupLimits: { groupsMax: 2 } });
    await broker.createTopic('t', 3);
    expect(await commit(broker, 'plain', [0])).toEqual([NONE]);
    const member = await join(broker, 'g');
    expect(member.errorCode).toBe(NONE);
    expect(await commit(broker, 'new', [0])).toEqual([POLICY_VIOLATION]);
    expect((await join(broker, 'new')).errorCode).toBe(POLICY_VIOLATION);
    expect(await commit(broker, 'plain', [0, 1])).toEqual([NONE, NONE]);
    expect((await join(broker, 'g', 16, member.memberId)).errorCode).toBe(NONE);
    await broker.call('DeleteGroups', 2, { groupsNames: ['plain'] });
    expect(await commit(broker, 'new', [0])).toEqual([NONE]);
  });

  test('offsets, of a group or of all, new partitions are refused, and others overwritten', async () => {
    const broker = await memoryBroker({ groupLimits: { groupOffsetsMax: 3, offsetsMax: 5 } });
    await broker.createTopic('t', 10);
    expect(await commit(broker, 'a', [0, 1, 2, 3, 4])).toEqual([
      ...[NONE, NONE, NONE],
      ...[POLICY_VIOLATION, POLICY_VIOLATION],
    ]);
    expect(await commit(broker, 'a', [2, 5])).toEqual([NONE, POLICY_VIOLATION]);
    expect(await commit(broker, 'b', [0, 1])).toEqual([NONE, NONE]);
    expect(await commit(broker, 'b', [1, 2])).toEqual([NONE, POLICY_VIOLATION]);
    await broker.call('DeleteGroups', 2, { groupsNames: ['a'] });
    expect(await commit(broker, 'b', [2])).toEqual([NONE]);
  });

  test('bytes of members, newcomers are refused, and members come back and leave room', async () => {
    const broker = await memoryBroker({ groupLimits: { memberBytesMax: 10_000 } });
    const one = await join(broker, 'a', 4000);
    await join(broker, 'b', 3000);
    expect((await join(broker, 'c', 3000)).errorCode).toBe(GROUP_MAX_SIZE_REACHED);
    expect((await join(broker, 'a', 4000, one.memberId)).errorCode).toBe(NONE);
    const grown = await join(broker, 'a', 8000, one.memberId);
    expect(grown.errorCode).toBe(GROUP_MAX_SIZE_REACHED);
    await broker.call('LeaveGroup', 1, { groupId: 'a', memberId: one.memberId });
    expect((await join(broker, 'c', 3000)).errorCode).toBe(NONE);
  });

  test('ids that were given out, they count, until they are forgotten', async () => {
    const broker = await memoryBroker({ groupLimits: { memberBytesMax: 10_000 } });
    const codes = new Set<number>();
    for (let n = 0; n < 100; n++) codes.add((await join(broker, `g${n}`, 16, '', 4)).errorCode);
    expect(codes).toEqual(new Set([ErrorCode.MEMBER_ID_REQUIRED, GROUP_MAX_SIZE_REACHED]));
    broker.clock.advance(10_000);
    await turns();
    expect(await broker.groups.list()).toEqual([]);
    expect((await join(broker, 'g', 3000)).errorCode).toBe(NONE);
  });
});

describe('a request that names 20,000', () => {
  // A turn may be full but for one when a piece of an answer is encoded, which is one of 512.
  const BOUND = 2000;

  async function metered(work: (broker: MemoryBroker) => Promise<void>): Promise<number> {
    const meter = new TurnMeter();
    const broker = await memoryBroker({ meter });
    await broker.createTopic('t', 10_000);
    await broker.call('FindCoordinator', 0, { key: 'g' });
    await work(broker);
    meter.stop();
    expect(meter.total.elements).toBeGreaterThan(19_000);
    return meter.most.elements;
  }

  const names = Array.from({ length: 20_000 }, (_, at) => `g${at}`);

  test('groups to describe, to delete or to find is answered in slices', async () => {
    const most = await metered(async (broker) => {
      const described = await broker.call('DescribeGroups', 6, { groups: names });
      expect(described.groups).toHaveLength(20_000);
    });
    expect(most).toBeLessThan(BOUND);
    const mostDeleted = await metered(async (broker) => {
      const deleted = await broker.call('DeleteGroups', 2, { groupsNames: names });
      expect(deleted.results).toHaveLength(20_000);
    });
    expect(mostDeleted).toBeLessThan(BOUND);
    const mostFound = await metered(async (broker) => {
      const found = await broker.call('FindCoordinator', 4, { coordinatorKeys: names });
      expect(found.coordinators).toHaveLength(20_000);
    });
    expect(mostFound).toBeLessThan(BOUND);
  });

  test('members to leave, or partitions to fetch offsets of, is answered in slices', async () => {
    const mostLeft = await metered(async (broker) => {
      await join(broker, 'g');
      const members = names.map((memberId) => ({ memberId }));
      const left = await broker.call('LeaveGroup', 5, { groupId: 'g', members });
      expect(left.members).toHaveLength(20_000);
    });
    expect(mostLeft).toBeLessThan(BOUND);
    const mostFetched = await metered(async (broker) => {
      await join(broker, 'g');
      const partitionIndexes = Array.from({ length: 20_000 }, (_, at) => at);
      const topics = [{ name: 't', partitionIndexes }];
      const fetched = await broker.call('OffsetFetch', 8, { groups: [{ groupId: 'g', topics }] });
      expect(fetched.groups[0]!.topics[0]!.partitions).toHaveLength(20_000);
    });
    expect(mostFetched).toBeLessThan(BOUND);
  });
});
