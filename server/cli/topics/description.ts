import { ErrorCode, errorInfo } from '../../protocol/error-codes.js';
import { DescribeConfigs } from '../../protocol/messages/describe-configs.js';
import type { Metadata } from '../../protocol/messages/metadata.js';
import type { Answer, Client } from '../client.js';
import { DEFAULT_SOURCE, sourceName, TOPIC_RESOURCE } from '../resources.js';
import { EARLIEST, LATEST, offsetsAt, sizesOf, type TopicList } from './offset-ranges.js';

/** Everything that is told of a topic, as `--json` prints it; null is what could not be learned. */
export interface TopicDescription {
  readonly topic: string;
  readonly topicId: string;
  readonly internal: boolean;
  readonly replicationFactor: number;
  readonly sizeBytes: number | null;
  /** Those that differ from the defaults of the program. */
  readonly settings: readonly {
    readonly name: string;
    readonly value: string | null;
    /** Kafka's name for where it was set. */
    readonly source: string;
  }[];
  readonly partitions: readonly PartitionDescription[];
}

export interface PartitionDescription {
  readonly partition: number;
  readonly leader: number | null;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly inSync: readonly number[];
  readonly startOffset: number | null;
  readonly endOffset: number | null;
  readonly sizeBytes: number | null;
  /** The name of an error code; null where there is none. */
  readonly error: string | null;
}

type TopicMetadata = Answer<typeof Metadata>['topics'][number];

/** Asks for settings, offsets and sizes of topics, all in four requests. Keeps their order. */
export async function describe(
  client: Client,
  topics: readonly TopicMetadata[],
): Promise<TopicDescription[]> {
  const list: TopicList = topics.map(({ name, partitions }) => ({
    name: name ?? '',
    partitions: partitions.map(({ partitionIndex }) => partitionIndex),
  }));
  const settings = await settingsOf(client, list);
  const start = await offsetsAt(client, list, EARLIEST);
  const end = await offsetsAt(client, list, LATEST);
  const sizes = await sizesOf(client, list);
  return topics.map(({ name, topicId, isInternal, partitions }) => {
    const topic = name ?? '';
    const of = (facts: typeof start, partition: number): number | null =>
      facts.get(topic)?.get(partition) ?? null;
    const described = partitions
      .map((each): PartitionDescription => {
        const { partitionIndex: partition, leaderId, leaderEpoch, errorCode } = each;
        return {
          partition,
          leader: leaderId === -1 ? null : leaderId,
          leaderEpoch,
          replicas: each.replicaNodes,
          inSync: each.isrNodes,
          startOffset: of(start, partition),
          endOffset: of(end, partition),
          sizeBytes: of(sizes, partition),
          error: errorCode === ErrorCode.NONE ? null : errorInfo(errorCode).name,
        };
      })
      .sort((a, b) => a.partition - b.partition);
    const known = described.filter(({ sizeBytes }) => sizeBytes !== null);
    return {
      topic,
      topicId,
      internal: isInternal,
      replicationFactor: described[0]?.replicas.length ?? 0,
      sizeBytes:
        known.length === 0 ? null : known.reduce((sum, each) => sum + (each.sizeBytes ?? 0), 0),
      settings: settings.get(topic) ?? [],
      partitions: described,
    };
  });
}

async function settingsOf(
  client: Client,
  topics: TopicList,
): Promise<ReadonlyMap<string, TopicDescription['settings']>> {
  const { results } = await client.request(DescribeConfigs, {
    resources: topics.map(({ name }) => ({
      resourceType: TOPIC_RESOURCE,
      resourceName: name,
      configurationKeys: null,
    })),
  });
  return new Map(
    results.map(({ resourceName, configs }) => [
      resourceName,
      configs
        .map(({ name, value, configSource }) => ({ name, value, source: sourceName(configSource) }))
        .filter(({ source }) => source !== DEFAULT_SOURCE),
    ]),
  );
}
