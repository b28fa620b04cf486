import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Member } from '../../../server/groups/classic/group.js';
import { often } from '../../support/often.js';
import { GroupHarness } from './group-harness.js';

type Command =
  | { readonly kind: 'join'; readonly instance: string | null; readonly needsKnownId: boolean }
  | {
      /** `heed` is what a good client does next. */
      readonly kind: 'use-id' | 'heed' | 'rejoin' | 'sync' | 'heartbeat' | 'leave' | 'commit';
      readonly who: number;
    }
  | { readonly kind: 'change'; readonly who: number; readonly protocols: readonly string[] }
  | { readonly kind: 'forget-id'; readonly who: number }
  | { readonly kind: 'lose-id'; readonly who: number }
  | { readonly kind: 'abandon'; readonly who: number }
  | { readonly kind: 'stale'; readonly who: number }
  | { readonly kind: 'write-ends'; readonly fails: boolean }
  | { readonly kind: 'advance'; readonly byMs: number };

const who = fc.nat({ max: 20 });
const names = fc.subarray(['range', 'sticky', 'other'], { minLength: 1 });
const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('join' as const),
        instance: fc.constantFrom(null, null, 'a', 'b', 'c'),
        needsKnownId: fc.boolean(),
      }),
    },
    {
      weight: 12,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          'use-id',
          'heed',
          'heed',
          'heed',
          'heed',
          'rejoin',
          'sync',
          'heartbeat',
          'leave',
          'commit',
        ),
        who,
      }),
    },
    fc.record({ kind: fc.constant('change' as const), who, protocols: names }),
    fc.record({ kind: fc.constant('forget-id' as const), who }),
    fc.record({ kind: fc.constant('lose-id' as const), who }),
    fc.record({ kind: fc.constant('abandon' as const), who }),
    fc.record({ kind: fc.constant('stale' as const), who }),
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('write-ends' as const),
        fails: fc.constantFrom(false, false, false, true),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('advance' as const),
        byMs: fc.constantFrom(1, 1000, 5000, 10_000, 60_000, 300_000),
      }),
    },
  ),
  { minLength: 20, maxLength: 100, size: 'max' },
);

const settings = fc.record({
  initialDelayMs: fc.constantFrom(0, 3000),
  membersMax: fc.constantFrom(2, 100),
});

/** What must hold after every event, whatever came before. */
class Invariants {
  #generation = 0;
  readonly #leaders = new Map<number, Set<string>>();

  check(harness: GroupHarness): void {
    const { group } = harness;
    expect(group.generation).toBeGreaterThanOrEqual(this.#generation);
    this.#generation = group.generation;

    const members = [...group.members.values()];
    // Exactly one member waits for each missing answer; the harness checks that no member is
    // answered twice.
    const waiting = members.flatMap(({ joining, syncing }) =>
      [joining ?? [], syncing ?? []].flat(),
    );
    expect(waiting.sort()).toEqual([...harness.open].sort());
    if (members.length === 0) expect(group.leader).toBeNull();
    else if (group.state !== 'PreparingRebalance') expect(group.leader).not.toBeNull();
    if (group.leader !== null) expect(group.members.has(group.leader)).toBe(true);

    expect(group.joined).toBe(members.filter(({ joining }) => joining !== null).length);
    expect([...group.waiting.keys()].sort()).toEqual([...harness.open].sort());
    this.#checkTally(harness);

    const statics = members.filter(({ instanceId }) => instanceId !== null);
    expect(new Map(statics.map(({ instanceId, id }) => [instanceId, id]))).toEqual(group.staticIds);
    expect(statics.length).toBe(group.staticIds.size);

    const pending = [...group.pending.entries()];
    const here = pending.filter(([, { isHere }]) => isHere).map(([id]) => id);
    expect(here.length).toBe(group.pendingHere);
    expect([...harness.watched].sort()).toEqual(here.sort());

    if (group.state === 'Empty') expect(members).toEqual([]);
    if (group.state === 'Stable') {
      expect(members.filter(({ syncing }) => syncing !== null)).toEqual([]);
      const stored = new Set(
        [...(group.writing?.afters ?? []), ...group.unwritten].map(
          (after) => 'ticket' in after && after.ticket,
        ),
      );
      for (const { joining } of members) if (joining !== null) expect(stored).toContain(joining);
    }
    if (group.state === 'CompletingRebalance') {
      expect(members.filter(({ joining }) => joining !== null)).toEqual([]);
    }
    expect(group.joinDeadlineMs < Number.POSITIVE_INFINITY).toBe(
      group.state === 'PreparingRebalance',
    );
    for (const member of members) this.#checkDeadline(member);
    this.#checkLeaders(harness);
  }

  /** What is summed up as members come and go is what a look at all of them finds. */
  #checkTally({ group }: GroupHarness): void {
    const members = [...group.members.values()];
    for (const name of ['range', 'sticky', 'other']) {
      const isCommon = members.every(({ protocols }) => protocols.some((p) => p.name === name));
      expect(group.tally.isSupportedByAll(name)).toBe(isCommon);
    }
    const times = [...members, ...group.pending.values()].map(({ deadlineMs }) => deadlineMs);
    expect(group.deadlines.nextMs).toBeLessThanOrEqual(Math.min(...times));
  }

