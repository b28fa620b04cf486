import { ErrorCode } from '../../protocol/error-codes.js';
import { DescribeLogDirs } from '../../protocol/messages/describe-log-dirs.js';
import { ListOffsets } from '../../protocol/messages/list-offsets.js';
import type { Client } from '../client.js';

/** Topics and the partitions of each that are asked about. */
export type TopicList = readonly {
  readonly name: string;
  readonly partitions: readonly number[];
}[];

/** A number by topic and partition; what could not be learned is missing. */
export type ByPartition = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** Of ListOffsets. */
export const LATEST = -1;
export const EARLIEST = -2;

/**
 * The offset at a timestamp, or `EARLIEST` or `LATEST`, of partitions of many topics. One that
 * cannot be read is left out.
 */
export async function offsetsAt(
  client: Client,
  topics: TopicList,
  timestamp: number,
): Promise<ByPartition> {
  const answer = await client.request(ListOffsets, {
    replicaId: -1,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((partitionIndex) => ({ partitionIndex, timestamp })),
    })),
  });
  return new Map(
    answer.topics.map(({ name, partitions }) => [
      name,
      new Map(
        partitions
          .filter(({ errorCode }) => errorCode === ErrorCode.NONE)
          .map(({ partitionIndex, offset }) => [partitionIndex, offset]),
      ),
    ]),
  );
}

/** Bytes of partitions on the disk of the broker that is asked, all of them without `topics`. */
export async function sizesOf(client: Client, topics: TopicList | null): Promise<ByPartition> {
  const { results } = await client.request(DescribeLogDirs, {
    topics:
      topics?.map(({ name, partitions }) => ({ topic: name, partitions: [...partitions] })) ?? null,
  });
  const sizes = new Map<string, Map<number, number>>();
  for (const { name, partitions } of results.flatMap((result) => result.topics)) {
    const byPartition = sizes.get(name) ?? new Map<number, number>();
    sizes.set(name, byPartition);
    for (const { partitionIndex, partitionSize } of partitions) {
      byPartition.set(partitionIndex, partitionSize);
    }
  }
  return sizes;
}
