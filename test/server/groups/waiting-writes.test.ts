import { describe, expect, test } from 'vitest';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { type MemoryBroker, memoryBroker, turns } from '../../support/memory-broker.js';

const TIMEOUT_MS = 5_000;

/** A broker whose group `g` is in a partition with a high watermark that a test moves. */
async function heldBroker() {
  const broker = await memoryBroker({ settings: { 'offsets.topic.num.partitions': '1' } });
  await broker.createTopic('t');
  await broker.groups.coordinatorOf('g');
  const log = broker.engine.log('__consumer_offsets');
  let end = log.logEndOffset;
  log.watermark.setRule(() => end);
  const commitTo = (offset: number): void => {
    end = offset;
    log.watermark.advance();
  };
  return { broker, log, commitTo, partition: () => partitionOf(broker) };
}

function partitionOf(broker: MemoryBroker) {
  return broker.partitions.find(broker.metadata.image.topic('__consumer_offsets')!, 0);
}

/** The code with which a commit is answered; null while it waits. */
function commit(broker: MemoryBroker, committedOffset: number, groupId = 'g') {
  const seen: { code: number | null } = { code: null };
  const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: null }];
  void broker
    .call('OffsetCommit', 8, { groupId, memberId: '', topics: [{ name: 't', partitions }] })
    .then(({ topics }) => {
      seen.code = topics[0]!.partitions[0]!.errorCode;
    });
  return seen;
}

/** The committed offset; -1 for none. */
async function committed(broker: MemoryBroker, groupId = 'g'): Promise<number> {
  const { topics } = await broker.call('OffsetFetch', 5, {
    groupId,
    topics: [{ name: 't', partitionIndexes: [0] }],
  });
  return topics[0]!.partitions[0]!.committedOffset;
}

describe('a commit', () => {
  test('is answered when the high watermark has passed it, as Produce is', async () => {
    const { broker, log, commitTo } = await heldBroker();
    const answer = commit(broker, 7);
    await turns();
    expect([answer.code, log.logEndOffset]).toEqual([null, 1]);
    commitTo(1);
    await turns();
    expect(answer.code).toBe(ErrorCode.NONE);
    expect(await committed(broker)).toBe(7);
  });

  test('that times out is not given to anybody, until every in-sync replica has it', async () => {
    const { broker, commitTo } = await heldBroker();
    const first = commit(broker, 7);
    await turns();
    commitTo(1);
    await turns();
    expect(first.code).toBe(ErrorCode.NONE);
    const second = commit(broker, 8);
    await turns();
    broker.clock.advance(TIMEOUT_MS);
    await turns();
    expect(second.code).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    expect(await committed(broker)).toBe(7);
    commitTo(2);
    await turns();
    expect(await committed(broker)).toBe(8);
  });

  test('of a new group that times out is not lost when it counts in the end', async () => {
    const { broker, commitTo } = await heldBroker();
    const answer = commit(broker, 7);
    await turns();
    broker.clock.advance(TIMEOUT_MS);
    await turns();
    expect(answer.code).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    commitTo(1);
    await turns();
    expect(await committed(broker)).toBe(7);
  });

  test('behind one that has timed out is refused until the outcome of that is known', async () => {
    const { broker, log, commitTo } = await heldBroker();
    const [one, two] = [commit(broker, 7), commit(broker, 8)];
    await turns();
    broker.clock.advance(TIMEOUT_MS);
    await turns();
    const unavailable = ErrorCode.COORDINATOR_NOT_AVAILABLE;
    expect([one.code, two.code]).toEqual([unavailable, unavailable]);
    const again = commit(broker, 9);
    const other = commit(broker, 5, 'other');
    await turns();
    expect([again.code, log.logEndOffset]).toEqual([unavailable, 3]);
    commitTo(3);
    await turns();
    expect(other.code).toBe(ErrorCode.NONE);
    expect([await committed(broker), await committed(broker, 'other')]).toEqual([8, 5]);
    const last = commit(broker, 10);
    commitTo(4);
    await turns();
    expect([last.code, await committed(broker)]).toEqual([ErrorCode.NONE, 10]);
  });

  test('of an epoch that ends is refused, and not in memory', async () => {
    const { broker, commitTo, partition } = await heldBroker();
    const answer = commit(broker, 7);
    await turns();
    partition().lead({ ...partition().leadership, leaderEpoch: 1 });
    commitTo(1);
    await turns();
    expect(answer.code).toBe(ErrorCode.NOT_COORDINATOR);
    expect(await committed(broker)).toBe(-1);
  });

  test.each([
    ['before', ErrorCode.COORDINATOR_NOT_AVAILABLE, 0, -1],
    ['after', ErrorCode.COORDINATOR_NOT_AVAILABLE, 1, 7],
  ])(
    'with too few replicas in sync %s the append is refused, and memory is as the log',
    async (...given) => {
      const [when, code, end, offset] = given;
      const { broker, log, commitTo, partition } = await heldBroker();
      const lack = () => partition().lead({ ...partition().leadership, minInSyncReplicas: 2 });
      if (when === 'before') lack();
      const answer = commit(broker, 7);
      await turns();
      if (when === 'after') lack();
      commitTo(1);
      await turns();
      expect([answer.code, log.logEndOffset]).toEqual([code, end]);
      expect(await committed(broker)).toBe(offset);
    },
  );
});

