import { type Consumer, Kafka, logLevel } from 'kafkajs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Client } from '../../../server/cli/client.js';
import { connectCoordinator } from '../../../server/cli/coordinator.js';
import { commitOffsets } from '../../../server/cli/group-offsets.js';
import { parseIsoDuration } from '../../../server/cli/reset-offsets.js';
import { runCommand } from '../../support/spawn-broker.js';
import { startTestBroker } from '../../support/start-broker.js';

/** A broker with 10 records in each of the two partitions of `orders`. */
async function testBroker() {
  const broker = await startTestBroker({ config: { 'num.partitions': '2' } });
  const kafka = new Kafka({
    brokers: [broker.bootstrap],
    clientId: 'tester',
    logLevel: logLevel.NOTHING,
  });
  const producer = kafka.producer();
  await producer.connect();
  onTestFinished(() => producer.disconnect());
  const start = Date.UTC(2026, 0, 1);
  await producer.send({
    topic: 'orders',
    messages: Array.from({ length: 20 }, (_, at) => ({
      partition: at % 2,
      value: `${at}`,
      timestamp: String(start + at * 60_000),
    })),
  });
  const admin = kafka.admin();
  await admin.connect();
  onTestFinished(() => admin.disconnect());
  return {
    broker,
    kafka,
    admin,
    groups: (...args: string[]) => runCommand(['groups', ...args, '-b', broker.bootstrap]),
    commit: async (groupId: string, ...offsets: number[]) => {
      const client = await Client.connect({ bootstrap: broker.bootstrap });
      onTestFinished(() => client.close());
      const coordinator = await connectCoordinator(client, groupId);
      onTestFinished(() => coordinator.close());
      const orders = new Map([['orders', new Map(offsets.entries())]]);
      expect(await commitOffsets(coordinator, groupId, orders)).toBe(0);
    },
  };
}

/** A member that has its partitions when this resolves. */
async function joined(kafka: Kafka, groupId: string): Promise<Consumer> {
  const consumer = kafka.consumer({ groupId, heartbeatInterval: 50, maxWaitTimeInMs: 100 });
  onTestFinished(() => consumer.disconnect());
  await consumer.connect();
  await consumer.subscribe({ topic: 'orders' });
  const hasJoined = new Promise((resolve) => consumer.on('consumer.group_join', resolve));
  await consumer.run({ eachMessage: async () => {} });
  await hasJoined;
  return consumer;
}

function cells(stdout: string): string[][] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ +/));
}

test('groups are listed, with their states if asked for', async () => {
  const { groups, commit, kafka } = await testBroker();
  expect(await groups('list')).toEqual({ code: 0, stdout: '', stderr: '' });
  await commit('billing', 1, 2);
  await joined(kafka, 'active');
  expect(await groups('list')).toEqual({ code: 0, stdout: 'active\nbilling\n', stderr: '' });
  const { stdout } = await groups('list', '--state');
  expect(cells(stdout)).toEqual([
    ['GROUP', 'STATE'],
    ['active', 'Stable'],
    ['billing', 'Empty'],
  ]);
});

const HEADING =
  'GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG CONSUMER-ID HOST CLIENT-ID'.split(' ');

test('a group without members is described by what it has committed', async () => {
  const { groups, commit } = await testBroker();
  await commit('billing', 4, 10);
  const { code, stdout, stderr } = await groups('describe', 'billing');
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: 'odradek: group billing has no members now\n',
  });
  expect(cells(stdout)).toEqual([
    HEADING,
    ['billing', 'orders', '0', '4', '10', '6', '-', '-', '-'],
    ['billing', 'orders', '1', '10', '10', '0', '-', '-', '-'],
  ]);
});

