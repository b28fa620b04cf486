import { expect, test } from 'vitest';
import { EngineError } from '../../../engine/errors.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { type MemoryBroker, memoryBroker, turns } from '../../support/memory-broker.js';

const TIMEOUT_MS = 5_000;
const CHECK_MS = 1_000;
const EVERYTHING = Number.POSITIVE_INFINITY;

/** A broker with one partition of groups, whose high watermark a test holds, and loads anew. */
async function openWorld() {
  const broker = await memoryBroker({
    settings: {
      'offsets.topic.num.partitions': '1',
      'group.initial.rebalance.delay.ms': '0',
      'offsets.retention.check.interval.ms': String(CHECK_MS),
    },
  });
  await broker.createTopic('t', 400);
  await broker.groups.coordinatorOf('g');
  const log = broker.engine.log('__consumer_offsets');
  let end = EVERYTHING;
  log.watermark.setRule(({ promisedEnd }) => Math.min(end, promisedEnd));
  const holdAt = async (offset: number): Promise<void> => {
    end = offset;
    log.watermark.advance();
    await turns(20);
  };
  let epoch = 0;
  /** What is in memory; throws if a load of the log finds anything else. */
  const kept = async () => {
    const inMemory = await stateOf(broker);
    epoch += 1;
    await broker.groups.shards.lead(0, epoch);
    expect(await stateOf(broker)).toEqual(inMemory);
    return inMemory;
  };
  return { broker, log, holdAt, kept };
}

/** Groups, and the offsets of `g`, as clients are told them. */
async function stateOf(broker: MemoryBroker) {
  const { groups } = await broker.call('ListGroups', 4, {});
  const { topics } = await broker.call('OffsetFetch', 5, { groupId: 'g', topics: null });
  const offsets = topics.flatMap(({ partitions }) =>
    partitions.map(({ partitionIndex, committedOffset }) => [partitionIndex, committedOffset]),
  );
  return {
    groups: groups.map(({ groupId, groupState }) => `${groupId} ${groupState}`),
    offsets: Object.fromEntries(offsets) as Record<number, number>,
  };
}

/** The distinct codes with which a request is answered; null while it waits. */
interface Seen {
  codes: number[] | null;
}

function commit(broker: MemoryBroker, offsets: Record<number, number>, metadata = ''): Seen {
  const seen: Seen = { codes: null };
  const partitions = Object.entries(offsets).map(([index, committedOffset]) => ({
    partitionIndex: Number(index),
    committedOffset,
    committedMetadata: metadata,
  }));
  void broker
    .call('OffsetCommit', 8, { groupId: 'g', memberId: '', topics: [{ name: 't', partitions }] })
    .then(({ topics }) => {
      seen.codes = [...new Set(topics[0]!.partitions.map(({ errorCode }) => errorCode))];
    });
  return seen;
}

function deleteGroup(broker: MemoryBroker): Seen {
  const seen: Seen = { codes: null };
  void broker.call('DeleteGroups', 1, { groupsNames: ['g'] }).then(({ results }) => {
    seen.codes = results.map(({ errorCode }) => errorCode);
  });
  return seen;
}

/** A member of `g`, up to the SyncGroup that hands in the plan. */
async function join(broker: MemoryBroker) {
  const protocols = [{ name: 'range', metadata: Buffer.from('t') }];
  const times = { sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 60_000 };
  const wish = { groupId: 'g', memberId: '', protocolType: 'consumer', protocols, ...times };
  const { memberId, generationId } = await broker.call('JoinGroup', 3, wish);
  const assignments = [{ memberId, assignment: Buffer.from('plan') }];
  const sync = { groupId: 'g', generationId, memberId, assignments };
  const seen: Seen = { codes: null };
  void broker.call('SyncGroup', 2, sync).then(({ errorCode }) => {
    seen.codes = [errorCode];
  });
  return { memberId, seen };
}

const NONE = [ErrorCode.NONE];
const UNAVAILABLE = [ErrorCode.COORDINATOR_NOT_AVAILABLE];

test('a commit of a new topic outlives one of the deleted topic of the name that waited in front of it', async () => {
  const { broker, log, holdAt, kept } = await openWorld();
  await holdAt(0);
  const old = commit(broker, { 0: 7 });
  await turns();
  await broker.call('DeleteTopics', 5, { topicNames: ['t'], timeoutMs: 1000 });
  await turns();
  await broker.createTopic('t');
  const fresh = commit(broker, { 0: 3 });
  await turns();
  expect(log.logEndOffset).toBe(2);
  await holdAt(EVERYTHING);
  expect([old.codes, fresh.codes]).toEqual([NONE, NONE]);
  expect((await kept()).offsets).toEqual({ 0: 3 });
});

