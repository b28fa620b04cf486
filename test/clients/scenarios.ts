import { expect } from 'vitest';
import type {
  Client,
  ClientProfile,
  ClientRecord,
  CommitMode,
  ConsumedRecord,
  Member,
  MemberEvent,
} from './client.js';
import type { TestCluster } from './support/test-cluster.js';

/** What a scenario has in its hands. */
export interface Stage {
  readonly cluster: TestCluster;
  readonly profile: ClientProfile;
  readonly client: Client;
}

export interface Scenario {
  readonly name: string;
  /** A sentence about what must hold. */
  readonly title: string;
  run(stage: Stage): Promise<void>;
}

const LARGE_VALUE_BYTES = 900_000;
const PARTITIONS = 6;
const FIRST_TIMESTAMP = 1_700_000_000_000;
/** Short where the death of a member is waited for. */
const SHORT_SESSION_MS = 3_000;
const LONG_SESSION_MS = 60_000;

/** All scenarios. A client runs each, or its profile says why it cannot. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'topic with settings',
    title: 'a topic has the partitions and settings it was created with, and only one has its name',
    run: topicWithSettings,
  },
  {
    name: 'administration',
    title:
      'settings, partitions, records, groups and their offsets are changed and told as they are',
    run: administer,
  },
  {
    name: 'every codec',
    title:
      'keys, headers, null, empty and 900 KB values come back as they were produced, in every codec of the client',
    run: everyCodec,
  },
  {
    name: 'consume from',
    title: 'consuming starts at the beginning, at an offset, at a timestamp',
    run: consumeFrom,
  },
  {
    name: 'group of three',
    title:
      'a member that joins late, one that is killed and one that leaves: all partitions stay with the living',
    run: groupOfThree,
  },
  {
    name: 'static members',
    title: 'a static member that is killed comes back to its partitions, and its double fences it',
    run: staticMembers,
  },
  {
    name: 'cooperative-sticky',
    title: 'a member that joins takes what it needs, and the other keeps the rest throughout',
    run: cooperativeSticky,
  },
  {
    name: 'commit and resume',
    title:
      'after a commit and a restart, of the member or of the broker, the next record is the exact one',
    run: commitAndResume,
  },
  {
    name: 'broker restart',
    title: 'a producer and a consumer that run while the broker is killed lose nothing',
    run: brokerRestart,
  },
];

async function topicWithSettings({ client }: Stage): Promise<void> {
  const configs = { 'retention.ms': '3600000', 'max.message.bytes': '2000000' };
  await client.createTopic('with-settings', 3, configs);
  const described = await client.describeTopic('with-settings', Object.keys(configs));
  expect(described).toEqual({ partitions: 3, configs });
  await expect(client.createTopic('with-settings', 3, {})).rejects.toThrow(/exist/i);
  await client.deleteTopic('with-settings');
  await client.createTopic('with-settings', 1, {});
  const recreated = await client.describeTopic('with-settings', ['max.message.bytes']);
  expect(recreated.partitions).toBe(1);
  expect(recreated.configs['max.message.bytes']).not.toBe('2000000');
}

async function administer({ profile, client }: Stage): Promise<void> {
  const topic = 'administered';
  const group = 'administered';
  const { administration } = client;
  if (administration === null) throw new Error(`${profile.name} has no admin API`);
  expect(await administration.describeCluster()).toEqual({ nodes: 1, controllerId: 1 });
  await client.createTopic(topic, 2, {});
  await administration.alterTopic(topic, { 'retention.ms': '7200000' });
  await administration.addPartitions(topic, 3);
  expect(await client.describeTopic(topic, ['retention.ms'])).toEqual({
    partitions: 3,
    configs: { 'retention.ms': '7200000' },
  });
  await client.produce(topic, 2, 'none', numbered(10, 'record '));
  expect(await administration.offsets(topic, 2)).toEqual([0, 10]);
  await administration.deleteRecords(topic, 2, 4);
  expect(await administration.offsets(topic, 2)).toEqual([4, 10]);

  const member = await client.join({ group, topic });
  await member.until((events) => recordsOf(events).length === 6);
  expect(await administration.listGroups()).toContain(group);
  expect(await administration.describeGroup(group)).toEqual({ state: 'stable', members: 1 });
  await member.commit('async', 2, 7);
  expect(await administration.groupOffset(group, topic, 2)).toBe(7);
  await member.leave();
  expect(await administration.describeGroup(group)).toEqual({ state: 'empty', members: 0 });
  await administration.setGroupOffset(group, topic, 2, 5);
  expect(await administration.groupOffset(group, topic, 2)).toBe(5);
  const next = await client.join({ group, topic });
  await next.until((events) => recordsOf(events).length === 5);
  expect(recordsOf(next.events)[0]?.offset).toBe(5);
  await next.leave();
  await administration.deleteGroup(group);
  expect(await administration.listGroups()).not.toContain(group);
}

async function everyCodec({ cluster, profile, client }: Stage): Promise<void> {
  const records: ClientRecord[] = [
    {
      key: 'a',
      value: 'plain',
      headers: [
        ['h', 'x'],
        ['none', ''],
      ],
    },
    { key: null, value: 'without a key', headers: [] },
    { key: 'a', value: null, headers: [] },
    { key: 'a', value: '', headers: [] },
    { key: 'large', value: incompressible(LARGE_VALUE_BYTES), headers: [] },
    ...numbered(300, 'a value that compresses well, number '),
  ];
  if (profile.repeatedHeaders) {
    records.push({
      key: 'h',
      value: 'twice',
      headers: [
        ['h', '1'],
        ['h', '2'],
      ],
    });
  }
  for (const codec of profile.codecs) {
    const topic = `codec-${codec}`;
    await cluster.createTopic(topic);
    await client.produce(topic, 0, codec, records);
    const consumed = await client.consume(topic, 0, 'beginning', records.length);
    expect(consumed.map(({ offset }) => offset)).toEqual(records.map((_, index) => index));
    expect(consumed.map(withoutPlace), codec).toEqual(records);
    expect([...(await cluster.storedCodecs(topic))], codec).toContain(codec);
  }
}

async function consumeFrom({ cluster, profile, client }: Stage): Promise<void> {
  await cluster.createTopic('places');
  for (const part of [0, 1, 2]) {
    const records = numbered(20, `part ${part} `).map((record, index) => ({
      ...record,
      timestamp: FIRST_TIMESTAMP + (20 * part + index) * 10,
    }));
    await client.produce('places', 0, 'none', records);
  }
  const all = await client.consume('places', 0, 'beginning', 60);
  if (profile.timestamps) {
    expect(all.map(({ timestamp }) => timestamp)).toEqual(
      all.map((_, index) => FIRST_TIMESTAMP + index * 10),
    );
  }
  expect(await client.consume('places', 0, { offset: 23 }, 37)).toEqual(all.slice(23));
  const timestamp = all[33]!.timestamp - (profile.timestamps ? 5 : 0);
  const first = all.findIndex((record) => record.timestamp >= timestamp);
  const late = await client.consume('places', 0, { timestamp }, 60 - first);
  expect(late).toEqual(all.slice(first));
}

async function groupOfThree({ cluster, client }: Stage): Promise<void> {
  const topic = 'three';
  await cluster.createTopic(topic, PARTITIONS);
  const join = (sessionTimeoutMs: number): Promise<Member> =>
    client.join({ group: 'three', topic, sessionTimeoutMs });
  const [one, two] = await Promise.all([join(LONG_SESSION_MS), join(SHORT_SESSION_MS)]);
  await untilCovered([one, two]);
  await expectDelivery(client, topic, [one, two], 'two');
  const late = await join(LONG_SESSION_MS);
  await untilCovered([one, two, late]);
  await expectDelivery(client, topic, [one, two, late], 'three');
  await two.kill();
  await untilCovered([one, late]);
  await expectDelivery(client, topic, [one, late], 'one was killed');
  await one.leave();
  await untilCovered([late]);
  await expectDelivery(client, topic, [late], 'one has left');
  await late.leave();
}

async function staticMembers({ cluster, client }: Stage): Promise<void> {
  const topic = 'static';
  await cluster.createTopic(topic, PARTITIONS);
  const join = (instanceId: string): Promise<Member> =>
    client.join({ group: 'static', topic, instanceId, sessionTimeoutMs: LONG_SESSION_MS });
  const one = await join('one');
  // The first is the leader; a leader that comes back would be asked to assign again.
  await untilCovered([one]);
  const two = await join('two');
  await untilCovered([one, two]);
  const [ones, twos] = [assignment(one), assignment(two)];
  const before = one.events.filter(isRebalance).length;

  await two.kill();
  const again = await join('two');
  await again.until((events) => assignmentOf(events).length > 0);
  expect(assignment(again)).toEqual(twos);
  await expectDelivery(client, topic, [one, again], 'back');
  expect(assignment(one)).toEqual(ones);
  expect(one.events.filter(isRebalance).length, 'the other has seen no rebalance').toBe(before);

  const double = await join('two');
  await again.until((events) => events.some(({ event }) => event === 'fenced'));
  await double.until((events) => assignmentOf(events).length > 0);
  expect(assignment(double)).toEqual(twos);
  await again.kill();
  await double.leave();
  await one.leave();
}

async function cooperativeSticky({ cluster, client }: Stage): Promise<void> {
  const topic = 'sticky';
  await cluster.createTopic(topic, PARTITIONS);
  const join = (): Promise<Member> =>
    client.join({ group: 'sticky', topic, strategy: 'cooperative-sticky' });
  const one = await join();
  await untilCovered([one]);
  const two = await join();
  await untilCovered([one, two]);
  expect(assignment(one)).toHaveLength(PARTITIONS / 2);
  const revoked = one.events.flatMap((event) =>
    event.event === 'revoked' ? [...event.partitions] : [],
  );
  expect(sorted(revoked), 'only what moved was ever given up').toEqual(assignment(two));
  await expectDelivery(client, topic, [one, two], 'sticky');
  await one.leave();
  await untilCovered([two]);
  await two.leave();
}

async function commitAndResume({ cluster, profile, client }: Stage): Promise<void> {
  const topic = 'resume';
  await cluster.createTopic(topic);
  await client.produce(topic, 0, 'none', numbered(100, 'record '));
  for (const mode of profile.commitModes) {
    const group = `resume-${mode}`;
    await takeAndCommit(client, { group, topic }, mode, 0, 40);
    await takeAndCommit(client, { group, topic }, mode, 40, 70);
    await cluster.killBroker();
    await cluster.startBroker();
    const last = await client.join({ group, topic });
    await last.until((events) => recordsOf(events).length >= 30);
    expect(recordsOf(last.events).map(({ offset }) => offset)).toEqual(
      Array.from({ length: 30 }, (_, index) => 70 + index),
    );
    await last.leave();
  }
}

/**
 * A member that must begin at `from`, and leaves the group with `to` committed, whatever else it
 * has read.
 */