test('what a setting says is how long a commit waits', async () => {
  const broker = await memoryBroker({ settings: { 'offsets.commit.timeout.ms': '30' } });
  await broker.createTopic('t');
  await broker.groups.coordinatorOf('g');
  for (const log of broker.engine.logs.values()) log.watermark.setRule(() => 0);
  const answer = commit(broker, 7);
  await turns();
  broker.clock.advance(29);
  await turns();
  expect(answer.code).toBeNull();
  broker.clock.advance(1);
  await turns();
  expect(answer.code).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
});

describe('a group', () => {
  /** Its only member, up to the SyncGroup that hands in the plan. */
  async function joined(broker: MemoryBroker) {
    const protocols = [{ name: 'range', metadata: Buffer.from('t') }];
    const times = { sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 60_000 };
    const wish = { groupId: 'g', protocolType: 'consumer', protocols, ...times };
    const { memberId, generationId } = await broker.call('JoinGroup', 3, { ...wish, memberId: '' });
    const assignments = [{ memberId, assignment: Buffer.from('plan') }];
    const seen: { code: number | null } = { code: null };
    const sync = { groupId: 'g', generationId, memberId, assignments };
    void broker.call('SyncGroup', 2, sync).then(({ errorCode }) => {
      seen.code = errorCode;
    });
    return seen;
  }

  test('has its plan when every in-sync replica has it', async () => {
    const { broker, commitTo } = await heldBroker();
    const sync = await joined(broker);
    await turns();
    expect(sync.code).toBeNull();
    commitTo(1);
    await turns();
    expect(sync.code).toBe(ErrorCode.NONE);
  });

  test('whose plan has timed out rebalances, and is not stable when it counts in the end', async () => {
    const { broker, commitTo } = await heldBroker();
    const sync = await joined(broker);
    await turns();
    broker.clock.advance(TIMEOUT_MS);
    await turns();
    expect(sync.code).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    commitTo(1);
    await turns();
    expect(broker.groups.describe('g')!.state).toBe('PreparingRebalance');
  });

  test('with a commit of which nothing is known is deleted when something is', async () => {
    const { broker, commitTo } = await heldBroker();
    commit(broker, 7);
    await turns();
    broker.clock.advance(TIMEOUT_MS);
    await turns();
    const remove = async (): Promise<number> => {
      const { results } = await broker.call('DeleteGroups', 1, { groupsNames: ['g'] });
      return results[0]!.errorCode;
    };
    expect(await remove()).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    commitTo(10);
    await turns();
    expect(await committed(broker)).toBe(7);
    expect(await remove()).toBe(ErrorCode.NONE);
    expect(broker.groups.describe('g')).toBeUndefined();
  });
});
