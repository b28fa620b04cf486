import { asEvent, type EventRecord, nearestName, recordsOf, shown } from '../../engine/index.js';
import type { BrokerInside } from '../broker/inside.js';
import { SERVER_LIMITS } from '../limits.js';
import type { TopicImage } from '../metadata/image.js';
import { isInternalTopic } from '../metadata/topic-name.js';
import type { Partition } from '../partition/partition.js';
import { type BrokerRecord, brokerRecord, type RecordEncoding } from './broker-record.js';
import { assertCount, assertOptions, assertText } from './options.js';
import { TestBrokerError } from './test-broker-error.js';

/** Which records of a topic are read, and how. */
export interface RecordsQuery {
  /** Default: all partitions, one after another. */
  readonly partition?: number | undefined;
  /** The first offset, of each partition that is read. Default: its start. */
  readonly from?: number | undefined;
  /** The most records. Default: all, which are refused beyond a hundred thousand. */
  readonly limit?: number | undefined;
  /**
   * How keys, values and headers are given; `json` is for values alone. Default `utf8`, in which
   * bytes that are no text become U+FFFD.
   */
  readonly encoding?: RecordEncoding | undefined;
}

const OPTIONS = ['partition', 'from', 'limit', 'encoding'];
const ENCODINGS: readonly unknown[] = ['utf8', 'json', 'buffer'];

/** Offsets by topic id and partition; where there is none it is 0. */
export type Offsets = ReadonlyMap<string, readonly number[]>;

/** Room for what one call reads. */
class Budget {
  #records = 0;
  #bytes = 0;

  take(topic: string, { key, value, headers }: EventRecord): void {
    this.#records += 1;
    this.#bytes += (key?.length ?? 0) + (value?.length ?? 0);
    for (const header of headers) this.#bytes += header.key.length + (header.value?.length ?? 0);
    const { testRecordsMax, testRecordsBytesMax } = SERVER_LIMITS;
    if (this.#records <= testRecordsMax && this.#bytes <= testRecordsBytesMax) return;
    throw new TestBrokerError(
      'TOO_MANY_RECORDS',
      `more than ${testRecordsMax} records, or ${testRecordsBytesMax} bytes, up to ${topic}: read a part, with partition, from and limit`,
    );
  }
}

/**
 * The records of a topic, by partition and then by offset, as far as clients see them. Rejects
 * UNKNOWN_TOPIC, INVALID_OPTION, INVALID_JSON, TOO_MANY_RECORDS.
 */
export async function recordsOfTopic(
  inside: BrokerInside,
  topicName: string,
  query: RecordsQuery = {},
): Promise<BrokerRecord<unknown, unknown>[]> {
  const { partition, from, limit = Number.POSITIVE_INFINITY, encoding = 'utf8' } = query;
  assertOptions('records', query, OPTIONS);
  assertText('topic', topicName);
  assertCount('partition', partition);
  assertCount('from', from);
  assertCount('limit', query.limit);
  if (!ENCODINGS.includes(encoding)) {
    throw invalid(`encoding is 'utf8', 'json' or 'buffer', not ${shown(encoding)}`);
  }
  const topic = knownTopic(inside, topicName);
  const count = topic.partitions.length;
  if (partition !== undefined && topic.partitions[partition] === undefined) {
    throw invalid(`topic ${topicName} has the partitions 0 to ${count - 1}, not ${partition}`);
  }
  const indexes = partition === undefined ? topic.partitions.keys() : [partition];
  const records: BrokerRecord<unknown, unknown>[] = [];
  const budget = new Budget();
  for (const index of indexes) {
    for await (const record of recordsFrom(inside, topic, index, from)) {
      if (records.length >= limit) return records;
      budget.take(topicName, record);
      records.push(brokerRecord(topicName, index, record, encoding));
    }
  }
  return records;
}

/**
 * The records of all topics but internal ones that lie behind these offsets, by topic. Topics
 * without any are left out. Rejects TOO_MANY_RECORDS.
 */
export async function recordsBehind(
  inside: BrokerInside,
  offsets: Offsets,
): Promise<Record<string, BrokerRecord[]>> {
  const budget = new Budget();
  const byTopic: [string, BrokerRecord[]][] = [];
  for (const topic of inside.metadata.image.topics()) {
    if (isInternalTopic(topic.name)) continue;
    const records: BrokerRecord[] = [];
    for (const index of topic.partitions.keys()) {
      const from = offsets.get(topic.id)?.[index];
      for await (const record of recordsFrom(inside, topic, index, from)) {
        budget.take(topic.name, record);
        records.push(brokerRecord(topic.name, index, record, 'utf8') as BrokerRecord);
      }
    }
    if (records.length > 0) byTopic.push([topic.name, records]);
  }
  return Object.fromEntries(byTopic);
}

/** The end of every partition of every topic, by topic id. */
export function endOffsets({ metadata, partitions }: BrokerInside): Map<string, number[]> {
  return new Map(
    [...metadata.image.topics()].map((topic) => [
      topic.id,
      topic.partitions.map((_, index) => partitions.logOf(topic, index)?.highWatermark ?? 0),
    ]),
  );
}

/** Records that a topic holds now, in one partition or in all; 0 for a topic that there is not. */
export function countOf(inside: BrokerInside, topicName: string, partition?: number): number {
  const topic = inside.metadata.image.topic(topicName);
  let count = 0;
  for (const index of topic?.partitions.keys() ?? []) {
    if (partition !== undefined && partition !== index) continue;
    const log = inside.partitions.logOf(topic!, index);
    count += log === null ? 0 : log.highWatermark - log.logStartOffset;
  }
  return count;
}

/** Throws UNKNOWN_TOPIC, with the nearest name. */
export function knownTopic({ metadata }: BrokerInside, name: string): TopicImage {
  const { image } = metadata;
  const topic = image.topic(name);
  if (topic !== undefined) return topic;
  const nearest = nearestName(name, image.topicNames());
  throw new TestBrokerError(
    'UNKNOWN_TOPIC',
    `there is no topic ${shown(name)}${nearest === null ? ': create it, or wait for it with until({ topic })' : `: did you mean ${nearest}?`}`,
  );
}

async function* recordsFrom(
  { partitions, slices }: BrokerInside,
  topic: TopicImage,
  index: number,
  from: number | undefined,
): AsyncGenerator<EventRecord, void> {
  const { log }: Partition = await opened(partitions, topic, index);
  if (from !== undefined && from >= log.highWatermark) return;
  const start = Math.max(from ?? 0, log.logStartOffset);
  yield* recordsOf(log, { from: start }, { slices, decode: asEvent });
}

/** A topic can be in the metadata before its logs are open. */
async function opened(
  partitions: BrokerInside['partitions'],
  topic: TopicImage,
  index: number,
): Promise<Partition> {
  await partitions.ensure(topic);
  return partitions.find(topic, index);
}

function invalid(message: string): TestBrokerError {
  return new TestBrokerError('INVALID_OPTION', message);
}
