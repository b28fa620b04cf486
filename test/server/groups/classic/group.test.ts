import { describe, expect, test } from 'vitest';
import { nextDeadlineMs } from '../../../../server/groups/classic/group.js';
import { tick } from '../../../../server/groups/classic/rebalance.js';
import { groupValue, loadedGroup } from '../../../../server/groups/classic/stored-group.js';
import { GroupHarness } from '../group-harness.js';

const bytes = (text: string): Buffer => Buffer.from(text);
const protocols = (...names: string[]) => names.map((name) => ({ name, metadata: bytes(name) }));

/** A stable group of members m1, m2, … Static ones where instance ids are given. */
function stableGroup(size: number, instances: readonly string[] = [], rules = {}): GroupHarness {
  const harness = new GroupHarness({ ...rules });
  const ids: string[] = [];
  for (let n = 0; n < size; n++) {
    const first = harness.join({ instanceId: instances[n] ?? null });
    for (const [at, memberId] of ids.entries()) {
      harness.join({ memberId, instanceId: instances[at] ?? null });
    }
    ids.push(harness.joined(first)!.memberId);
  }
  const plan = new Map(ids.map((id) => [id, bytes(`plan of ${id}`)]));
  for (const [at, memberId] of ids.entries()) {
    harness.sync({ memberId, instanceId: instances[at] ?? null, plan });
  }
  expect(harness.group.state).toBe('Stable');
  return harness;
}

