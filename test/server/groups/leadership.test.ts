import { describe, expect, test } from 'vitest';
import { OFFSETS_TOPIC } from '../../../server/groups/offsets-topic.js';
import { coordinatorPartition } from '../../../server/metadata/coordinator-for.js';
import type { ErrorName } from '../../../server/protocol/error-codes.js';
import { memoryBroker, turns } from '../../support/memory-broker.js';
import { often } from '../../support/often.js';
import { commitPlain, fetchChecked, MovingConsumer } from './moving-consumer.js';
import { MovingWorld, OFFSETS_PARTITIONS } from './moving-world.js';

/** Two of its groups share an offsets partition, so that one partition's groups are several. */
const GROUPS = ['g0', 'g1', 'g2', 'g3'];
const PLAIN = ['p0', 'p1', 'p2'];
const STEPS = 200;

/** The seeds of a run: `ODRADEK_SEED` for one alone. */
const SEEDS =
  process.env.ODRADEK_SEED === undefined
    ? Array.from({ length: often(6, 200) }, (_, at) => at + 1)
    : [Number(process.env.ODRADEK_SEED)];

/** Leads everything, and lets time pass until every member has been well for a while. */
async function settle(world: MovingWorld, consumers: readonly MovingConsumer[]): Promise<void> {
  await world.leadAll();
  for (const consumer of consumers) consumer.wells = 0;
  for (let round = 0; round < 1000; round++) {
    await turns(4);
    world.broker.clock.advance(200);
    // Those that vanished are gone after a session.
    if (round > 150 && consumers.every(({ wells }) => wells > 3)) return;
  }
  const open = [...world.open].map(([what, count]) => `${what}: ${count}`).join(', ');
  throw new Error(`the groups do not settle; requests without an answer: ${open}`);
}

async function run(seed: number): Promise<MovingWorld> {
  const world = await MovingWorld.open(seed);
  try {
    await runIn(world);
  } finally {
    // Clients of a run that has failed end, too.
    world.isOver = true;
  }
  return world;
}

async function runIn(world: MovingWorld): Promise<void> {
  const { broker } = world;
  const consumers = GROUPS.flatMap((groupId, at) =>
    Array.from(
      { length: 1 + (at % 3) },
      (_, n) => new MovingConsumer(world, groupId, n === 1 ? `i-${groupId}` : null),
    ),
  );
  const clients = Promise.all([
    ...consumers.map((consumer) => consumer.run()),
    ...PLAIN.map((groupId) => commitPlain(world, groupId)),
  ]);
  // One that fails ends the run.
  let failure: unknown = null;
  clients.catch((error: unknown) => {
    failure = error;
  });
  for (let step = 0; step < STEPS && failure === null; step++) await world.step();
  if (failure !== null) throw failure;
  await settle(world, consumers);
  world.isOver = true;
  await clients;
  await turns(10);
  expect([...world.open]).toEqual([]);

  // Every acknowledged commit is read back, now and after a restart.
  const restarted = await memoryBroker({
    engine: broker.engine,
    catalog: broker.catalog,
    settings: MovingWorld.settings,
  });
  for (const { group, partition, atLeast } of world.offsets()) {
    const offset = await fetchChecked(world, group, partition);
    expect(offset).toBeGreaterThanOrEqual(atLeast);
    const loaded = await restarted.groups.offsets.fetch(group);
    expect(loaded?.get('t', partition)?.offset ?? -1).toBe(offset);
  }
  // Every group has gone on from what it was given, with the members that there are.
  for (const groupId of GROUPS) {
    const group = broker.groups.describe(groupId)!;
    const present = consumers.filter((each) => each.groupId === groupId);
    expect(group.state).toBe('Stable');
    expect([...group.members.keys()].sort()).toEqual(present.map((each) => each.memberId).sort());
    expect(group.generation).toBeGreaterThanOrEqual(world.generations.get(groupId)!);
    for (const { generation } of present) expect(generation).toBe(group.generation);
  }
  // Nothing is counted, or listened to, that is not there.
  const { groups, memberBytes, offsets } = broker.groups.totals;
  expect({ groups, memberBytes, offsets }).toMatchObject({ groups: GROUPS.length + PLAIN.length });
  expect(restarted.groups.totals).toMatchObject({ groups, memberBytes, offsets });
  for (const { connection } of consumers) expect(connection.listenerCount).toBe(0);
}

