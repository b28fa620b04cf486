import { describe, expect, test } from 'vitest';
import { type Group, newGroup, newMember } from '../../../server/groups/group.js';
import { expiredOffsets, GroupOffsets } from '../../../server/groups/offsets.js';
import { subscribedTopics } from '../../../server/groups/subscription.js';

const DAY_MS = 86_400_000;
const valueAt = (commitTimestamp: number, expireTimestamp = -1) => ({
  offset: 5,
  leaderEpoch: -1,
  metadata: '',
  commitTimestamp,
  expireTimestamp,
});

function offsetsOf(...committed: [topic: string, at: number, expires?: number][]): GroupOffsets {
  const offsets = new GroupOffsets();
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

const expiredTopics = (group: Group, offsets: GroupOffsets, nowMs: number): string[] =>
  expiredOffsets(group, offsets, nowMs, 7 * DAY_MS).map(({ topic }) => topic);

describe('offsets', () => {
  test('are counted, replaced and forgotten', () => {
    const offsets = offsetsOf(['a', 1], ['b', 2], ['a', 3]);
    expect(offsets.count).toBe(2);
    expect(offsets.get('a', 0)?.commitTimestamp).toBe(3);
    offsets.delete('a', 0);
    offsets.delete('a', 0);
    offsets.delete('x', 9);
    expect(offsets.count).toBe(1);
    expect([...offsets.topics()]).toEqual(['b']);
  });
});

describe('expiry', () => {
  test('comes a week after the last commit of a group without members, not before', () => {
    const group = newGroup('g');
    const offsets = offsetsOf(['a', DAY_MS], ['b', 2 * DAY_MS]);
    expect(expiredTopics(group, offsets, 8 * DAY_MS - 1)).toEqual([]);
    expect(expiredTopics(group, offsets, 8 * DAY_MS)).toEqual(['a']);
    expect(expiredTopics(group, offsets, 9 * DAY_MS)).toEqual(['a', 'b']);
  });

  test('counts from when the last member left, if that was later', () => {
    const group = Object.assign(newGroup('g'), { stateSinceMs: 5 * DAY_MS });
    expect(expiredTopics(group, offsetsOf(['a', 0]), 12 * DAY_MS - 1)).toEqual([]);
    expect(expiredTopics(group, offsetsOf(['a', 0]), 12 * DAY_MS)).toEqual(['a']);
  });

  test('spares what the members of a stable group read', () => {
    const group = stableGroup(subscription('a', 'c'));
    const offsets = offsetsOf(['a', 0], ['b', 0]);
    expect(expiredTopics(group, offsets, 100 * DAY_MS)).toEqual(['b']);
  });

  test('does not happen while a group rebalances, or where nobody knows what its members read', () => {
    const rebalancing = stableGroup(subscription('a'));
    rebalancing.state = 'PreparingRebalance';
    const unknown = stableGroup(Buffer.from([0]));
    for (const group of [rebalancing, unknown]) {
      expect(expiredTopics(group, offsetsOf(['b', 0]), 100 * DAY_MS)).toEqual([]);
    }
  });

  test('follows the expiry that an old client gave', () => {
    const offsets = offsetsOf(['a', 0, 50], ['b', 0, 100 * DAY_MS]);
    expect(expiredTopics(newGroup('g'), offsets, 49)).toEqual([]);
    expect(expiredTopics(newGroup('g'), offsets, 50 * DAY_MS)).toEqual(['a']);
  });
});

describe('what the members read', () => {
  test('is told by their metadata, whatever its version appends', () => {
    expect(subscribedTopics(stableGroup(subscription('a', 'b')))).toEqual(new Set(['a', 'b']));
  });

  test('is unknown for other protocol types and for metadata in no known form', () => {
    const other = stableGroup(subscription('a'));
    other.protocolType = 'connect';
    expect(subscribedTopics(other)).toBeNull();
    expect(subscribedTopics(stableGroup(Buffer.from('0000ffff', 'hex')))).toBeNull();
  });
});