describe('joining', () => {
  test('the first member of a group leads its first generation at once', () => {
    const harness = new GroupHarness();
    const ticket = harness.join({ protocols: protocols('range') });
    expect(harness.joined(ticket)).toMatchObject({
      error: 'NONE',
      memberId: 'm1',
      generation: 1,
      protocolType: 'consumer',
      protocol: 'range',
      leader: 'm1',
      members: [{ id: 'm1', metadata: bytes('range') }],
    });
    expect(harness.group.state).toBe('CompletingRebalance');
  });

  test('a member without an id has to come back with the one it is given (KIP-394)', () => {
    const harness = new GroupHarness();
    const first = harness.joined(harness.join({ needsKnownId: true }))!;
    expect(first).toMatchObject({ error: 'MEMBER_ID_REQUIRED', memberId: 'm1' });
    const again = harness.joined(harness.join({ needsKnownId: true, memberId: 'm1' }))!;
    expect(again).toMatchObject({ error: 'NONE', memberId: 'm1' });
    expect(harness.group.pending.size).toBe(0);
  });

  test('an id that was given and never used is forgotten after the session timeout', () => {
    const harness = new GroupHarness();
    harness.join({ needsKnownId: true });
    harness.advance(10_000);
    expect(harness.group.pending.size).toBe(0);
    const late = harness.join({ needsKnownId: true, memberId: 'm1' });
    expect(harness.joined(late)!.error).toBe('UNKNOWN_MEMBER_ID');
  });

  test('a lone consumer does not wait for an id that it asked for twice and used once', () => {
    const harness = new GroupHarness();
    harness.join({ needsKnownId: true });
    harness.join({ needsKnownId: true });
    const joined = harness.join({ needsKnownId: true, memberId: 'm2' });
    expect(harness.joined(joined)).toMatchObject({ error: 'NONE', generation: 1 });
    const late = harness.join({ needsKnownId: true, memberId: 'm1' });
    harness.join({ needsKnownId: true, memberId: 'm2' });
    expect(harness.joined(late)).toMatchObject({ error: 'NONE', generation: 2 });
  });

  test('a later generation waits for an id as long as its connection is open, and the id stays good', () => {
    const harness = stableGroup(1);
    harness.join({ needsKnownId: true });
    const again = harness.join({ memberId: 'm1', protocols: protocols('range', 'sticky') });
    expect(harness.joined(again)).toBeNull();
    harness.losePending('m2');
    expect(harness.joined(again)).toMatchObject({ error: 'NONE', generation: 2 });
    harness.losePending('m2');
    harness.advance(9999);
    const late = harness.join({ needsKnownId: true, memberId: 'm2' });
    harness.join({ memberId: 'm1', protocols: protocols('range', 'sticky') });
    expect(harness.joined(late)).toMatchObject({ error: 'NONE', generation: 3 });
  });

  test('connections of ids are watched until the id is used, given back or forgotten', () => {
    const harness = new GroupHarness();
    for (let n = 0; n < 3; n++) harness.join({ needsKnownId: true });
    expect([...harness.watched]).toEqual(['m1', 'm2', 'm3']);
    harness.join({ needsKnownId: true, memberId: 'm1' });
    harness.leave({ memberId: 'm2', instanceId: null });
    expect([...harness.watched]).toEqual(['m3']);
    harness.advance(10_000);
    expect([...harness.watched]).toEqual([]);
  });

  test('ids that are never used take bounded memory, and the newest stay good', () => {
    const harness = new GroupHarness();
    for (let n = 0; n < 15_000; n++) harness.join({ needsKnownId: true });
    expect(harness.group.pending.size).toBe(10_000);
    const newest = harness.join({ needsKnownId: true, memberId: 'm15000' });
    harness.advance(60_000);
    expect(harness.joined(newest)!.error).toBe('NONE');
  });

  test('an unknown member id is refused', () => {
    const harness = stableGroup(1);
    expect(harness.joined(harness.join({ memberId: 'nobody' }))!.error).toBe('UNKNOWN_MEMBER_ID');
  });

  test('a session timeout outside of the bounds is refused', () => {
    const harness = new GroupHarness();
    for (const sessionTimeoutMs of [5999, 1_800_001, -1]) {
      const answer = harness.joined(harness.join({ sessionTimeoutMs }))!;
      expect(answer.error).toBe('INVALID_SESSION_TIMEOUT');
    }
    expect(harness.joined(harness.join({ sessionTimeoutMs: 6000 }))!.error).toBe('NONE');
  });

  test('a member of another protocol type or without a common protocol is refused', () => {
    const harness = stableGroup(1);
    const wishes = [
      { protocolType: 'connect' },
      { protocols: protocols('sticky') },
      { protocols: [] },
    ];
    for (const wish of wishes) {
      expect(harness.joined(harness.join(wish))!.error).toBe('INCONSISTENT_GROUP_PROTOCOL');
    }
    expect(harness.group.state).toBe('Stable');
  });

  test('the protocol that most members prefer among the common ones is chosen', () => {
    const harness = new GroupHarness();
    const first = harness.join({ protocols: protocols('a', 'b', 'c') });
    const { memberId } = harness.joined(first)!;
    harness.join({ protocols: protocols('c', 'b') });
    harness.join({ protocols: protocols('c', 'b') });
    const back = harness.join({ memberId, protocols: protocols('b', 'a', 'c') });
    expect(harness.joined(back)).toMatchObject({ generation: 2, protocol: 'c' });
  });

  test('a full group refuses newcomers and keeps its members', () => {
    const harness = stableGroup(2, [], { membersMax: 2 });
    const answer = harness.joined(harness.join())!;
    expect(answer).toMatchObject({ error: 'GROUP_MAX_SIZE_REACHED', memberId: '' });
    expect(harness.heartbeat({ memberId: 'm1' })).toBe('NONE');
  });

  test('a new group waits for more members, once more whenever it has grown, up to the rebalance timeout (KIP-134)', () => {
    const harness = new GroupHarness({ initialDelayMs: 3000 });
    const first = harness.join({ rebalanceTimeoutMs: 8000 });
    harness.advance(2000);
    const second = harness.join({ rebalanceTimeoutMs: 8000 });
    harness.advance(2000);
    expect(harness.joined(first)).toBeNull();
    const third = harness.join({ rebalanceTimeoutMs: 8000 });
    harness.advance(2000);
    expect(harness.joined(first)).toBeNull();
    harness.advance(2000);
    for (const ticket of [first, second, third]) {
      expect(harness.joined(ticket)).toMatchObject({ error: 'NONE', generation: 1 });
    }
  });
});