async function takeAndCommit(
  client: Client,
  { group, topic }: { group: string; topic: string },
  mode: CommitMode,
  from: number,
  to: number,
): Promise<void> {
  const onLeave = mode === 'on-leave' ? { limit: to - from, commitOnLeave: true } : {};
  const member = await client.join({ group, topic, ...onLeave });
  await member.until((events) => recordsOf(events).length >= to - from);
  expect(recordsOf(member.events)[0]).toMatchObject({ offset: from, value: `record ${from}` });
  if (mode !== 'on-leave') await member.commit(mode, 0, to);
  await member.leave();
}

async function brokerRestart({ cluster, profile, client }: Stage): Promise<void> {
  const topic = 'running';
  await cluster.createTopic(topic);
  // A client may forget who it was while the broker is away; its old self then has to expire.
  const options = { group: 'running', topic, sessionTimeoutMs: SHORT_SESSION_MS };
  const consumer = await client.join(options);
  await consumer.until((events) => assignmentOf(events).length === 1);
  const producer = await client.stream(topic);
  await producer.untilAcked(200);
  await cluster.killBroker();
  await cluster.startBroker();
  await producer.untilAcked(producer.acked + 200);
  const count = await producer.stop();
  const values = Array.from({ length: count }, (_, index) => String(index));
  await consumer.until((events) => lastValue(events) === values.at(-1));
  const seen = new Set(recordsOf(consumer.events).map(({ value }) => value));
  expect(values.filter((value) => !seen.has(value))).toEqual([]);
  await consumer.leave();
  if (!profile.idempotent) return;
  const stored = await client.consume(topic, 0, 'beginning', count);
  expect(stored.map(({ value }) => value)).toEqual(values);
}

