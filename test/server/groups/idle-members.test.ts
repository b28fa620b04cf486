import { beforeEach, describe, expect, test, vi } from 'vitest';
import { OFFSETS_TOPIC } from '../../../server/groups/offsets-topic.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import {
  type MemoryBroker,
  memoryBroker,
  TestConnection,
  turns,
} from '../../support/memory-broker.js';
import { memoryHeld } from '../bad-input/memory.js';

const SESSION_MS = 10_000;
let broker: MemoryBroker;

beforeEach(async () => {
  broker = await memoryBroker();
});

function join(groupId: string, version: number, memberId = '', on = new TestConnection()) {
  const protocols = [{ name: 'range', metadata: Buffer.alloc(32) }];
  return broker.call(
    'JoinGroup',
    version,
    {
      groupId,
      sessionTimeoutMs: SESSION_MS,
      rebalanceTimeoutMs: SESSION_MS,
      memberId,
      protocolType: 'consumer',
      protocols,
    },
    on,
  );
}

/** A lone member of a stable group, as it speaks in heartbeats. */
async function member(groupId: string) {
  const { memberId, generationId } = await join(groupId, 3);
  const assignments = [{ memberId, assignment: Buffer.alloc(32) }];
  const { errorCode } = await broker.call('SyncGroup', 3, {
    groupId,
    generationId,
    memberId,
    assignments,
  });
  expect(errorCode).toBe(ErrorCode.NONE);
  return { groupId, memberId, generationId };
}

async function heartbeat(speaker: Awaited<ReturnType<typeof member>>): Promise<void> {
  expect((await broker.call('Heartbeat', 4, speaker)).errorCode).toBe(ErrorCode.NONE);
}

/** Records in the offsets topic. */
function recordsWritten(): number {
  const topic = broker.metadata.image.topic(OFFSETS_TOPIC)!;
  return topic.partitions.reduce(
    (sum, _, index) => sum + broker.partitions.find(topic, index).log.logEndOffset,
    0,
  );
}

describe('an idle member', () => {
  test('costs no timer, no write, no log line and no listener per heartbeat', async () => {
    const speaker = await member('g');
    const records = recordsWritten();
    const lines = broker.lines.length;
    const schedule = vi.spyOn(broker.clock, 'schedule');
    for (let n = 0; n < 1000; n++) await heartbeat(speaker);
    expect(schedule).not.toHaveBeenCalled();
    expect(recordsWritten()).toBe(records);
    expect(broker.lines.length).toBe(lines);
    expect(broker.connection.listenerCount).toBe(0);
  });

  test('costs its group one timer a session at most', async () => {
    const speakers = await Promise.all(['a', 'b', 'c'].map((groupId) => member(groupId)));
    const schedule = vi.spyOn(broker.clock, 'schedule');
    const hourMs = 3_600_000;
    for (let ms = 0; ms < hourMs; ms += 3000) {
      broker.clock.advance(3000);
      for (const speaker of speakers) await heartbeat(speaker);
    }
    // A timer is due a session after the heartbeat before it was set, and that is up to 3 s before.
    const sessions = hourMs / (SESSION_MS - 3000);
    const retention = hourMs / 600_000;
    expect(schedule.mock.calls.length).toBeLessThanOrEqual(speakers.length * sessions + retention);
  });

  test('leaves nothing in memory by its heartbeats', async () => {
    const speaker = await member('g');
    const beat = async (count: number) => {
      for (let n = 0; n < count; n++) await heartbeat(speaker);
      return memoryHeld();
    };
    const before = await beat(5000);
    const after = await beat(20_000);
    // Eight bytes that stay for each would be 160 KB.
    expect(after.heapBytes - before.heapBytes).toBeLessThan(100_000);
    expect(after.bufferBytes - before.bufferBytes).toBeLessThan(100_000);
  });
});

describe('members that join and vanish, 10,000 of them', () => {
  test('in groups of their own leave no group behind, and nothing in the log, if they never use their id', async () => {
    await broker.call('FindCoordinator', 0, { key: 'g' });
    for (let n = 0; n < 10_000; n++) {
      const { errorCode } = await join(`g${n}`, 4);
      expect(errorCode).toBe(ErrorCode.MEMBER_ID_REQUIRED);
    }
    broker.clock.advance(SESSION_MS);
    expect(await broker.groups.list()).toEqual([]);
    expect(recordsWritten()).toBe(0);
  });

  test('one after another from a group leave one group without members, whose record does not grow', async () => {
    const connection = new TestConnection();
    const first = await member('g');
    for (let n = 0; n < 10_000; n++) {
      const joining = join('g', 3, '', connection);
      connection.close();
      connection.closing = false;
      await joining;
    }
    await turns();
    expect(connection.listenerCount).toBe(0);
    const { groups } = await broker.call('DescribeGroups', 5, { groups: ['g'] });
    expect(groups[0]!.members.map(({ memberId }) => memberId)).toEqual([first.memberId]);
    broker.clock.advance(3 * SESSION_MS);
    await turns();
    expect(await broker.groups.list()).toMatchObject([{ id: 'g', state: 'Empty' }]);
    expect(recordsWritten()).toBeLessThan(10);
  });
});

describe('bad members', () => {
  test('with ids of control characters or 10,000 characters are refused by every request that names them', async () => {
    for (const groupId of ['x'.repeat(10_000), 'a\nb', '\u0000', '\u009b31m']) {
      const named = { groupId, memberId: 'm', generationId: 1 };
      const leaving = { groupId, members: [{ memberId: 'm' }] };
      const answers = [
        await join(groupId, 5),
        await broker.call('SyncGroup', 3, { ...named, assignments: [] }),
        await broker.call('Heartbeat', 3, named),
        await broker.call('LeaveGroup', 4, leaving),
      ];
      const refused = answers.map(({ errorCode }) => errorCode);
      expect(refused).toEqual(answers.map(() => ErrorCode.INVALID_GROUP_ID));
    }
    expect(await broker.groups.list()).toEqual([]);
  });
});