describe('a rebalance', () => {
  test('calls the members back by their heartbeats and waits for them', () => {
    const harness = stableGroup(2);
    const newcomer = harness.join();
    expect(harness.heartbeat({ memberId: 'm1' })).toBe('REBALANCE_IN_PROGRESS');
    harness.join({ memberId: 'm1' });
    expect(harness.joined(newcomer)).toBeNull();
    harness.join({ memberId: 'm2' });
    expect(harness.joined(newcomer)).toMatchObject({ generation: 3, leader: 'm1', members: [] });
  });

  test('drops members that do not come back within the longest rebalance timeout', () => {
    const harness = stableGroup(2);
    const newcomer = harness.join();
    const back = harness.join({ memberId: 'm1' });
    for (let n = 0; n < 12; n++) {
      harness.advance(5000);
      if (n < 11) harness.heartbeat({ memberId: 'm2' });
    }
    expect(harness.joined(newcomer)!.error).toBe('NONE');
    expect(harness.joined(back)!.members.map(({ id }) => id)).toEqual(['m1', 'm4']);
    expect(harness.heartbeat({ memberId: 'm2' })).toBe('UNKNOWN_MEMBER_ID');
  });

  test('waits for ids that were given out and not yet used', () => {
    const harness = stableGroup(1);
    harness.join({ needsKnownId: true });
    const back = harness.join({ memberId: 'm1' });
    expect(harness.joined(back)).toBeNull();
    harness.advance(10_000);
    expect(harness.joined(back)!.error).toBe('NONE');
  });

  test('takes another leader when the old one does not come back', () => {
    const harness = stableGroup(2);
    const back = harness.join({ memberId: 'm2', protocols: protocols('range', 'sticky') });
    harness.leave({ memberId: 'm1', instanceId: null });
    expect(harness.joined(back)).toMatchObject({ leader: 'm2', generation: 3 });
  });

  test('ends in an empty group when all members have left', () => {
    const harness = stableGroup(2);
    const leavers = ['m1', 'm2'].map((memberId) => ({ memberId, instanceId: null }));
    expect(harness.leave(...leavers)).toEqual(['NONE', 'NONE']);
    expect(harness.group).toMatchObject({ state: 'Empty', leader: null, protocol: null });
    expect(harness.writes.at(-1)!.members).toEqual([]);
  });

  test('answers a request that a member repeats while the first still waits', () => {
    const harness = stableGroup(2);
    const lost = harness.join({ memberId: 'm1', protocols: protocols('range', 'x') });
    const again = harness.join({ memberId: 'm1' });
    expect(harness.joined(lost)!.error).toBe('REBALANCE_IN_PROGRESS');
    expect(harness.joined(again)).toBeNull();
  });

  test('is not begun by a follower that asks again and says the same', () => {
    const harness = stableGroup(2);
    const wish = { memberId: 'm2' };
    expect(harness.joined(harness.join(wish))).toMatchObject({ generation: 2, members: [] });
    expect(harness.group.state).toBe('Stable');
    harness.join({ memberId: 'm1' });
    expect(harness.group.state).toBe('PreparingRebalance');
  });

  test('shows every member metadata exactly as it was sent', () => {
    const harness = stableGroup(1);
    const metadata = Buffer.from([0, 1, 255, 0]);
    harness.join({ protocols: [{ name: 'range', metadata }] });
    const back = harness.join({ memberId: 'm1' });
    expect(harness.joined(back)!.members[1]!.metadata).toEqual(metadata);
  });
});

