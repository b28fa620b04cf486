import { types } from 'node:util';
import {
  buildBatch,
  type Clock,
  type FieldInput,
  type RecordInput,
  shown,
} from '../../engine/index.js';
import type { BrokerInside } from '../broker/inside.js';
import { SERVER_LIMITS } from '../limits.js';
import { brokerLayers } from '../metadata/effective-settings.js';
import type { TopicImage } from '../metadata/image.js';
import { planTopic } from '../metadata/new-topic.js';
import { ApiError } from '../protocol/api-error.js';
import { partitionOfKey } from '../protocol/partitioner.js';
import { mergedDynamic } from '../settings/describe.js';
import { lagProblem } from '../settings/topic-settings.js';
import { assertOptions } from './options.js';
import { TestBrokerError } from './test-broker-error.js';

/** A record that a topic starts with. */
export interface SeedRecord {
  /** Default null. */
  readonly key?: FieldInput | undefined;
  /** Text is written as UTF-8. Default null, a tombstone. */
  readonly value?: FieldInput | undefined;
  /** By name; several values of a name in an array. */
  readonly headers?: Readonly<Record<string, FieldInput | readonly FieldInput[]>> | undefined;
  /**
   * Default: that to which Java producers send the key; records without a key go round all
   * partitions.
   */
  readonly partition?: number | undefined;
  /** Milliseconds since the Unix epoch, or a Date. Default: the broker's time. */
  readonly timestamp?: number | Date | undefined;
}

/** A topic that a broker starts with. */
export interface SeedTopic {
  /** Default: `num.partitions`. */
  readonly partitions?: number | undefined;
  /** Settings of the topic under Kafka's names. */
  readonly config?: Readonly<Record<string, string | number | boolean>> | undefined;
  readonly records?: readonly SeedRecord[] | undefined;
}

/** The topics that a broker starts with, by name. */
export type SeedTopics = Readonly<Record<string, SeedTopic>>;

const TOPIC_OPTIONS = ['partitions', 'config', 'records'];
const RECORD_OPTIONS = ['key', 'value', 'headers', 'partition', 'timestamp'];

/**
 * Creates the topics that are not there yet, with their records. Rejects with ApiError as
 * CreateTopics would, and INVALID_OPTION for what is no record.
 */
export async function seed(
  inside: BrokerInside,
  topics: SeedTopics,
  clock: Pick<Clock, 'wallMs'>,
): Promise<void> {
  const { controller, partitions, metadata } = inside;
  for (const [name, wish] of Object.entries(topics)) {
    assertOptions(`the topic ${JSON.stringify(name)}`, wish, TOPIC_OPTIONS);
    if (metadata.image.topic(name) !== undefined) continue;
    const [outcome] = await controller.createTopics([plan(inside, name, wish)]);
    if (outcome === undefined || !outcome.ok) throw outcome?.error;
    const topic = outcome.value!;
    await partitions.ensure(topic);
    await append(inside, topic, wish.records ?? [], clock.wallMs());
  }
}

function plan(inside: BrokerInside, name: string, { partitions = -1, config = {} }: SeedTopic) {
  const { metadata, settings, brokerStatic } = inside;
  const configs = Object.entries(config).map(([key, value]) => ({
    name: key,
    value: String(value),
  }));
  const wish = {
    name,
    partitionCount: partitions,
    replicationFactor: -1,
    assignments: [],
    configs,
  };
  try {
    const topic = planTopic(wish, {
      brokers: metadata.image.brokers,
      defaultReplicationFactor: settings.defaultReplicationFactor,
      defaultPartitionCount: settings.numPartitions,
      partitionCountMax: SERVER_LIMITS.partitionsPerTopicMax,
    });
    const dynamic = mergedDynamic(brokerLayers(metadata.image, settings.nodeId, brokerStatic));
    const problem = lagProblem(topic.overrides, dynamic, brokerStatic);
    if (problem !== undefined) throw new ApiError('INVALID_CONFIG', problem);
    return topic;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new TestBrokerError(
      'INVALID_OPTION',
      `the topic ${JSON.stringify(name)}: ${error.message}`,
      {
        cause: error,
      },
    );
  }
}

async function append(
  { partitions }: BrokerInside,
  topic: TopicImage,
  records: readonly SeedRecord[],
  nowMs: number,
): Promise<void> {
  const byPartition: RecordInput[][] = topic.partitions.map(() => []);
  for (const [at, record] of records.entries()) {
    const what = `record ${at} of the topic ${topic.name}`;
    assertOptions(what, record, RECORD_OPTIONS);
    const list = byPartition[partitionFor(record, at, byPartition.length)];
    if (list === undefined) {
      throw invalid(`${what}: there is no partition ${shown(record.partition)}`);
    }
    list.push(recordInput(record, what, nowMs));
  }
  for (const [index, list] of byPartition.entries()) {
    const partition = partitions.find(topic, index);
    for (const batch of batchesOf(list)) {
      await partition.append(await buildBatch(batch), 1);
    }
  }
}

function partitionFor({ key, partition }: SeedRecord, at: number, count: number): number {
  if (partition !== undefined) return partition;
  if (key === null || key === undefined) return at % count;
  return partitionOfKey(typeof key === 'string' ? Buffer.from(key) : key, count);
}

function recordInput(
  { key = null, value = null, headers = {}, timestamp }: SeedRecord,
  what: string,
  nowMs: number,
): RecordInput {
  const timestampMs = types.isDate(timestamp) ? timestamp.getTime() : (timestamp ?? nowMs);
  if (!Number.isSafeInteger(timestampMs)) {
    throw invalid(`${what}: a timestamp is a Date or whole milliseconds, not ${shown(timestamp)}`);
  }
  const pairs = Object.entries(headers).flatMap(([name, content]) =>
    (Array.isArray(content) ? content : [content]).map(
      (each: FieldInput) => [name, field(each, `${what}: header ${name}`)] as const,
    ),
  );
  return {
    key: field(key, `${what}: key`),
    value: field(value, `${what}: value`),
    headers: pairs,
    timestamp: timestampMs,
  };
}

function field(content: unknown, what: string): FieldInput {
  if (content === null || typeof content === 'string') return content;
  if (ArrayBuffer.isView(content)) return content as Uint8Array;
  throw invalid(`${what} is text, bytes or null, not ${typeof content}: JSON.stringify it`);
}

function* batchesOf(records: readonly RecordInput[]): Generator<RecordInput[]> {
  const { seedBatchRecords, seedBatchBytes } = SERVER_LIMITS;
  let batch: RecordInput[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = (record.key?.length ?? 0) + (record.value?.length ?? 0);
    if (batch.length > 0 && (batch.length >= seedBatchRecords || bytes + size > seedBatchBytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

function invalid(message: string): TestBrokerError {
  return new TestBrokerError('INVALID_OPTION', message);
}
