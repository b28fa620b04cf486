import { expect, test } from 'vitest';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { memoryBroker } from '../../support/memory-broker.js';

test('while a group is being loaded each API is answered as clients expect of it', async () => {
  const broker = await memoryBroker({
    settings: { 'offsets.topic.num.partitions': '1', 'group.initial.rebalance.delay.ms': '0' },
  });
  await broker.createTopic('t');
  const groupId = 'g';
  const protocols = [{ name: 'range', metadata: Buffer.from('t') }];
  const times = { sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 60_000 };
  const wish = { groupId, memberId: '', protocolType: 'consumer', protocols, ...times };
  const { memberId, generationId } = await broker.call('JoinGroup', 3, wish);
  const speaker = { groupId, memberId, generationId };
  await broker.call('SyncGroup', 3, { ...speaker, assignments: [] });

  const loaded = broker.groups.shards.lead(0, 1);
  const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }];
  const offsets = { ...speaker, generationIdOrMemberEpoch: generationId };
  const [heartbeat, sync, join, leave, commit, fetch, list] = await Promise.all([
    broker.call('Heartbeat', 3, speaker),
    broker.call('SyncGroup', 3, { ...speaker, assignments: [] }),
    broker.call('JoinGroup', 3, wish),
    broker.call('LeaveGroup', 1, { groupId, memberId }),
    broker.call('OffsetCommit', 8, { ...offsets, topics: [{ name: 't', partitions }] }),
    broker.call('OffsetFetch', 5, { groupId, topics: null }),
    broker.call('ListGroups', 4, {}),
  ]);
  // Of a member that heartbeats while it need not, and of one whose rebalance is lost.
  expect(heartbeat.errorCode).toBe(ErrorCode.NONE);
  expect(sync.errorCode).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
  const codes = [join, leave, fetch, list].map(({ errorCode }) => errorCode);
  codes.push(commit.topics[0]!.partitions[0]!.errorCode);
  expect(new Set(codes)).toEqual(new Set([ErrorCode.COORDINATOR_LOAD_IN_PROGRESS]));

  await loaded;
  expect((await broker.call('Heartbeat', 3, speaker)).errorCode).toBe(ErrorCode.NONE);
});
