import { afterEach, describe, expect, test, vi } from 'vitest';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import {
  type MemoryBroker,
  memoryBroker,
  TestConnection,
  turns,
} from '../../support/memory-broker.js';
import { TurnMeter } from '../../support/turn-meter.js';
import { GroupHarness } from './group-harness.js';

/** What many members cost, counted: no test here looks at a clock. */

const namesOf = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ name: `p${at}`, metadata: Buffer.alloc(0) }));

/** A protocol that counts how often anybody looks at its name. */
function counted(looks: { count: number }) {
  return {
    get name(): string {
      looks.count += 1;
      return 'range';
    },
    metadata: Buffer.from('topics'),
  };
}

describe('what one event of a group looks at', () => {
  test('does not grow with the members: of joins, abandoned joins, syncs, heartbeats and leaves', () => {
    const harness = new GroupHarness({ membersMax: 10_000 });
    const looks = { count: 0 };
    const walks = vi.spyOn(harness.group.members, 'values');
    const joining = () => harness.join({ protocols: [counted(looks)], canSkipAssignment: true });
    const first = harness.joined(joining())!.memberId;
    walks.mockClear();
    const tickets = Array.from({ length: 3000 }, joining);
    for (const ticket of tickets.slice(0, 1000)) harness.abandon(ticket);
    expect(harness.group.members.size).toBe(2001);
    expect(looks.count).toBeLessThan(20 * 3001);
    // One walk as the rebalance begins, for the longest of the timeouts.
    expect(walks.mock.calls.length).toBeLessThan(5);

    harness.join({ memberId: first, protocols: [counted(looks)] });
    const members = tickets.slice(1000).map((ticket) => harness.joined(ticket)!.memberId);
    walks.mockClear();
    for (const memberId of members) harness.sync({ memberId });
    for (const memberId of members) harness.heartbeat({ memberId });
    expect(walks).not.toHaveBeenCalled();
    for (const memberId of members) harness.leave({ memberId, instanceId: null });
    expect(harness.group.members.size).toBe(1);
    expect(walks.mock.calls.length).toBeLessThan(5);
  });

  test('does not grow with the ids that were given out', () => {
    const harness = new GroupHarness();
    const walks = vi.spyOn(harness.group.pending, 'values');
    for (let n = 0; n < 1000; n++) harness.join({ needsKnownId: true });
    harness.advance(10_000);
    expect(harness.group.pending.size).toBe(0);
    expect(walks).not.toHaveBeenCalled();
  });

  test('is what a leader is told of all members once a generation, however often it asks', () => {
    const harness = new GroupHarness();
    const first = harness.joined(harness.join())!.memberId;
    const others = Array.from({ length: 50 }, () => harness.join());
    harness.join({ memberId: first });
    expect(harness.joined(others[0]!)!.generation).toBe(2);
    const walks = vi.spyOn(harness.group.members, 'values');
    for (let n = 0; n < 100; n++) {
      const again = harness.joined(harness.join({ memberId: first }))!;
      expect(again.members).toHaveLength(51);
    }
    expect(walks.mock.calls.length).toBeLessThan(2);
  });
});

test('a thousand static members that come back to a stable group share two writes of its record', () => {
  const harness = new GroupHarness({ membersMax: 10_000 });
  const instances = Array.from({ length: 1000 }, (_, at) => `i${at}`);
  const ids = [harness.joined(harness.join({ instanceId: instances[0]! }))!.memberId];
  const tickets = instances.slice(1).map((instanceId) => harness.join({ instanceId }));
  harness.join({ memberId: ids[0]!, instanceId: instances[0]! });
  for (const ticket of tickets) ids.push(harness.joined(ticket)!.memberId);
  const plan = new Map(ids.map((id) => [id, Buffer.from(id)]));
  for (const [at, memberId] of ids.entries()) {
    harness.sync({ memberId, instanceId: instances[at]!, plan });
  }
  expect(harness.group.state).toBe('Stable');
  harness.writes.length = 0;
  harness.holding = true;
  const back = instances.map((instanceId) => harness.join({ instanceId, canSkipAssignment: true }));
  while (harness.finishWrite());
  expect(harness.writes.length).toBe(2);
  for (const ticket of back) expect(harness.joined(ticket)).toMatchObject({ error: 'NONE' });
  expect(harness.writes[1]!.members).toEqual([...harness.group.members.keys()]);
});

describe('many protocol names', () => {
  test('of one member, 90,000 of them, are refused', async () => {
    const broker = await memoryBroker();
    const joining = (count: number) =>
      broker.call('JoinGroup', 3, {
        groupId: 'g',
        sessionTimeoutMs: 10_000,
        memberId: '',
        protocolType: 'consumer',
        protocols: namesOf(count),
      });
    for (const count of [90_000, 90_000, 101]) {
      expect((await joining(count)).errorCode).toBe(ErrorCode.INVALID_REQUEST);
    }
    expect((await joining(100)).errorCode).toBe(ErrorCode.NONE);
  });

  test('of all members on different lists are bounded, and members that say what others say are taken', () => {
    const harness = new GroupHarness({ membersMax: 10_000 });
    const common = { name: 'range', metadata: Buffer.alloc(0) };
    const listOf = (at: number) =>
      Array.from({ length: 99 }, (_, n) => ({ ...common, name: `p${at}-${n}` }));
    const joining = (at: number) => harness.join({ protocols: [...listOf(at), common] });
    for (let at = 0; at < 100; at++) joining(at);
    const refused = harness.joined(joining(100));
    expect(refused).toMatchObject({ error: 'GROUP_MAX_SIZE_REACHED' });
    expect(harness.joined(joining(50))).toBeNull();
    expect(harness.group.members.size).toBe(101);
  });
});

