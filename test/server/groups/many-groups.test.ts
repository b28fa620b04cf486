import { beforeEach, describe, expect, test, vi } from 'vitest';
import { GroupOffsets } from '../../../server/groups/offsets/offsets.js';
import { OFFSETS_TOPIC } from '../../../server/groups/offsets-topic.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import type { RequestContext } from '../../../server/request/context.js';
import { type MemoryBroker, memoryBroker, turns } from '../../support/memory-broker.js';
import { TurnMeter } from '../../support/turn-meter.js';

/** What many groups cost, counted: no test here looks at a clock. */

const GROUPS = 5000;
let broker: MemoryBroker;

beforeEach(async () => {
  broker = await memoryBroker();
});

function offsetsLogs(of = broker) {
  return [...of.engine.logs.values()].filter(({ name }) => name.topic === OFFSETS_TOPIC);
}

/** Records, and batches, in the offsets topic. */
function written() {
  let records = 0;
  let batches = 0;
  for (const log of offsetsLogs()) {
    records += log.logEndOffset;
    batches += log.batches.length;
  }
  return { records, batches };
}

function commitOf(groupId: string, topic: string, offset: number, partitions = [0]) {
  return {
    groupId,
    memberId: '',
    generationIdOrMemberEpoch: -1,
    topics: [
      {
        name: topic,
        partitions: partitions.map((partitionIndex) => ({
          partitionIndex,
          committedOffset: offset,
          committedMetadata: null,
        })),
      },
    ],
  };
}

async function commit(groupId: string, topic: string, offset: number): Promise<void> {
  const { topics } = await broker.call('OffsetCommit', 7, commitOf(groupId, topic, offset));
  expect(topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.NONE);
}

async function commitAll(topic: string): Promise<void> {
  const committing: Promise<void>[] = [];
  for (let n = 0; n < GROUPS; n++) {
    committing.push(commit(`g${n}`, topic, n));
    if (n % 500 === 0) await turns(1);
  }
  await Promise.all(committing);
}

async function fetched(groupId: string, topic = 't', of = broker): Promise<number> {
  const { groups } = await of.call('OffsetFetch', 8, {
    groups: [{ groupId, topics: [{ name: topic, partitionIndexes: [0] }] }],
  });
  return groups[0]!.topics[0]!.partitions[0]!.committedOffset;
}

const deleteTopics = (topicNames: readonly string[]) =>
  broker.call('DeleteTopics', 5, { topicNames: [...topicNames], timeoutMs: 1000 });

/** Waits until nothing is written any more; resolves with the most records of one turn. */
async function settled(): Promise<number> {
  let most = 0;
  for (let idle = 0, { records } = written(); idle < 10; ) {
    await turns(1);
    const now = written().records;
    most = Math.max(most, now - records);
    idle = now === records ? idle + 1 : 0;
    records = now;
  }
  return most;
}

const restarted = () => memoryBroker({ engine: broker.engine, catalog: broker.catalog });

