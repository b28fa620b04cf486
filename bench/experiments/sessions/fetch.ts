import { parseArgs } from 'node:util';
import { buildBatch } from '../../../engine/index.js';
import { cleanUpAtExit, stopChild } from '../../lib/children.js';
import { readUsage } from '../../lib/proc.js';
import { startPinnedBroker } from '../groups/pinned-broker.js';
import { type Answer, type Body, check, createTopic, RawClient } from '../groups/raw-client.js';

/*
 * What a fetch of many partitions costs the broker: its user and system time, divided by the
 * requests. Each request names every partition (as clients without a session do), or, in a session
 * (KIP-227), only what has changed for the client. Two loads: `ready`, where one partition has a
 * record and the answer comes at once; and `wait`, where nothing has, the fetch waits, and a record
 * is produced to one of the partitions in turn (the cost is that of both requests). `produce` is
 * the second of them alone.
 */

cleanUpAtExit();
const { values } = parseArgs({
  options: {
    partitions: { type: 'string', default: '1000' },
    ms: { type: 'string', default: '3000' },
    rounds: { type: 'string', default: '3' },
    sessions: { type: 'boolean', default: false },
  },
});
const partitionCounts = values.partitions.split(',').map(Number);
const windowMs = Number(values.ms);
const rounds = Number(values.rounds);
/** By topic id, as clients since Apache Kafka 3.1 do. */
const VERSION = 17;
const TOPIC = 'many';

type FetchBody = Body<'Fetch'>;
type Wish = FetchBody['topics'][number]['partitions'][number];

const batch = await buildBatch([{ key: null, value: Buffer.alloc(100), timestamp: Date.now() }]);

for (const count of partitionCounts) {
  const broker = await startPinnedBroker({ core: 0, settings: { 'odradek.flush': 'os' } });
  const producer = await RawClient.connect(broker.port);
  await createTopic(producer, TOPIC, count);
  const metadata = await producer.call('Metadata', 12, { topics: [{ name: TOPIC }] });
  const { topicId } = metadata.topics[0]!;
  for (let partition = 0; partition < count; partition++) await produce(producer, partition);
  const modes = values.sessions ? ['full', 'session'] : ['full'];
  const figures = new Map<string, number[]>();
  const loads = {
    ready: (mode: string) => readyLoad(broker.port, mode, topicId, count),
    wait: (mode: string) => waitLoad(broker.port, mode, topicId, count, producer),
  };
  for (let round = 0; round <= rounds; round++) {
    for (const [name, load] of Object.entries(loads)) {
      for (const mode of modes) {
        const run = await load(mode);
        note(`${name} ${mode}`, await measured(broker.pid, run), round);
      }
    }
    let next = 0;
    note('produce', await measured(broker.pid, () => produce(producer, next++ % count)), round);
  }
  for (const [name, all] of figures) {
    const text = all.map((us) => us.toFixed(1)).join(' ');
    process.stdout.write(`${count} partitions, ${name}: ${text} us of broker CPU a request\n`);
  }
  producer.close();
  await stopChild(broker.child);

  /** The first round is the warm-up. */
  function note(name: string, us: number, round: number): void {
    if (round > 0) figures.set(name, [...(figures.get(name) ?? []), us]);
  }
}
process.exit();

/** Runs one request after another; resolves with the CPU of one in microseconds. */
async function measured(pid: number, once: () => Promise<unknown>): Promise<number> {
  const before = readUsage(pid).cpuMs;
  const endMs = performance.now() + windowMs;
  let requests = 0;
  while (performance.now() < endMs) {
    await once();
    requests += 1;
  }
  return ((readUsage(pid).cpuMs - before) * 1000) / requests;
}

async function produce(client: RawClient, partition: number): Promise<void> {
  const { topics } = await client.call('Produce', 9, {
    acks: 1,
    timeoutMs: 30_000,
    topics: [{ name: TOPIC, partitions: [{ index: partition, records: batch }] }],
  });
  check('Produce', topics[0]!.partitions[0]!.errorCode);
}

function bodyOf(topicId: string, partitions: Wish[], options: Partial<FetchBody>): FetchBody {
  const topics = partitions.length === 0 ? [] : [{ topicId, partitions }];
  return { maxWaitMs: 0, minBytes: 1, forgottenTopicsData: [], ...options, topics };
}

function wish(partition: number, fetchOffset: number, partitionMaxBytes = 1): Wish {
  return { partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch: -1 };
}

/** Partition 0 is read from its first record on again and again, the others from their ends. */
async function readyLoad(port: number, mode: string, topicId: string, count: number) {
  const client = await RawClient.connect(port);
  const ends = await endsOf(client, count);
  const wishes = ends.map((end, partition) => wish(partition, partition === 0 ? 0 : end));
  if (mode === 'full') {
    const body = bodyOf(topicId, wishes, {});
    return () => client.exchange(RawClient.frame('Fetch', VERSION, body));
  }
  let epoch = 0;
  const sessionId = await openSession(client, bodyOf(topicId, wishes, { sessionEpoch: 0 }));
  return async () => {
    epoch += 1;
    const body = bodyOf(topicId, [wish(0, 0)], { sessionId, sessionEpoch: epoch });
    const frame = RawClient.frame('Fetch', VERSION, body);
    await client.exchange(frame);
  };
}

/** Everything is read to its end, waited for, and one record written. */
async function waitLoad(
  port: number,
  mode: string,
  topicId: string,
  count: number,
  producer: RawClient,
) {
  const client = await RawClient.connect(port);
  const ends = await endsOf(client, count);
  const wishes = ends.map((end, partition) => wish(partition, end));
  const waiting = { maxWaitMs: 30_000 };
  let partition = 0;
  let epoch = 0;
  let read: Wish[] = [];
  const sessionId =
    mode === 'full' ? 0 : await openSession(client, bodyOf(topicId, wishes, { sessionEpoch: 0 }));
  return async () => {
    epoch += 1;
    const fetched = client.call(
      'Fetch',
      VERSION,
      mode === 'full'
        ? bodyOf(topicId, wishes, waiting)
        : bodyOf(topicId, read, { ...waiting, sessionId, sessionEpoch: epoch }),
    );
    partition = (partition + 1) % count;
    await produce(producer, partition);
    const answer = await fetched;
    check('Fetch', answer.errorCode);
    const [found] = gotRecords(answer);
    if (found !== partition) throw new Error(`records of ${found} came, not of ${partition}`);
    wishes[partition] = wish(partition, Number(wishes[partition]!.fetchOffset) + 1);
    read = [wishes[partition]!];
  };
}

function gotRecords({ topics }: Answer<'Fetch'>): number[] {
  return topics
    .flatMap(({ partitions }) => partitions)
    .filter(({ records }) => (records?.length ?? 0) > 0)
    .map(({ partitionIndex }) => partitionIndex);
}

async function openSession(client: RawClient, body: FetchBody): Promise<number> {
  const { errorCode, sessionId } = await client.call('Fetch', VERSION, body);
  check('Fetch', errorCode);
  if (sessionId === 0) throw new Error('the broker opened no session');
  return sessionId;
}

async function endsOf(client: RawClient, count: number): Promise<number[]> {
  const { topics } = await client.call('ListOffsets', 6, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [
      {
        name: TOPIC,
        partitions: Array.from({ length: count }, (_, partitionIndex) => ({
          partitionIndex,
          timestamp: -1,
        })),
      },
    ],
  });
  return topics[0]!.partitions.map(({ offset }) => Number(offset));
}