describe('while leadership of offsets partitions moves back and forth under load', () => {
  const told = new Map<ErrorName, number>();

  test.each(SEEDS)(
    'no acknowledged commit is lost, groups go on, and nothing waits for ever (seed %i)',
    async (seed) => {
      const world = await run(seed);
      expect(world.moves).toBeGreaterThan(20);
      for (const [name, count] of world.told) told.set(name, (told.get(name) ?? 0) + count);
    },
  );

  test.skipIf(SEEDS.length === 1)('clients are told of it by the codes that say so', () => {
    expect([...told.keys()]).toEqual(
      expect.arrayContaining([
        'NONE',
        'NOT_COORDINATOR',
        'COORDINATOR_LOAD_IN_PROGRESS',
        'COORDINATOR_NOT_AVAILABLE',
        'REBALANCE_IN_PROGRESS',
      ]),
    );
  });
});

test('a member has its session from the moment at which its group was loaded, and a group of which nothing is left is not kept', async () => {
  const { broker } = await MovingWorld.open(1);
  const groupId = 'g';
  const joined = await broker.call('JoinGroup', 3, {
    groupId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.from('t') }],
  });
  const { memberId, generationId } = joined;
  await broker.call('SyncGroup', 3, { groupId, generationId, memberId, assignments: [] });
  const index = coordinatorPartition(groupId, OFFSETS_PARTITIONS);
  broker.clock.advance(9_000);
  await broker.groups.shards.lead(index, 1);
  broker.clock.advance(9_999);
  expect(broker.groups.describe(groupId)?.state).toBe('Stable');
  broker.clock.advance(1);
  expect(broker.groups.describe(groupId)?.state).toBe('Empty');
  await turns();
  expect(await broker.groups.delete(groupId)).toBe('NONE');
  await broker.groups.shards.lead(index, 2);
  expect(broker.groups.totals.groups).toBe(0);
});

describe('an offsets partition that is damaged when it is led again', () => {
  test('refuses its own groups, and no others', async () => {
    const world = await MovingWorld.open(1);
    const { broker } = world;
    const groupOf = (index: number): string =>
      [...'abcdefgh'].find((id) => coordinatorPartition(id, OFFSETS_PARTITIONS) === index)!;
    const [damaged, well] = [groupOf(0), groupOf(1)];
    const commit = async (groupId: string): Promise<number> => {
      const committed = { partitionIndex: 0, committedOffset: 5, committedMetadata: null };
      const topics = [{ name: 't', partitions: [committed] }];
      const answer = await broker.call('OffsetCommit', 8, { groupId, memberId: '', topics });
      return answer.topics[0]!.partitions[0]!.errorCode;
    };
    expect([await commit(damaged), await commit(well)]).toEqual([0, 0]);
    const [batch] = broker.engine.log(OFFSETS_TOPIC, 0).batches;
    batch!.fill(1, 70);
    const before = broker.groups.totals.groups;
    await broker.groups.shards.lead(0, 1);
    expect(world.note(await commit(damaged))).toBe('NOT_COORDINATOR');
    expect(await fetchChecked(world, damaged, 0)).toBe('NOT_COORDINATOR');
    expect(await commit(well)).toBe(0);
    expect(broker.groups.totals.groups).toBe(before - 1);
    const { errorCode, groups } = await broker.call('ListGroups', 4, {});
    expect(world.note(errorCode)).toBe('NONE');
    expect(groups.map(({ groupId }) => groupId)).toEqual([well]);
    const errors = broker.lines.filter(({ level }) => level === 'error');
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^the groups of __consumer_offsets-0 .* odradek repair-log /),
    ]);
  });
});