describe('a topic that 5,000 groups have committed for', () => {
  test('is deleted with their offsets at once, and its tombstones follow a few in a turn and many in a batch', async () => {
    await broker.createTopic('t');
    await broker.createTopic('other');
    await commitAll('t');
    await commit('g7', 'other', 3);
    const before = written();
    await deleteTopics(['t']);
    await broker.createTopic('t');
    for (const groupId of ['g0', 'g7', `g${GROUPS - 1}`]) {
      expect(await fetched(groupId)).toBe(-1);
    }
    expect(await settled()).toBeLessThanOrEqual(1000);
    const after = written();
    expect(after.records - before.records).toBe(GROUPS);
    expect(after.batches - before.batches).toBeLessThan(GROUPS / 5);
    const { groups } = await broker.call('ListGroups', 4, {});
    expect(groups.map(({ groupId }) => groupId)).toEqual(['g7']);
    const next = await restarted();
    expect(await fetched('g4321', 't', next)).toBe(-1);
    expect(await fetched('g7', 'other', next)).toBe(3);
  });

  test('keeps what is committed for a new topic of its name while the old offsets are forgotten', async () => {
    await broker.createTopic('t');
    await commitAll('t');
    await deleteTopics(['t']);
    await broker.createTopic('t');
    const again = [0, 1000, 2500, GROUPS - 1].map((n) => `g${n}`);
    await Promise.all(again.map((groupId) => commit(groupId, 't', 77)));
    await settled();
    for (const of of [broker, await restarted()]) {
      for (const groupId of again) expect(await fetched(groupId, 't', of)).toBe(77);
      expect(await fetched('g1', 't', of)).toBe(-1);
      const { groups } = await of.call('ListGroups', 4, {});
      expect(groups).toHaveLength(again.length);
    }
  });

  test('leaves no offset to a new topic of its name when the process ends before any is forgotten', async () => {
    await broker.createTopic('t');
    await commit('g', 't', 5);
    broker.groups.stop();
    await deleteTopics(['t']);
    await broker.createTopic('t');
    const next = await restarted();
    expect(await fetched('g', 't', next)).toBe(-1);
    await turns(20);
    expect((await next.call('ListGroups', 4, {})).groups).toEqual([]);
  });
});

test('200 topics without committed offsets are deleted without a look at 5,000 groups', async () => {
  await broker.createTopic('t');
  const names = Array.from({ length: 200 }, (_, n) => `none-${n}`);
  for (const name of names) await broker.createTopic(name);
  await commitAll('t');
  const before = written();
  const looks = vi.spyOn(GroupOffsets.prototype, 'ofTopic');
  await deleteTopics(names);
  await settled();
  expect(written()).toEqual(before);
  expect(looks).not.toHaveBeenCalled();
  looks.mockRestore();
  expect(await fetched('g99')).toBe(99);
});

test('the offsets of 5,000 groups expire a few in a turn, and many in a batch', async () => {
  await broker.createTopic('t');
  await commitAll('t');
  const before = written();
  broker.clock.advance(7 * 86_400_000 + 600_000);
  expect(await settled()).toBeLessThanOrEqual(1000);
  const after = written();
  expect(after.records - before.records).toBe(GROUPS);
  expect(after.batches - before.batches).toBeLessThan(GROUPS / 5);
  expect((await broker.call('ListGroups', 4, {})).groups).toEqual([]);
  expect((await (await restarted()).call('ListGroups', 4, {})).groups).toEqual([]);
});

test('a commit of 10,000 offsets is taken a slice at a time, in the order of the commits of its group', async () => {
  const meter = new TurnMeter();
  let commits = 0;
  const before = ({ apiName }: RequestContext): void => {
    if (apiName === 'OffsetCommit') commits += 1;
  };
  broker = await memoryBroker({ meter, hooks: [{ before }] });
  await broker.createTopic('t', 10_000);
  await broker.call('FindCoordinator', 0, { key: 'g' });
  const partitions = Array.from({ length: 10_000 }, (_, at) => at);
  const large = broker.call('OffsetCommit', 7, commitOf('g', 't', 1, partitions));
  // What comes behind it on its connection is not begun before.
  while (commits === 0) await turns(1);
  const small = broker.call('OffsetCommit', 7, commitOf('g', 't', 2, [9999]));
  const another = broker.call('OffsetCommit', 7, commitOf('another', 't', 3, [1]));
  let isTaken = false;
  void large.then(() => {
    isTaken = true;
  });
  await another;
  expect(isTaken).toBe(false);
  await Promise.all([large, small]);
  const value = (await broker.groups.offsets.fetch('g'))?.get('t', 9999);
  expect(value?.offset).toBe(2);
  expect((await (await restarted()).groups.offsets.fetch('g'))?.get('t', 9999)?.offset).toBe(2);
  meter.stop();
});
