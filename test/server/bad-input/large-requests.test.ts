import { describe, expect, test } from 'vitest';
import { APIS } from '../../../server/handlers/apis.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { batchOf, beside, startAttackedBroker } from './attacked-broker.js';
import { expectHeldBelow, memoryHeld } from './memory.js';
import { framed, headerOf, int16, int32 } from './wire-client.js';

const MIB = 1024 * 1024;
const MILLION = 1_000_000;

describe('a million elements', () => {
  const fetchSettings = Buffer.concat([int32(-1), int32(0), int32(1), int32(1000), Buffer.of(0)]);
  const partition = Buffer.concat([int32(0), Buffer.alloc(8), int32(1000)]);
  const emptyTopic = Buffer.concat([int16(1), Buffer.from('t'), int32(0)]);

  test.each([
    [
      'partitions in Fetch',
      framed(
        headerOf(APIS.Fetch.key, 4),
        fetchSettings,
        int32(1),
        int16(1),
        Buffer.from('t'),
        int32(MILLION),
        Buffer.alloc(MILLION * partition.length, partition),
      ),
    ],
    [
      'topics in Fetch',
      framed(
        headerOf(APIS.Fetch.key, 4),
        fetchSettings,
        int32(MILLION + 1),
        Buffer.alloc((MILLION + 1) * emptyTopic.length, emptyTopic),
      ),
    ],
    [
      'names in Metadata',
      framed(
        headerOf(APIS.Metadata.key, 1),
        int32(MILLION + 1),
        Buffer.alloc((MILLION + 1) * 3, Buffer.concat([int16(1), Buffer.from('t')])),
      ),
    ],
    [
      'unknown tags in FindCoordinator',
      framed(
        headerOf(APIS.FindCoordinator.key, 4),
        Buffer.of(0, 0, 1),
        Buffer.of(0xc1, 0x84, 0x3d),
        Buffer.alloc((MILLION + 1) * 2, Buffer.of(99, 0)),
      ),
    ],
  ])('%s close the connection', async (_what, bytes) => {
    const broker = await startAttackedBroker();
    await beside(broker, async () => {
      const before = memoryHeld();
      const client = await broker.connect();
      await client.write(bytes);
      expect(await client.nextFrame()).toBeNull();
      await expectHeldBelow(before, { heapBytes: 16 * MIB, bufferBytes: 16 * MIB });
    });
    expect(broker.lines[0]).toContain('TOO_MANY_ELEMENTS');
  });
});

test('a partition that is named twice in ListOffsets is refused, as by Kafka, and the others are not', async () => {
  const broker = await startAttackedBroker();
  await broker.createTopic('t', {}, 2);
  const client = await broker.connect();
  const twice = { partitionIndex: 0, timestamp: -1 };
  const { topics } = await client.call('ListOffsets', 6, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [
      { name: 't', partitions: [twice, { partitionIndex: 1, timestamp: -1 }] },
      { name: 't', partitions: [twice] },
    ],
  });
  const codes = topics.map(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
  expect(codes).toEqual([[ErrorCode.INVALID_REQUEST, 0], [ErrorCode.INVALID_REQUEST]]);
});

test('a lookup by time in two hundred partitions has few of their batches in memory at a time', async () => {
  const broker = await startAttackedBroker();
  await broker.createTopic('t', {}, 200);
  const client = await broker.connect();
  const batch = batchOf(['v'.repeat(MIB / 4)]);
  for (let index = 0; index < 200; index++) {
    const { topics } = await client.call('Produce', 9, {
      acks: 1,
      timeoutMs: 1000,
      topics: [{ name: 't', partitions: [{ index, records: batch }] }],
    });
    expect(topics[0]!.partitions[0]!.errorCode).toBe(0);
  }
  const before = memoryHeld();
  let peakBytes = 0;
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, memoryHeld().bufferBytes);
  }, 20);
  const { topics } = await client.call('ListOffsets', 6, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [
      {
        name: 't',
        partitions: Array.from({ length: 200 }, (_, partitionIndex) => ({
          partitionIndex,
          timestamp: 1,
        })),
      },
    ],
  });
  clearInterval(watch);
  expect(topics[0]!.partitions.every(({ offset }) => offset === 0)).toBe(true);
  // All of them are 50 MiB. One is held at a time, but V8 gives memory back some time after it was
  // let go.
  expect(peakBytes - before.bufferBytes).toBeLessThan(25 * MIB);
});

describe('ten thousand topics in one Metadata request', () => {
  const names = Array.from({ length: 10_000 }, (_, at) => ({ name: `topic.number_${at}` }));

  test('that do not exist are answered one by one', async () => {
    const broker = await startAttackedBroker({ config: { 'auto.create.topics.enable': 'false' } });
    await beside(broker, async () => {
      const client = await broker.connect();
      const { topics } = await client.call('Metadata', 9, {
        topics: names,
        allowAutoTopicCreation: true,
      });
      expect(topics).toHaveLength(names.length);
      for (const { errorCode } of topics) {
        expect(errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
      }
    });
  });

  test('that may be created are created, and the next client finds them all', async () => {
    const broker = await startAttackedBroker();
    await beside(broker, async () => {
      const client = await broker.connect();
      const { topics } = await client.call('Metadata', 9, {
        topics: names,
        allowAutoTopicCreation: true,
      });
      expect(topics).toHaveLength(names.length);
      expect(topics.every(({ errorCode }) => errorCode === 0)).toBe(true);
      const other = await broker.connect();
      const all = await other.call('Metadata', 9, { topics: null });
      expect(all.topics).toHaveLength(names.length + 1);
    });
  });
});
