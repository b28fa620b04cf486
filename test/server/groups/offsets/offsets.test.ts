import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../../engine/manual-clock.js';
import { TurnSlices } from '../../../../engine/turn-slices.js';
import { type Group, newGroup } from '../../../../server/groups/classic/group.js';
import { newMember } from '../../../../server/groups/classic/members.js';
import { subscribedTopics } from '../../../../server/groups/classic/subscription.js';
import { CommittedTopics } from '../../../../server/groups/offsets/committed-topics.js';
import { expiredOffsets, GroupOffsets } from '../../../../server/groups/offsets/offsets.js';

const DAY_MS = 86_400_000;
const ID = '00000000-0000-4000-8000-000000000001';
const slices = new TurnSlices(new ManualClock());

/** Every name stands for one topic. */
const committedTo = (id: string | undefined = ID) =>
  new CommittedTopics({ image: { topic: () => id && { id } } } as never);

const valueAt = (commitTimestamp: number, expireTimestamp = -1) => ({
  offset: 5,
  leaderEpoch: -1,
  metadata: '',
  commitTimestamp,
  expireTimestamp,
  topicId: ID,
});

function offsetsOf(...committed: [topic: string, at: number, expires?: number][]): GroupOffsets {
  const offsets = new GroupOffsets('g', committedTo());
  for (const [topic, at, expires] of committed) offsets.set(topic, 0, valueAt(at, expires));
  return offsets;
}

/** Version 1 of what a consumer says of itself, as the Java client writes it. */
function subscription(...topics: string[]): Buffer {
  const names = topics.map((topic) => {
    const size = Buffer.alloc(2);
    size.writeInt16BE(topic.length);
    return Buffer.concat([size, Buffer.from(topic)]);
  });
  const start = Buffer.alloc(6);
  start.writeInt16BE(1);
  start.writeInt32BE(topics.length, 2);
  return Buffer.concat([start, ...names, Buffer.from('ffffffff00000000', 'hex')]);
}

function stableGroup(metadata: Buffer): Group {
  const group = newGroup('g');
  const protocols = [{ name: 'range', metadata }];
  const times = { sessionTimeoutMs: 1, rebalanceTimeoutMs: 1 };
  const who = { id: 'm', instanceId: null, clientId: 'c', clientHost: '/h' };
  group.members.set('m', newMember({ ...who, ...times, protocols }));
  return Object.assign(group, { state: 'Stable', protocolType: 'consumer', protocol: 'range' });
}

async function expiredTopics(group: Group, offsets: GroupOffsets, nowMs: number) {
  const read = await subscribedTopics(group, slices);
  return expiredOffsets(group, offsets, read, nowMs, 7 * DAY_MS).map(({ topic }) => topic);
}

describe('offsets', () => {
  test('are counted, replaced and forgotten', () => {
    const offsets = offsetsOf(['a', 1], ['b', 2], ['a', 3]);
    expect(offsets.count).toBe(2);
    expect(offsets.get('a', 0)?.commitTimestamp).toBe(3);
    offsets.delete('a', 0);
    offsets.delete('a', 0);
    offsets.delete('x', 9);
    expect(offsets.count).toBe(1);
    expect([...offsets.all()].map(({ topic }) => topic)).toEqual(['b']);
  });

  test('of a topic that was deleted are not given, although a new topic has its name, and are there to be forgotten', () => {
    const ids = new Map([['t', ID]]);
    const topics = new CommittedTopics({
      image: { topic: (name: string) => ids.has(name) && { id: ids.get(name) } },
    } as never);
    const offsets = new GroupOffsets('g', topics);
    offsets.set('t', 0, valueAt(1));
    offsets.set('t', 1, valueAt(2));
    for (const id of [undefined, ID.replace('1', '2')]) {
      if (id === undefined) ids.delete('t');
      else ids.set('t', id);
      expect(offsets.get('t', 0)).toBeUndefined();
      expect([...offsets.all()]).toEqual([]);
      expect([...offsets.staleOf('t')]).toEqual([0, 1]);
      expect([...offsets.stored()]).toHaveLength(2);
    }
    offsets.deleteStale('t', 0);
    offsets.set('t', 0, { ...valueAt(3), topicId: ids.get('t')! });
    offsets.deleteStale('t', 0);
    expect(offsets.get('t', 0)?.commitTimestamp).toBe(3);
    expect([...offsets.staleOf('t')]).toEqual([1]);
    expect([...topics.groupsOf('t'), topics.offsetCount]).toEqual(['g', 2]);
    for (const partition of [0, 1]) offsets.delete('t', partition);
    expect([...topics.groupsOf('t'), ...topics.topics(), topics.offsetCount]).toEqual([0]);
  });
});

describe('expiry', () => {
  test('comes a week after the last commit of a group without members, not before', async () => {
    const group = newGroup('g');
    const offsets = offsetsOf(['a', DAY_MS], ['b', 2 * DAY_MS]);
    expect(await expiredTopics(group, offsets, 8 * DAY_MS - 1)).toEqual([]);
    expect(await expiredTopics(group, offsets, 8 * DAY_MS)).toEqual(['a']);
    expect(await expiredTopics(group, offsets, 9 * DAY_MS)).toEqual(['a', 'b']);
  });

  test('counts from when the last member left, if that was later', async () => {
    const group = Object.assign(newGroup('g'), { stateSinceMs: 5 * DAY_MS });
    expect(await expiredTopics(group, offsetsOf(['a', 0]), 12 * DAY_MS - 1)).toEqual([]);
    expect(await expiredTopics(group, offsetsOf(['a', 0]), 12 * DAY_MS)).toEqual(['a']);
  });

  test('spares what the members of a stable group read', async () => {
    const group = stableGroup(subscription('a', 'c'));
    const offsets = offsetsOf(['a', 0], ['b', 0]);
    expect(await expiredTopics(group, offsets, 100 * DAY_MS)).toEqual(['b']);
  });

  test('does not happen while a group rebalances, or where it is unknown what its members read', async () => {
    const rebalancing = stableGroup(subscription('a'));
    rebalancing.state = 'PreparingRebalance';
    const unknown = stableGroup(Buffer.from([0]));
    for (const group of [rebalancing, unknown]) {
      expect(await expiredTopics(group, offsetsOf(['b', 0]), 100 * DAY_MS)).toEqual([]);
    }
  });

  test('follows the expiry that an old client gave', async () => {
    const offsets = offsetsOf(['a', 0, 50], ['b', 0, 100 * DAY_MS]);
    expect(await expiredTopics(newGroup('g'), offsets, 49)).toEqual([]);
    expect(await expiredTopics(newGroup('g'), offsets, 50 * DAY_MS)).toEqual(['a']);
  });
});

describe('what the members read', () => {
  test('is told by their metadata, whatever its version appends', async () => {
    expect(await subscribedTopics(stableGroup(subscription('a', 'b')), slices)).toEqual(
      new Set(['a', 'b']),
    );
  });

  test('is unknown for other protocol types and for metadata in no known form', async () => {
    const other = stableGroup(subscription('a'));
    other.protocolType = 'connect';
    expect(await subscribedTopics(other, slices)).toBeNull();
    expect(await subscribedTopics(stableGroup(Buffer.from('0000ffff', 'hex')), slices)).toBeNull();
  });
});