test('an active group is described with its members, and not reset or deleted', async () => {
  const { groups, commit, kafka } = await testBroker();
  await commit('billing', 4, 10);
  await joined(kafka, 'billing');
  const id = expect.stringMatching(/^tester-/);
  const host = expect.stringContaining('127.0.0.1');
  const { stdout } = await groups('describe');
  const [heading, ...rows] = cells(stdout);
  expect(heading).toEqual(HEADING);
  expect(rows.map((row) => [...row.slice(0, 3), ...row.slice(6)])).toEqual([
    ['billing', 'orders', '0', id, host, 'tester'],
    ['billing', 'orders', '1', id, host, 'tester'],
  ]);
  expect(cells((await groups('describe', 'billing', '--members')).stdout)[1]).toEqual([
    'billing',
    id,
    host,
    'tester',
    '2',
    'orders(0,1)',
  ]);
  expect(cells((await groups('describe', 'billing', '--state')).stdout)[1]).toEqual([
    'billing',
    expect.stringMatching(/:\d+$/),
    'RoundRobinAssigner',
    'Stable',
    '1',
  ]);
  const reset = await groups(
    'reset-offsets',
    'billing',
    '--all-topics',
    '--to-earliest',
    '--execute',
  );
  expect(reset).toMatchObject({ code: 1, stderr: expect.stringContaining('is active (Stable)') });
  const deleted = await groups('delete', 'billing');
  expect(deleted).toMatchObject({ code: 1, stderr: expect.stringContaining('has members') });
});

test('a group that cannot be described keeps no other from being shown', async () => {
  const { groups, commit } = await testBroker();
  await commit('billing', 4, 7);
  await commit('shipping', 1, 2);
  const { code, stdout, stderr } = await groups('describe', 'billing', 'nobody', 'shipping');
  expect(code).toBe(1);
  const shown = stdout.split('\n').map((line) => line.split(' ')[0]);
  expect(shown).toEqual(['GROUP', 'billing', 'billing', 'shipping', 'shipping', '']);
  expect(stderr).toContain('odradek: there is no group nobody');
});

describe('reset-offsets', () => {
  test.each<[string[], [string, string]]>([
    [['--to-earliest'], ['0', '0']],
    [['--to-latest'], ['10', '10']],
    [
      ['--to-offset', '3'],
      ['3', '3'],
    ],
    [
      ['--to-offset', '99'],
      ['10', '10'],
    ],
    [
      ['--shift-by', '-3'],
      ['1', '3'],
    ],
    [
      ['--shift-by', '5'],
      ['9', '10'],
    ],
    [
      ['--to-datetime', '2026-01-01T00:05:00Z'],
      ['3', '2'],
    ],
    [
      ['--by-duration', 'PT1S'],
      ['10', '10'],
    ],
  ])('%j', async (target, [first, second]) => {
    const { groups, commit, admin } = await testBroker();
    await commit('billing', 4, 6);
    const dry = await groups('reset-offsets', 'billing', '--topic', 'orders', ...target);
    expect(dry.code).toBe(0);
    expect(dry.stderr).toContain('nothing was changed; --execute does it');
    expect(cells(dry.stdout)).toEqual([
      ['GROUP', 'TOPIC', 'PARTITION', 'NEW-OFFSET'],
      ['billing', 'orders', '0', first],
      ['billing', 'orders', '1', second],
    ]);
    const committed = async () => {
      const [topic] = await admin.fetchOffsets({ groupId: 'billing', topics: ['orders'] });
      return topic!.partitions.map(({ offset }) => offset);
    };
    expect(await committed()).toEqual(['4', '6']);
    const done = await groups('reset-offsets', 'billing', '--all-topics', ...target, '--execute');
    expect(done).toMatchObject({ code: 0, stdout: dry.stdout });
    expect(await committed()).toEqual([first, second]);
  });

  test('of some partitions leaves the others alone', async () => {
    const { groups, commit, admin } = await testBroker();
    await commit('billing', 4, 6);
    await groups('reset-offsets', 'billing', '-t', 'orders:1', '--to-offset', '0', '--execute');
    const [topic] = await admin.fetchOffsets({ groupId: 'billing', topics: ['orders'] });
    expect(topic!.partitions.map(({ offset }) => offset)).toEqual(['4', '0']);
  });

  test.each<[string[], number, string]>([
    [['g', '--to-earliest'], 2, 'which topics?'],
    [['g', '--topic', 'orders'], 2, 'where to?'],
    [['g', '--topic', 'orders', '--to-earliest', '--to-latest'], 2, 'where to?'],
    [['g', '--topic', 'orders:x', '--to-earliest'], 2, 'orders:0,1'],
    [['g', '--topic', 'orders:9', '--to-earliest'], 1, 'has no partition 9'],
    [['g', '--topic', 'nothing', '--to-earliest'], 1, 'there is no topic nothing'],
    [['g', '--topic', 'orders', '--shift-by', '1'], 1, 'there is nothing to shift'],
    [['g', '--topic', 'orders', '--to-datetime', 'noon'], 2, '2026-11-22T09:30:00'],
    [['g', '--topic', 'orders', '--by-duration', '1h'], 2, 'PT1H30M'],
    [['g', '--all-topics', '--to-earliest'], 1, 'has committed nothing'],
    [['g', '-t', 'orders', '--to-latest', '--dry-run', '--execute'], 2, 'exclude each other'],
  ])('%j is refused', async (args, code, why) => {
    const { groups } = await testBroker();
    expect(await groups('reset-offsets', ...args)).toMatchObject({
      code,
      stderr: expect.stringContaining(why),
    });
  });

  test.each([
    ['PT1H30M', 5_400_000],
    ['P7D', 604_800_000],
    ['P1DT0.5S', 86_400_500],
    ['P', null],
    ['PT', null],
    ['P1DT', null],
    ['1h', null],
  ])('the duration %s is %s ms', (text, ms) => {
    expect(parseIsoDuration(text)).toBe(ms);
  });
});