describe('the plan', () => {
  test('is handed out when it is stored; who was left out gets an empty one', () => {
    const harness = stableGroup(1);
    const newcomer = harness.join();
    harness.join({ memberId: 'm1' });
    const { memberId } = harness.joined(newcomer)!;
    harness.holding = true;
    const follower = harness.sync({ memberId });
    const leader = harness.sync({ memberId: 'm1', plan: new Map([['m1', bytes('all')]]) });
    expect(harness.synced(leader)).toBeNull();
    expect(harness.group.state).toBe('CompletingRebalance');
    harness.finishWrite();
    expect(harness.synced(leader)).toMatchObject({ error: 'NONE', assignment: bytes('all') });
    expect(harness.synced(follower)).toMatchObject({ error: 'NONE', assignment: bytes('') });
  });

  test('of strangers is not kept, and one that is refused is not read', () => {
    const harness = new GroupHarness();
    harness.holding = true;
    const { memberId } = harness.joined(harness.join())!;
    const all = bytes('all');
    harness.sync({
      memberId,
      plan: new Map([
        ['nobody', bytes('x')],
        [memberId, all],
      ]),
    });
    const [after] = harness.group.writing!.afters;
    expect(after).toMatchObject({ kind: 'assign', plan: new Map([[memberId, bytes('all')]]) });
    // It is a copy: the memory that a request came in is used again.
    all.fill(0);
    harness.finishWrite();
    expect(harness.group.members.get(memberId)!.assignment).toEqual(bytes('all'));

    const plan = { [Symbol.iterator]: () => expect.unreachable() };
    const refused = harness.sync({ memberId, generation: 7, plan });
    expect(harness.synced(refused)!.error).toBe('ILLEGAL_GENERATION');
  });

  test('that cannot be stored fails the generation', () => {
    const harness = new GroupHarness();
    harness.holding = true;
    const { memberId } = harness.joined(harness.join())!;
    const ticket = harness.sync({ memberId, plan: new Map([[memberId, bytes('all')]]) });
    harness.finishWrite('COORDINATOR_NOT_AVAILABLE');
    expect(harness.synced(ticket)!.error).toBe('COORDINATOR_NOT_AVAILABLE');
    expect(harness.group.state).toBe('PreparingRebalance');
  });

  test('of an older generation is not handed out', () => {
    const harness = new GroupHarness();
    harness.holding = true;
    const { memberId } = harness.joined(harness.join())!;
    const ticket = harness.sync({ memberId, plan: new Map([[memberId, bytes('all')]]) });
    harness.join();
    expect(harness.synced(ticket)!.error).toBe('REBALANCE_IN_PROGRESS');
    harness.finishWrite();
    expect(harness.group.state).toBe('PreparingRebalance');
  });

  test('can be asked for again in a stable group', () => {
    const harness = stableGroup(2);
    const ticket = harness.sync({ memberId: 'm2' });
    expect(harness.synced(ticket)!.assignment).toEqual(bytes('plan of m2'));
  });

  test('is refused to strangers, to other generations and to other protocols', () => {
    const harness = stableGroup(1);
    const asked = (request: Parameters<GroupHarness['sync']>[0]) =>
      harness.synced(harness.sync(request))!.error;
    expect(asked({ memberId: 'x' })).toBe('UNKNOWN_MEMBER_ID');
    expect(asked({ memberId: 'm1', generation: 7 })).toBe('ILLEGAL_GENERATION');
    expect(asked({ memberId: 'm1', protocol: 'other' })).toBe('INCONSISTENT_GROUP_PROTOCOL');
    expect(asked({ memberId: 'm1', protocolType: 'other' })).toBe('INCONSISTENT_GROUP_PROTOCOL');
  });

  test('that a member never asks for costs it its place', () => {
    const harness = stableGroup(1);
    const newcomer = harness.join();
    harness.join({ memberId: 'm1' });
    const { memberId } = harness.joined(newcomer)!;
    harness.sync({ memberId: 'm1' });
    for (let n = 0; n < 12; n++) {
      harness.heartbeat({ memberId: 'm1' });
      harness.heartbeat({ memberId });
      harness.advance(5000);
    }
    expect(harness.heartbeat({ memberId })).toBe('UNKNOWN_MEMBER_ID');
    expect(harness.heartbeat({ memberId: 'm1' })).toBe('REBALANCE_IN_PROGRESS');
  });
});

describe('sessions', () => {
  test('a member that falls silent is dropped at its session timeout, not before', () => {
    const harness = stableGroup(2);
    harness.advance(9_999);
    harness.heartbeat({ memberId: 'm1' });
    expect(harness.group.members.size).toBe(2);
    harness.advance(1);
    expect([...harness.group.members.keys()]).toEqual(['m1']);
    expect(harness.heartbeat({ memberId: 'm1' })).toBe('REBALANCE_IN_PROGRESS');
  });

  test('a commit prolongs the session', () => {
    const harness = stableGroup(1);
    for (let n = 0; n < 5; n++) {
      harness.advance(9000);
      expect(harness.commit({ memberId: 'm1' })).toBe('NONE');
    }
  });

  test('heartbeats of other generations and unknown members are refused', () => {
    const harness = stableGroup(1);
    expect(harness.heartbeat({ memberId: 'm1', generation: 9 })).toBe('ILLEGAL_GENERATION');
    expect(harness.heartbeat({ memberId: 'x' })).toBe('UNKNOWN_MEMBER_ID');
  });

  test('a member that waits is not dropped, but a new one is given up after five minutes', () => {
    const harness = stableGroup(1);
    const wish = { rebalanceTimeoutMs: 3_600_000, sessionTimeoutMs: 1_800_000 };
    harness.join({ memberId: 'm1', ...wish, protocols: protocols('range', 'x') });
    harness.sync({ memberId: 'm1' });
    const newcomer = harness.join(wish);
    harness.advance(299_999);
    expect(harness.joined(newcomer)).toBeNull();
    harness.advance(1);
    expect(harness.joined(newcomer)!.error).toBe('UNKNOWN_MEMBER_ID');
  });

  test('a member that joins and vanishes 10,000 times leaves nothing behind', () => {
    const harness = stableGroup(1);
    for (let n = 0; n < 10_000; n++) {
      const ticket = harness.join();
      harness.abandon(ticket);
      expect(harness.joined(ticket)!.error).toBe('COORDINATOR_NOT_AVAILABLE');
    }
    expect(harness.group.members.size).toBe(1);
    const back = harness.join({ memberId: 'm1' });
    expect(harness.joined(back)!.error).toBe('NONE');
  });

  test('a member whose connection is lost while it waits can come back within its session', () => {
    const harness = stableGroup(2);
    const lost = harness.join({ memberId: 'm1' });
    harness.abandon(lost);
    harness.advance(9000);
    harness.heartbeat({ memberId: 'm2' });
    harness.join({ memberId: 'm1' });
    const last = harness.join({ memberId: 'm2' });
    expect(harness.joined(last)).toMatchObject({ error: 'NONE', generation: 3 });
    expect(harness.group.members.size).toBe(2);
  });
});