/** Resolves when the members have all partitions between them, each once. */
async function untilCovered(members: readonly Member[]): Promise<void> {
  const covered = (): boolean => {
    const parts = members.map(assignment);
    const all = sorted(parts.flat());
    return (
      all.length === PARTITIONS &&
      all.every((partition, index) => partition === index) &&
      parts.every((part) => part.length > 0)
    );
  };
  while (!covered()) await oneMoreEvent(members);
}

/** A new record in each partition comes to the member that has it. */
async function expectDelivery(
  client: Client,
  topic: string,
  members: readonly Member[],
  label: string,
): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const record = { key: null, value: `${label} ${partition}`, headers: [] };
    await client.produce(topic, partition, 'none', [record]);
  }
  for (const member of members) {
    for (const partition of assignment(member)) {
      await member.until((events) =>
        recordsOf(events).some(
          (record) => record.partition === partition && record.value === `${label} ${partition}`,
        ),
      );
    }
  }
}

async function oneMoreEvent(members: readonly Member[]): Promise<void> {
  const counts = members.map(({ events }) => events.length);
  await Promise.race(
    members.map((member, index) => member.until((events) => events.length > counts[index]!)),
  );
}

function assignmentOf(events: readonly MemberEvent[]): readonly number[] {
  const last = events.findLast(({ event }) => event === 'assigned' || event === 'revoked');
  return last?.event === 'assigned' ? sorted(last.partitions) : [];
}