test('groups are deleted with their offsets; what is not there is named', async () => {
  const { groups, commit } = await testBroker();
  await commit('billing', 1, 1);
  const { code, stdout, stderr } = await groups('delete', 'nobody', 'billing');
  expect({ code, stdout }).toEqual({ code: 1, stdout: 'Deleted group billing.\n' });
  expect(stderr).toBe(
    'odradek: there is no group nobody: "odradek groups list" shows those that there are\n',
  );
  expect(await groups('list')).toMatchObject({ stdout: '' });
  expect(await groups('describe', 'billing')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('there is no group billing'),
  });
});

test('a session that the clock has passed ends its member, which joins again', async () => {
  const { broker, kafka } = await testBroker();
  const consumer = await joined(kafka, 'billing');
  const memberId = async (): Promise<string | undefined> => {
    const { members } = await consumer.describeGroup();
    return members[0]?.memberId;
  };
  const before = await memberId();
  const joinedAgain = new Promise((resolve) => consumer.on('consumer.group_join', resolve));
  await broker.clock.advance('10m');
  await joinedAgain;
  expect(await memberId()).not.toBe(before);
});

test('the lag of groups is summed by topic', async () => {
  const { groups, commit } = await testBroker();
  await commit('billing', 4, 10);
  await commit('shipping', 10);
  const { code, stdout } = await groups('lag');
  expect(code).toBe(0);
  expect(cells(stdout)).toEqual([
    ['GROUP', 'STATE', 'TOPIC', 'LAG'],
    ['billing', 'Empty', 'orders', '6'],
    ['shipping', 'Empty', 'orders', '0'],
  ]);
  expect((await groups('lag', 'billing', '--json')).stdout).toBe(
    '{"group":"billing","state":"Empty","topic":"orders","lag":6}\n',
  );
  expect(cells((await groups('lag', '--topic', 'events')).stdout)).toHaveLength(1);
});

test('--json has the offsets of a group as numbers, and null for what is not known', async () => {
  const { groups, commit } = await testBroker();
  await commit('billing', 4);
  const { stdout } = await groups('describe', 'billing', '--json');
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    {
      group: 'billing',
      topic: 'orders',
      partition: 0,
      currentOffset: 4,
      endOffset: 10,
      lag: 6,
      member: null,
      host: null,
      clientId: null,
    },
  ]);
});

test('committed offsets of some partitions are forgotten', async () => {
  const { groups, commit } = await testBroker();
  await commit('billing', 4, 5);
  const { code, stdout } = await groups('delete-offsets', 'billing', '--topic', 'orders:1');
  expect({ code, cells: cells(stdout) }).toEqual({
    code: 0,
    cells: [
      ['GROUP', 'TOPIC', 'FORGOTTEN'],
      ['billing', 'orders', '1'],
    ],
  });
  const left = cells((await groups('describe', 'billing')).stdout).slice(1);
  expect(left.map(([, , partition]) => partition)).toEqual(['0']);
  expect(await groups('delete-offsets', 'billing')).toMatchObject({
    code: 2,
    stderr: 'odradek: which topics? Name them with --topic\n',
  });
  expect(await groups('delete-offsets', 'nobody', '-t', 'orders')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('GROUP_ID_NOT_FOUND'),
  });
});