test('metadata of all members of a group is bounded', () => {
  const harness = new GroupHarness({ membersMax: 10_000 });
  const metadata = Buffer.alloc(1024 * 1024);
  const joining = (size: number, wish = {}) =>
    harness.join({ protocols: [{ name: 'r', metadata: metadata.subarray(0, size) }], ...wish });
  const { memberId } = harness.joined(joining(1024 * 1024 - 1))!;
  for (let n = 1; n < 64; n++) joining(1024 * 1024 - 1);
  expect(harness.group.members.size).toBe(64);
  expect(harness.joined(joining(1))).toMatchObject({ error: 'GROUP_MAX_SIZE_REACHED' });
  const again = joining(1024 * 1024 - 1, { memberId });
  expect(harness.joined(again)).toMatchObject({ error: 'NONE', generation: 2 });
});

describe('a rebalance of 2,000 members', () => {
  let meter: TurnMeter;
  let broker: MemoryBroker;
  let isOver = false;
  /** Answers given in the turn that was the busiest. */
  let most = 0;

  async function start(): Promise<void> {
    meter = new TurnMeter();
    broker = await memoryBroker({ meter });
    await broker.call('FindCoordinator', 0, { key: 'g' });
    isOver = false;
  }

  afterEach(() => {
    isOver = true;
    meter.stop();
  });

  async function countPerTurn<T>(answers: readonly Promise<T>[]): Promise<T[]> {
    let count = 0;
    most = 0;
    const turn = (): void => {
      most = Math.max(most, count);
      count = 0;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);
    for (const answer of answers) {
      void answer.then(() => {
        count += 1;
      });
    }
    const all = await Promise.all(answers);
    most = Math.max(most, count);
    return all;
  }

  function join(memberId = '', on = new TestConnection()) {
    const wish = {
      groupId: 'g',
      sessionTimeoutMs: 30_000,
      rebalanceTimeoutMs: 30_000,
      memberId,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.alloc(16) }],
    };
    return broker.call('JoinGroup', 3, wish, on);
  }

  test('answers few of them in one turn, and so does the plan; and drops few at a time when all fall silent', async () => {
    await start();
    const first = await join();
    const joining = Array.from({ length: 1999 }, () => join());
    joining.push(join(first.memberId));
    const members = await countPerTurn(joining);
    expect(most).toBeLessThan(200);
    expect(new Set(members.map(({ generationId }) => generationId))).toEqual(new Set([2]));

    const leader = members.find(({ leader: id, memberId }) => id === memberId)!;
    const plan = members.map(({ memberId }) => ({ memberId, assignment: Buffer.alloc(8) }));
    const syncing = members.map(({ memberId, generationId }) =>
      broker.call(
        'SyncGroup',
        3,
        {
          groupId: 'g',
          memberId,
          generationId,
          assignments: memberId === leader.memberId ? plan : [],
        },
        new TestConnection(),
      ),
    );
    const synced = await countPerTurn(syncing);
    expect(most).toBeLessThan(200);
    for (const { errorCode, assignment } of synced) {
      expect([errorCode, assignment.length]).toEqual([ErrorCode.NONE, 8]);
    }

    const sizes = [2000];
    broker.clock.advance(30_000);
    while (sizes.at(-1)! > 0) {
      sizes.push(broker.groups.describe('g')?.members.size ?? 0);
      await turns(1);
    }
    const dropped = sizes.slice(1).map((size, at) => sizes[at]! - size);
    expect(Math.max(...dropped)).toBeLessThanOrEqual(1000);
    // An event passes all members up to three times, eight for an element.
    expect(meter.most.elements).toBeLessThanOrEqual(1500 + (3 * 2000) / 8);
  });

  test('is described, and told to its leader, in slices', async () => {
    await start();
    const first = await join();
    const joining = Array.from({ length: 1999 }, () => join());
    await turns(1);
    const isLeader = join(first.memberId);
    expect((await isLeader).members).toHaveLength(2000);
    await Promise.all(joining);
    meter.most.elements = 0;
    const { groups } = await broker.call('DescribeGroups', 5, { groups: ['g', 'none'] });
    expect(groups.map(({ members }) => members.length)).toEqual([2000, 0]);
    expect(meter.most.elements).toBeLessThanOrEqual(1500);
  });

  test('that vanish with their connections are gone, and members that wait beside them are answered', async () => {
    await start();
    const connections = Array.from({ length: 20 }, () => new TestConnection());
    const first = await join();
    const joining = Array.from({ length: 2000 }, (_, at) => join('', connections[at % 20]));
    for (const connection of connections) connection.close();
    for (const { errorCode } of await countPerTurn(joining)) {
      expect(errorCode).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
    }
    expect(most).toBeLessThan(200);
    expect(await join(first.memberId)).toMatchObject({ errorCode: 0, generationId: 2 });
  });
});