describe('static members (KIP-345)', () => {
  test('an instance that is back takes its place under a new id without a rebalance', () => {
    const harness = stableGroup(2, ['a', 'b']);
    const back = harness.joined(harness.join({ instanceId: 'b', needsKnownId: true }))!;
    expect(back).toMatchObject({ error: 'NONE', generation: harness.group.generation });
    expect(back.memberId).not.toBe('m2');
    expect(harness.group.state).toBe('Stable');
    const ticket = harness.sync({ memberId: back.memberId, instanceId: 'b' });
    expect(harness.synced(ticket)!.assignment).toEqual(bytes('plan of m2'));
    expect(harness.writes.at(-1)!.members).toContain(back.memberId);
  });

  test('the old id of an instance is fenced everywhere', () => {
    const harness = stableGroup(2, ['a', 'b']);
    harness.join({ instanceId: 'b' });
    const old = { memberId: 'm2', instanceId: 'b' };
    expect(harness.heartbeat(old)).toBe('FENCED_INSTANCE_ID');
    expect(harness.commit(old)).toBe('FENCED_INSTANCE_ID');
    expect(harness.joined(harness.join(old))!.error).toBe('FENCED_INSTANCE_ID');
    expect(harness.synced(harness.sync(old))!.error).toBe('FENCED_INSTANCE_ID');
    expect(harness.leave(old)).toEqual(['FENCED_INSTANCE_ID']);
  });

  test('a request of the old self that still waits is fenced at once', () => {
    const harness = stableGroup(2, ['a', 'b']);
    harness.join();
    const waiting = harness.join({ memberId: 'm2', instanceId: 'b' });
    harness.join({ instanceId: 'b' });
    expect(harness.joined(waiting)!.error).toBe('FENCED_INSTANCE_ID');
  });

  test('a leader that is back skips the assignment if its client can, and is not told that it leads if not (KIP-814)', () => {
    const able = stableGroup(2, ['a', 'b']);
    const leader = able.joined(able.join({ instanceId: 'a', canSkipAssignment: true }))!;
    expect(leader).toMatchObject({ skipAssignment: true, leader: leader.memberId });
    expect(leader.members).toHaveLength(2);
    const old = stableGroup(2, ['a', 'b']);
    const answer = old.joined(old.join({ instanceId: 'a' }))!;
    expect(answer).toMatchObject({ skipAssignment: false, leader: 'm1', members: [] });
  });

  test('a change of the chosen protocol does rebalance', () => {
    const harness = stableGroup(1, ['a']);
    harness.join({ instanceId: 'a', protocols: protocols('sticky', 'range') });
    expect(harness.group.state).toBe('CompletingRebalance');
  });

  test('the answer waits for the record, and a failed write is an error', () => {
    const harness = stableGroup(2, ['a', 'b']);
    harness.holding = true;
    const first = harness.join({ instanceId: 'b' });
    expect(harness.joined(first)).toBeNull();
    harness.finishWrite('COORDINATOR_NOT_AVAILABLE');
    expect(harness.joined(first)).toMatchObject({
      error: 'COORDINATOR_NOT_AVAILABLE',
      memberId: '',
    });
  });

  test('a rebalance that begins while the record is written takes the request over', () => {
    const harness = stableGroup(2, ['a', 'b']);
    harness.holding = true;
    const first = harness.join({ instanceId: 'b' });
    harness.join({ memberId: 'm1', instanceId: 'a' });
    harness.finishWrite();
    expect(harness.joined(first)).toMatchObject({ error: 'NONE', generation: 3 });
  });

  test('an administrator removes a member by its instance id alone, several at a time', () => {
    const harness = stableGroup(3, ['a', 'b', 'c']);
    const by = (instanceId: string) => ({ memberId: '', instanceId });
    expect(harness.leave(by('a'), by('x'), by('c'))).toEqual(['NONE', 'UNKNOWN_MEMBER_ID', 'NONE']);
    expect([...harness.group.members.keys()]).toEqual(['m2']);
  });

  test('static members that are away stay until their session ends', () => {
    const harness = stableGroup(2, ['a', 'b']);
    harness.leave({ memberId: 'm1', instanceId: 'a' });
    harness.group.members.get('m2')!.sessionTimeoutMs = 200_000;
    harness.heartbeat({ memberId: 'm2', instanceId: 'b' });
    harness.advance(60_000);
    expect(harness.group.state).toBe('PreparingRebalance');
    expect([...harness.group.members.keys()]).toEqual(['m2']);
    harness.advance(140_000);
    expect(harness.group.state).toBe('Empty');
  });

  test('static members that want no time to come back keep no timer busy while they are away', () => {
    const harness = stableGroup(2, ['a', 'b']);
    for (const member of harness.group.members.values()) member.rebalanceTimeoutMs = -2;
    harness.leave({ memberId: 'm1', instanceId: 'a' });
    harness.step((step) => tick(step, 2));
    expect(harness.group.state).toBe('PreparingRebalance');
    expect(nextDeadlineMs(harness.group)).toBeGreaterThan(harness.nowMs);
  });
});

