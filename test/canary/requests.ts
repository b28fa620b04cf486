import { buildBatchSync } from '../../engine/batch/builder.js';
import type { APIS, ApiName } from '../../server/handlers/apis.js';
import { SERVER_LIMITS } from '../../server/limits.js';
import type { InputOf } from '../../server/protocol/schema.js';

/** Of the broker that is attacked. */
export const TOPICS = Array.from({ length: 1_000 }, (_, at) => `topic-${at}`);
export const WIDE = 'wide';
export const WIDE_PARTITIONS = 2_000;

/** Elements that a request may name, with some room for what is around them. */
const COUNT = SERVER_LIMITS.arrayElementsPerRequestMax - 1_000;

/** The largest request of one API in one of its versions. */
export type Attack = {
  [N in ApiName]: {
    readonly name: N;
    readonly version: number;
    readonly body: InputOf<(typeof APIS)[N]['request']>;
  };
}[ApiName];

/** One attack after another; the topics are there, and are deleted by the last. */
export function* attacks(): Iterable<Attack> {
  const indexes = numbers(COUNT);
  const wide = numbers(WIDE_PARTITIONS);
  const names = texts('name', COUNT);
  const resources = names
    .slice(0, COUNT / 3)
    .concat(TOPICS)
    .map((resourceName) => ({ resourceType: 2, resourceName }));
  yield { name: 'Metadata', version: 12, body: { topics: null } };
  yield { name: 'Metadata', version: 9, body: named(names, (name) => ({ name })) };
  yield { name: 'CreateTopics', version: 7, body: creationOf(names.slice(0, 20_000), 0) };
  yield {
    name: 'DescribeConfigs',
    version: 4,
    body: {
      resources: resources.map((each) => ({ ...each, configurationKeys: null })),
      includeSynonyms: true,
      includeDocumentation: true,
    },
  };
  yield {
    name: 'AlterConfigs',
    version: 2,
    body: { validateOnly: true, resources: resources.map((each) => ({ ...each, configs: [] })) },
  };
  yield {
    name: 'IncrementalAlterConfigs',
    version: 1,
    body: {
      validateOnly: true,
      resources: resources.map((each) => ({
        ...each,
        configs: [{ name: 'retention.ms', configOperation: 0, value: '5' }],
      })),
    },
  };
  yield {
    name: 'CreatePartitions',
    version: 3,
    body: {
      timeoutMs: 1,
      validateOnly: true,
      topics: names.map((name) => ({ name, count: 2, assignments: null })),
    },
  };
  yield { name: 'DescribeLogDirs', version: 2, body: { topics: null } };
  yield {
    name: 'ListOffsets',
    version: 5,
    body: {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: WIDE, partitions: indexes.map(offsetWish) }],
    },
  };
  yield {
    name: 'OffsetForLeaderEpoch',
    version: 3,
    body: { topics: [{ topic: WIDE, partitions: indexes.map(epochWish) }] },
  };
  yield {
    name: 'DeleteRecords',
    version: 2,
    body: {
      timeoutMs: 1,
      topics: [{ name: WIDE, partitions: indexes.map((index) => startWish(index, -1)) }],
    },
  };
  const records = buildBatchSync([{ key: null, value: 'a', timestamp: Date.now() }]);
  yield {
    name: 'Produce',
    version: 7,
    body: {
      acks: 1,
      timeoutMs: 1_000,
      topics: [{ name: WIDE, partitions: wide.map((index) => ({ index, records })) }],
    },
  };
  yield {
    name: 'DeleteRecords',
    version: 2,
    body: {
      timeoutMs: 1,
      topics: [{ name: WIDE, partitions: wide.map((partition) => startWish(partition, 1)) }],
    },
  };
  const fetched = { maxWaitMs: 300, minBytes: 2 ** 30, maxBytes: 2 ** 30 };
  yield {
    name: 'Fetch',
    version: 11,
    body: { ...fetched, topics: [{ topic: WIDE, partitions: indexes.map(() => fetchWish(0)) }] },
  };
  yield {
    name: 'Fetch',
    version: 11,
    body: { ...fetched, topics: [{ topic: WIDE, partitions: wide.map(fetchWish) }] },
  };
  yield { name: 'DeleteTopics', version: 5, body: { topicNames: names, timeoutMs: 1 } };
  yield { name: 'DeleteTopics', version: 5, body: { topicNames: [WIDE, ...TOPICS], timeoutMs: 1 } };
}

/** A request that creates topics of one partition, or of as many as `partitions`; 0 is refused for each. */
export function creationOf(
  names: readonly string[],
  partitions: number,
): InputOf<(typeof APIS)['CreateTopics']['request']> {
  return {
    topics: names.map((name) => ({
      name,
      numPartitions: partitions,
      replicationFactor: -1,
      assignments: [],
      configs: [],
    })),
  };
}

function named<T>(names: readonly string[], of: (name: string) => T): { readonly topics: T[] } {
  return { topics: names.map(of) };
}

const offsetWish = (partitionIndex: number) => ({ partitionIndex, timestamp: -1 });
const startWish = (partitionIndex: number, offset: number) => ({ partitionIndex, offset });
const fetchWish = (partition: number) => ({ partition, fetchOffset: 0, partitionMaxBytes: 1_000 });
const epochWish = (partition: number) => ({ partition, currentLeaderEpoch: -1, leaderEpoch: 0 });

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

function texts(prefix: string, count: number): string[] {
  return numbers(count).map((at) => `${prefix}-${at}`);
}