test('offsets of a deleted topic are forgotten once the write that kept them is over', async () => {
  const { broker, log, holdAt, kept } = await openWorld();
  await holdAt(0);
  const old = commit(broker, { 0: 7 });
  await turns();
  await broker.call('DeleteTopics', 5, { topicNames: ['t'], timeoutMs: 1000 });
  await holdAt(EVERYTHING);
  expect(old.codes).toEqual(NONE);
  expect(log.logEndOffset).toBe(2);
  expect(broker.groups.totals.offsets).toBe(0);
  expect(await kept()).toEqual({ groups: [], offsets: {} });
});

test('of a commit in several batches memory has those that the log has', async () => {
  const { broker, log, kept } = await openWorld();
  const { append } = log;
  let appends = 0;
  log.append = (batch, origin) => {
    appends += 1;
    return appends === 2
      ? Promise.reject(new EngineError('STORAGE_BUSY', 'too much is waiting'))
      : append.call(log, batch, origin);
  };
  const offsets = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [index, 1]));
  const answer = commit(broker, offsets, 'm'.repeat(4000));
  await turns(50);
  expect(answer.codes).toEqual([ErrorCode.NOT_COORDINATOR]);
  const { length } = Object.keys((await kept()).offsets);
  expect(length).toBe(log.logEndOffset);
  expect(length).toBeGreaterThan(0);
});

test('a commit that too few replicas have is in the log, and goes with its group', async () => {
  const { broker, holdAt, kept } = await openWorld();
  await holdAt(0);
  const answer = commit(broker, { 0: 7 });
  await turns();
  const partition = broker.partitions.find(broker.metadata.image.topic('__consumer_offsets')!, 0);
  partition.lead({ ...partition.leadership, minInSyncReplicas: 2 });
  await holdAt(EVERYTHING);
  partition.lead({ ...partition.leadership, minInSyncReplicas: 1 });
  expect(answer.codes).toEqual(UNAVAILABLE);
  expect((await kept()).offsets).toEqual({ 0: 7 });
  const removal = deleteGroup(broker);
  await turns();
  expect(removal.codes).toEqual(NONE);
  expect(await kept()).toEqual({ groups: [], offsets: {} });
});

test('a group whose deletion has timed out is gone when the deletion counts in the end', async () => {
  const { broker, log, holdAt, kept } = await openWorld();
  commit(broker, { 0: 7 });
  await turns();
  const { memberId, seen } = await join(broker);
  await turns();
  expect(seen.codes).toEqual(NONE);
  await broker.call('LeaveGroup', 1, { groupId: 'g', memberId });
  await turns();
  await holdAt(log.logEndOffset);
  const removal = deleteGroup(broker);
  await turns();
  broker.clock.advance(TIMEOUT_MS);
  await turns();
  expect(removal.codes).toEqual(UNAVAILABLE);
  await holdAt(EVERYTHING);
  expect(await kept()).toEqual({ groups: [], offsets: {} });
  expect(broker.groups.totals).toMatchObject({ groups: 0, memberBytes: 0, offsets: 0 });
});

test('an OffsetDelete that takes turns forgets nothing that is committed behind it', async () => {
  const { broker, kept } = await openWorld();
  commit(broker, { 0: 7 });
  await turns();
  const wanted = Array.from({ length: 20_000 }, () => ({ topic: 't', partition: 0 }));
  const forgetting = broker.groups.offsets.delete('g', wanted);
  await turns(1);
  const removal = deleteGroup(broker);
  while (removal.codes === null) await turns(1);
  const late = commit(broker, { 0: 9 });
  while (late.codes === null) await turns(1);
  await forgetting;
  expect([removal.codes, late.codes]).toEqual([NONE, NONE]);
  expect((await kept()).offsets).toEqual({ 0: 9 });
});

test('what a rebalance writes late does not take the place of the next group of the name', async () => {
  const { broker, holdAt, kept } = await openWorld();
  await holdAt(0);
  const { memberId } = await join(broker);
  await turns();
  await broker.call('LeaveGroup', 1, { groupId: 'g', memberId });
  broker.clock.advance(CHECK_MS);
  await turns(20);
  const next = await join(broker);
  await turns();
  await holdAt(EVERYTHING);
  expect(next.seen.codes).toEqual(NONE);
  expect((await kept()).groups).toEqual(['g Stable']);
});
