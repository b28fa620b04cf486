import { SERVER_LIMITS } from '../../../server/limits.js';
import { type Attack, COUNT, numbers, request } from '../attack.js';

/** Topics of as many partitions as one may have; ten are the partitions that no default refuses. */
export const WIDEST = numbers(10).map((at) => `widest-${at}`);
export const WIDEST_PARTITIONS = SERVER_LIMITS.partitionsPerTopicMax;

/** Partitions over all topics, as many as a request may name. */
const everywhere = <T>(of: (name: string, partitions: readonly number[]) => T): T[] =>
  WIDEST.map((name) => of(name, numbers(COUNT / WIDEST.length)));

/** Of a broker with `count` partitions. */
export function partitionAttacks(count: number): readonly Attack[] {
  const all = `all of ${count} partitions`;
  return [
    request('Metadata', 12, all, count, () => ({ topics: null })),
    request('DescribeLogDirs', 4, all, count, () => ({ topics: null })),
    request('ElectLeaders', 2, all, count, () => ({ topicPartitions: null })),
    request('IncrementalAlterConfigs', 1, `a setting of ${all}`, count, () => ({
      validateOnly: false,
      resources: [
        {
          resourceType: 4,
          resourceName: '',
          configs: [{ name: 'log.retention.ms', configOperation: 0, value: '86400000' }],
        },
      ],
    })),
    request('IncrementalAlterConfigs', 1, 'a setting of one topic', WIDEST_PARTITIONS, () => ({
      validateOnly: false,
      resources: [
        {
          resourceType: 2,
          resourceName: WIDEST[0]!,
          configs: [{ name: 'retention.ms', configOperation: 0, value: '86400000' }],
        },
      ],
    })),
    request('ListOffsets', 5, all, COUNT, () => ({
      replicaId: -1,
      isolationLevel: 0,
      topics: everywhere((name, partitions) => ({
        name,
        partitions: partitions.map((partitionIndex) => ({ partitionIndex, timestamp: -1 })),
      })),
    })),
    request('Fetch', 11, all, COUNT, () => ({
      maxWaitMs: 300,
      minBytes: 2 ** 30,
      maxBytes: 2 ** 30,
      topics: everywhere((topic, partitions) => ({
        topic,
        partitions: partitions.map((partition) => ({
          partition,
          fetchOffset: 0,
          partitionMaxBytes: 1_000,
        })),
      })),
    })),
  ];
}

/** Deletes topics of the widest. */
export function widestDeletion(topicNames: readonly string[]): Attack {
  const count = topicNames.length * WIDEST_PARTITIONS;
  return request('DeleteTopics', 5, `${count} partitions`, 2 * count, () => ({
    topicNames,
    timeoutMs: 1,
  }));
}