function assignment(member: Member): readonly number[] {
  return assignmentOf(member.events);
}

function isRebalance({ event }: MemberEvent): boolean {
  return event === 'assigned' || event === 'revoked';
}

type RecordEvent = Extract<MemberEvent, { event: 'record' }>;

function recordsOf(events: readonly MemberEvent[]): readonly RecordEvent[] {
  return events.filter((event): event is RecordEvent => event.event === 'record');
}

function lastValue(events: readonly MemberEvent[]): string | null | undefined {
  const last = events.findLast(({ event }) => event === 'record') as RecordEvent | undefined;
  return last?.value;
}

function sorted(numbers: readonly number[]): number[] {
  return [...numbers].sort((a, b) => a - b);
}

function withoutPlace({ key, value, headers }: ConsumedRecord): ClientRecord {
  return { key, value, headers };
}

function numbered(count: number, prefix: string): ClientRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `key ${index % 7}`,
    value: `${prefix}${index}`,
    headers: [],
  }));
}

/** Letters that no codec makes much smaller, the same at each run. */
function incompressible(length: number): string {
  const bytes = Buffer.alloc(Math.ceil((length * 3) / 4));
  let state = 1;
  for (let index = 0; index < bytes.length; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[index] = state >>> 16;
  }
  return bytes.toString('base64').slice(0, length);
}
