import { many, name, type RequestShape, shape, TOPIC } from './shape.js';

const FROM_START = { fetchOffset: 0, partitionMaxBytes: 1 } as const;
const AT_ONCE = { maxWaitMs: 0, minBytes: 1 } as const;

/**
 * Partitions in each of the ways in which they are refused, missing or repeated, and topics without
 * any.
 */
export const PARTITION_SHAPES: readonly RequestShape[] = [
  shape('DescribeLogDirs', 2, 'topics without partitions', (count) => ({
    topics: many(count, (at) => ({ topic: name(at), partitions: [] })),
  })),
  shape('DescribeLogDirs', 2, 'partitions of one topic', (count) => ({
    topics: [{ topic: TOPIC, partitions: many(count, (at) => at) }],
  })),
  shape('ElectLeaders', 2, 'topics without partitions', (count) => ({
    topicPartitions: many(count, (at) => ({ topic: name(at), partitions: [] })),
  })),
  shape('DescribeQuorum', 2, 'topics without partitions', (count) => ({
    topics: many(count, (at) => ({ topicName: name(at), partitions: [] })),
  })),
  shape('DescribeQuorum', 2, 'partitions of one topic', (count) => ({
    topics: [
      { topicName: TOPIC, partitions: many(count, (partitionIndex) => ({ partitionIndex })) },
    ],
  })),
  shape('ListOffsets', 5, 'topics without partitions', (count) => ({
    replicaId: -1,
    isolationLevel: 0,
    topics: many(count, (at) => ({ name: name(at), partitions: [] })),
  })),
  shape('ListOffsets', 5, 'partitions of one topic', (count) => ({
    replicaId: -1,
    isolationLevel: 0,
    topics: [
      {
        name: TOPIC,
        partitions: many(count, (partitionIndex) => ({ partitionIndex, timestamp: -1 })),
      },
    ],
  })),
  shape('OffsetForLeaderEpoch', 3, 'topics without partitions', (count) => ({
    topics: many(count, (at) => ({ topic: name(at), partitions: [] })),
  })),
  shape('DeleteRecords', 2, 'topics without partitions', (count) => ({
    timeoutMs: 1,
    topics: many(count, (at) => ({ name: name(at), partitions: [] })),
  })),
  shape('DeleteRecords', 2, 'one partition', (count) => ({
    timeoutMs: 1,
    topics: [{ name: TOPIC, partitions: many(count, () => ({ partitionIndex: 0, offset: -1 })) }],
  })),
  shape('DescribeProducers', 0, 'topics without partitions', (count) => ({
    topics: many(count, (at) => ({ name: name(at), partitionIndexes: [] })),
  })),
  shape('DescribeProducers', 0, 'partitions of an unknown topic', (count) => ({
    topics: [{ name: 'unknown', partitionIndexes: many(count, (at) => at) }],
  })),
  shape('DescribeProducers', 0, 'one partition', (count) => ({
    topics: [{ name: TOPIC, partitionIndexes: many(count, () => 0) }],
  })),
  shape('Produce', 7, 'topics without partitions', (count) => ({
    acks: 1,
    timeoutMs: 1,
    topics: many(count, (at) => ({ name: name(at), partitions: [] })),
  })),
  shape('Produce', 7, 'partitions without a batch', (count) => ({
    acks: 1,
    timeoutMs: 1,
    topics: [{ name: TOPIC, partitions: many(count, () => ({ index: 0, records: null })) }],
  })),
  shape('Fetch', 11, 'topics without partitions', (count) => ({
    ...AT_ONCE,
    topics: many(count, (at) => ({ topic: name(at), partitions: [] })),
  })),
  shape('Fetch', 11, 'one partition', (count) => ({
    ...AT_ONCE,
    topics: [{ topic: TOPIC, partitions: many(count, () => ({ partition: 0, ...FROM_START })) }],
  })),
  shape('Fetch', 11, 'partitions of one topic, for a session', (count) => ({
    ...AT_ONCE,
    sessionEpoch: 0,
    topics: [
      { topic: TOPIC, partitions: many(count, (partition) => ({ partition, ...FROM_START })) },
    ],
  })),
];