  #checkDeadline({ joining, syncing, isNew, deadlineMs }: Member): void {
    const weOweAnAnswer = joining !== null || syncing !== null;
    if (!weOweAnAnswer || isNew) expect(deadlineMs).toBeLessThan(Number.POSITIVE_INFINITY);
    else expect(deadlineMs).toBe(Number.POSITIVE_INFINITY);
  }

  #checkLeaders(harness: GroupHarness): void {
    for (const [ticket, answer] of harness.joins) {
      harness.joins.delete(ticket);
      if (answer.members.length === 0 || answer.skipAssignment) continue;
      expect(answer.leader).toBe(answer.memberId);
      const leaders = this.#leaders.get(answer.generation) ?? new Set();
      leaders.add(answer.memberId);
      this.#leaders.set(answer.generation, leaders);
      expect(leaders.size).toBe(1);
    }
  }
}

function run(harness: GroupHarness, command: Command): void {
  const { group } = harness;
  const pick = <T>(list: readonly T[], at: number): T | undefined => list[at % list.length];
  const wishOf = ({ id, instanceId }: Member) => ({ memberId: id, instanceId });
  switch (command.kind) {
    case 'join':
      harness.join({ instanceId: command.instance, needsKnownId: command.needsKnownId });
      return;
    case 'use-id': {
      const memberId = pick([...group.pending.keys()], command.who);
      if (memberId !== undefined) harness.join({ memberId, needsKnownId: true });
      return;
    }
    case 'lose-id': {
      const memberId = pick([...group.pending.keys()], command.who);
      if (memberId !== undefined) harness.losePending(memberId);
      return;
    }
    case 'write-ends':
      harness.finishWrite(command.fails ? 'COORDINATOR_NOT_AVAILABLE' : null);
      return;
    case 'advance':
      harness.advance(command.byMs);
      return;
  }
  const member = pick([...group.members.values()], command.who);
  if (member === undefined) return;
  const wish = wishOf(member);
  switch (command.kind) {
    case 'heed':
      heed(harness, member);
      return;
    case 'rejoin':
      harness.join(wish);
      return;
    case 'change': {
      const protocols = command.protocols.map((name) => ({ name, metadata: Buffer.from(name) }));
      harness.join({ ...wish, protocols });
      return;
    }
    case 'forget-id':
      harness.join({ instanceId: member.instanceId, canSkipAssignment: command.who % 2 === 0 });
      return;
    case 'sync':
      harness.sync(wish);
      return;
    case 'heartbeat':
      harness.heartbeat(wish);
      return;
    case 'commit':
      harness.commit(wish);
      return;
    case 'leave':
      harness.leave(wish);
      return;
    case 'abandon': {
      const ticket = member.joining ?? member.syncing;
      if (ticket !== null) harness.abandon(ticket);
      return;
    }
    case 'stale': {
      const generation = group.generation - 1;
      expect(harness.heartbeat({ ...wish, generation })).toBe('ILLEGAL_GENERATION');
      return;
    }
  }
}

/** What a client does: heartbeats, joins when it is called, and asks for its assignment. */
function heed(harness: GroupHarness, member: Member): void {
  const { id: memberId, instanceId, joining, syncing, protocols } = member;
  if (joining !== null || syncing !== null) return;
  if (harness.heartbeat({ memberId, instanceId }) === 'REBALANCE_IN_PROGRESS') {
    harness.join({ memberId, instanceId, protocols });
  } else if (harness.group.state === 'CompletingRebalance') {
    harness.sync({ memberId, instanceId, plan: new Map([[memberId, Buffer.from('all')]]) });
  }
}

/** Clients that do what clients do, until nothing is left to be done. */
function settle(harness: GroupHarness, invariants: Invariants): void {
  const { group } = harness;
  for (let round = 0; round < 30; round++) {
    while (harness.finishWrite()) invariants.check(harness);
    for (const id of [...group.members.keys()]) {
      const member = group.members.get(id);
      if (member !== undefined) heed(harness, member);
      invariants.check(harness);
    }
    harness.advance(4000);
  }
}

test('whatever happens in whatever order, every member is answered once, there is one leader, and a group left to itself settles', () => {
  fc.assert(
    fc.property(settings, commands, (rules, sequence) => {
      const harness = new GroupHarness(rules);
      harness.holding = true;
      const invariants = new Invariants();
      for (const command of sequence) {
        run(harness, command);
        invariants.check(harness);
      }
      settle(harness, invariants);
      expect(['Stable', 'Empty']).toContain(group(harness).state);
      expect(group(harness).pending.size).toBe(0);
      for (const { joining, syncing } of group(harness).members.values()) {
        expect([joining, syncing]).toEqual([null, null]);
      }
      harness.advance(3_600_000);
      while (harness.finishWrite()) invariants.check(harness);
      expect(group(harness)).toMatchObject({ state: 'Empty', leader: null });
      invariants.check(harness);
    }),
    { numRuns: often(60, 200) },
  );
});

function group({ group: state }: GroupHarness): GroupHarness['group'] {
  return state;
}