describe('commits', () => {
  test('are taken from a client without a member id while the group is empty, and only then', () => {
    const harness = new GroupHarness();
    const nobody = { memberId: '', generation: -1 };
    expect(harness.commit(nobody)).toBe('NONE');
    const member = stableGroup(1);
    expect(member.commit(nobody)).toBe('UNKNOWN_MEMBER_ID');
    expect(member.commit({ memberId: 'm1', generation: -1 })).toBe('ILLEGAL_GENERATION');
  });

  test('are taken while a rebalance is prepared, and put off while it completes', () => {
    const harness = stableGroup(2);
    harness.join({ memberId: 'm1' });
    expect(harness.commit({ memberId: 'm2' })).toBe('NONE');
    harness.join({ memberId: 'm2' });
    expect(harness.commit({ memberId: 'm2' })).toBe('REBALANCE_IN_PROGRESS');
  });
});

describe('the record', () => {
  test('brings back the group as it was, its sessions beginning again', () => {
    const harness = stableGroup(2, ['a']);
    const value = groupValue(harness.group, ({ assignment }) => assignment);
    const again = new GroupHarness({}, loadedGroup('g', value, 0));
    expect(again.group).toMatchObject({
      state: 'Stable',
      generation: 2,
      leader: 'm1',
      protocol: 'range',
    });
    expect(again.heartbeat({ memberId: 'm1', instanceId: 'a' })).toBe('NONE');
    const ticket = again.sync({ memberId: 'm2' });
    expect(again.synced(ticket)!.assignment).toEqual(bytes('plan of m2'));
    again.advance(10_000);
    expect(again.group.members.size).toBe(0);
  });
});

describe('the end of a group', () => {
  test('answers all who wait and refuses all who come', () => {
    const harness = stableGroup(2);
    const waiting = harness.join();
    harness.end('NOT_COORDINATOR');
    expect(harness.joined(waiting)!.error).toBe('NOT_COORDINATOR');
    expect(harness.joined(harness.join())!.error).toBe('COORDINATOR_NOT_AVAILABLE');
    expect(harness.heartbeat({ memberId: 'm1' })).toBe('COORDINATOR_NOT_AVAILABLE');
    expect(harness.commit({ memberId: '', generation: -1 })).toBe('COORDINATOR_NOT_AVAILABLE');
    harness.advance(1_000_000);
    expect(harness.group.state).toBe('Dead');
  });
});
