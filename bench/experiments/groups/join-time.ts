import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Consumer, type ConsumerConfig, Kafka, logLevel } from 'kafkajs';
import { cleanUpAtExit, stopChild } from '../../lib/children.js';
import { median, quantile } from '../../lib/statistics.js';
import { startPinnedBroker } from './pinned-broker.js';
import { check, createTopic, RawClient } from './raw-client.js';
import { RawMember } from './raw-member.js';

/*
 * A group of three on a hundred partitions: from the moment the third member asks to join to the
 * moment all three have the answer to a fetch of what they were assigned. Two members hold the
 * group when the third comes; their heartbeats, every 200 ms unless said otherwise, tell them.
 */

cleanUpAtExit();
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '10' } } });
const rounds = Number(values.rounds);
const PARTITIONS = 100;
const HEARTBEAT_MS = 200;
const TOPIC = 'orders';

const broker = await startPinnedBroker({ core: 0 });
const admin = await RawClient.connect(broker.port);
await admin.call('FindCoordinator', 4, { keyType: 0, coordinatorKeys: ['any'] });
await createTopic(admin, TOPIC, PARTITIONS);
const everyPartition = Array.from({ length: PARTITIONS }, (_, index) => index);

const raw: number[] = [];
for (let round = 0; round < rounds; round++) raw.push(await rawRound(`raw-${round}`));
report('raw client', raw);
for (const { heartbeatInterval, maxWaitTimeInMs, restMs } of [
  { heartbeatInterval: HEARTBEAT_MS, maxWaitTimeInMs: 100, restMs: 0 },
  { heartbeatInterval: HEARTBEAT_MS, maxWaitTimeInMs: 5000, restMs: 0 },
  // As it comes, and past the first heartbeat of a member, which is sent at once: the third joins
  // anywhere between two.
  { heartbeatInterval: 3000, maxWaitTimeInMs: 5000, restMs: 5000 },
]) {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const groupId = `js-${heartbeatInterval}-${maxWaitTimeInMs}-${round}`;
    const options = { groupId, heartbeatInterval, maxWaitTimeInMs };
    times.push(await kafkajsRound(options, restMs + (restMs * round) / rounds));
  }
  const settings = `heartbeatInterval ${heartbeatInterval}, maxWaitTimeInMs ${maxWaitTimeInMs}`;
  report(`kafkajs, ${settings}`, times);
}
await stopChild(broker.child);
process.exit();

function report(who: string, times: readonly number[]): void {
  const [low, middle, high] = [quantile(times, 0), median(times), quantile(times, 1)].map((ms) =>
    ms.toFixed(0),
  );
  process.stdout.write(`${who}: median ${middle} ms (${low} to ${high}) of ${times.length}\n`);
}

async function rawRound(groupId: string): Promise<number> {
  const options = {
    port: broker.port,
    groupId,
    sessionTimeoutMs: 30_000,
    metadata: Buffer.alloc(16),
  };
  const members = await Promise.all([1, 2, 3].map(() => RawMember.connect(options)));
  const stop = new AbortController();
  let onShare = (): void => {};
  const fetched = new Set<RawMember>();
  const run = async (member: RawMember): Promise<void> => {
    while (!stop.signal.aborted) {
      const { assignment } = await member.settle((all) =>
        all.map(({ memberId }, at) => ({
          memberId,
          assignment: Buffer.from(everyPartition.filter((index) => index % all.length === at)),
        })),
      );
      await fetchFrom(member.client, [...assignment]);
      if (assignment.length < PARTITIONS / 2) fetched.add(member);
      onShare();
      do await beat(stop.signal);
      while (!stop.signal.aborted && (await member.heartbeat()));
    }
  };
  const until = (isDone: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      onShare = () => void (isDone() && resolve());
      onShare();
    });
  let settled = 0;
  const [first, second, third] = members as [RawMember, RawMember, RawMember];
  const running = [run(first)];
  await until(() => ++settled > 1);
  running.push(run(second));
  // Half of the partitions each.
  settled = 0;
  await until(() => ++settled > 2);
  fetched.clear();
  const startMs = performance.now();
  running.push(run(third));
  await until(() => fetched.size === 3);
  const passedMs = performance.now() - startMs;
  stop.abort();
  await Promise.all(running);
  for (const member of members) member.client.close();
  return passedMs;
}

/** The next heartbeat is due, or there is none any more. */
function beat(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, HEARTBEAT_MS);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function fetchFrom(client: RawClient, partitions: readonly number[]): Promise<void> {
  const { topics } = await client.call('Fetch', 11, {
    maxWaitMs: 0,
    minBytes: 1,
    topics: [
      {
        topic: TOPIC,
        partitions: partitions.map((partition) => ({
          partition,
          fetchOffset: 0,
          partitionMaxBytes: 65_536,
        })),
      },
    ],
    forgottenTopicsData: [],
  });
  for (const topic of topics) for (const each of topic.partitions) check('Fetch', each.errorCode);
}

/**
 * Two members at rest for `restMs`, or longer, before the third comes. They fetch as soon as they
 * know their partitions: the beginning of that fetch is what counts.
 */
async function kafkajsRound(
  options: Pick<ConsumerConfig, 'groupId' | 'heartbeatInterval' | 'maxWaitTimeInMs'>,
  restMs: number,
): Promise<number> {
  const kafka = new Kafka({
    clientId: 'bench',
    brokers: [`127.0.0.1:${broker.port}`],
    logLevel: logLevel.NOTHING,
  });
  const consumers = [1, 2, 3].map(() => kafka.consumer(options));
  const owned = new Map<Consumer, number>();
  const consuming = new Set<Consumer>();
  let onChange = (): void => {};
  for (const consumer of consumers) {
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      owned.set(consumer, payload.memberAssignment[TOPIC]?.length ?? 0);
      consuming.delete(consumer);
      onChange();
    });
    consumer.on(consumer.events.FETCH_START, () => {
      consuming.add(consumer);
      onChange();
    });
  }
  const until = (size: number): Promise<void> =>
    new Promise((resolve) => {
      onChange = () => {
        const shares = [...consuming].map((consumer) => owned.get(consumer) ?? 0);
        const total = shares.reduce((sum, share) => sum + share, 0);
        if (shares.length === size && total === PARTITIONS) resolve();
      };
      onChange();
    });
  const start = async (consumer: Consumer): Promise<void> => {
    await consumer.connect();
    await consumer.subscribe({ topic: TOPIC });
    await consumer.run({ eachMessage: async () => {} });
  };
  await start(consumers[0]!);
  await until(1);
  await start(consumers[1]!);
  await until(2);
  await consumers[2]!.connect();
  await consumers[2]!.subscribe({ topic: TOPIC });
  await pause(restMs);
  const startMs = performance.now();
  await consumers[2]!.run({ eachMessage: async () => {} });
  await until(3);
  const passedMs = performance.now() - startMs;
  await Promise.all(consumers.map((consumer) => consumer.disconnect()));
  return passedMs;
}
