import type { Advertised } from '../settings/listeners.js';
import type { SettingTexts } from '../settings/topic-settings.js';
import { LayeredMap } from './layered-map.js';

/** The leader and the replicas of a partition. */
export interface PartitionImage {
  /** Node id, -1 if there is no leader. */
  readonly leader: number;
  /** Never negative, never goes back (KIP-320). */
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

export interface TopicImage {
  readonly name: string;
  /** Kafka's text form, 22 characters. A recreated topic has another. */
  readonly id: string;
  readonly internal: boolean;
  /** By partition number. */
  readonly partitions: readonly PartitionImage[];
  /** The settings given for this topic, as text by key; everything else is a default. */
  readonly overrides: SettingTexts;
  /** The store's revision that last changed this topic: the condition of the next change. */
  readonly revision: number;
}

export interface BrokerImage {
  readonly nodeId: number;
  readonly rack: string | null;
  /** The addresses that clients are told, by the name of the listener. */
  readonly endpoints: ReadonlyMap<string, Advertised>;
}

/** Broker settings that were changed at run time. */
export interface BrokerOverrides {
  readonly texts: SettingTexts;
  /** As in {@link TopicImage}. */
  readonly revision: number;
}

interface Contents {
  readonly revision: number;
  readonly clusterId: string;
  readonly controllerId: number;
  readonly brokers: readonly BrokerImage[];
  readonly topics: LayeredMap<TopicImage>;
  readonly topicsById: LayeredMap<TopicImage>;
  readonly partitionCount: number;
  readonly brokerOverrides: ReadonlyMap<string, BrokerOverrides>;
}

/** The changes of one step. A topic of null was deleted. */
export interface ImageChange {
  readonly revision: number;
  readonly topics?: ReadonlyMap<string, TopicImage | null>;
  readonly brokerOverrides?: ReadonlyMap<string, BrokerOverrides>;
}

/**
 * The cluster's facts at one revision of the metadata store. Immutable: a handler that took it sees
 * one consistent state for as long as it holds on to it. Lookups answer undefined for what is not
 * there.
 */
export class MetadataImage {
  /** The store's revision that this image shows. */
  readonly revision: number;
  readonly clusterId: string;
  /** The node to which clients send requests that change metadata. */
  readonly controllerId: number;
  readonly brokers: readonly BrokerImage[];
  /**
   * Broker settings changed at run time, by node id in digits; those under '' are for every broker.
   */
  readonly brokerOverrides: ReadonlyMap<string, BrokerOverrides>;
  /** Number of partitions of all topics. */
  readonly partitionCount: number;
  readonly #topics: LayeredMap<TopicImage>;
  readonly #byId: LayeredMap<TopicImage>;

  constructor(contents: Contents) {
    this.revision = contents.revision;
    this.clusterId = contents.clusterId;
    this.controllerId = contents.controllerId;
    this.brokers = contents.brokers;
    this.brokerOverrides = contents.brokerOverrides;
    this.partitionCount = contents.partitionCount;
    this.#topics = contents.topics;
    this.#byId = contents.topicsById;
  }

  topic(name: string): TopicImage | undefined {
    return this.#topics.get(name);
  }

  topicById(id: string): TopicImage | undefined {
    return this.#byId.get(id);
  }

  get topicCount(): number {
    return this.#topics.size;
  }

  topicNames(): Iterable<string> {
    return this.#topics.keys();
  }

  topics(): Iterable<TopicImage> {
    return this.#topics.values();
  }

  /** A new image; this one stays as it is. Maps that did not change are shared. */
  with(change: ImageChange): MetadataImage {
    let topics = this.#topics;
    let topicsById = this.#byId;
    let { partitionCount } = this;
    if (change.topics !== undefined && change.topics.size > 0) {
      const byId: [string, TopicImage | null][] = [];
      for (const [name, topic] of change.topics) {
        const before = topics.get(name);
        if (before !== undefined) byId.push([before.id, null]);
        if (topic !== null) byId.push([topic.id, topic]);
        partitionCount += (topic?.partitions.length ?? 0) - (before?.partitions.length ?? 0);
      }
      topics = topics.with(change.topics);
      topicsById = topicsById.with(byId);
    }
    return new MetadataImage({
      revision: change.revision,
      clusterId: this.clusterId,
      controllerId: this.controllerId,
      brokers: this.brokers,
      topics,
      topicsById,
      partitionCount,
      brokerOverrides: change.brokerOverrides ?? this.brokerOverrides,
    });
  }
}

/** The image of a cluster without topics, to which changes are applied. */
export function emptyImage(
  cluster: Pick<MetadataImage, 'clusterId' | 'controllerId' | 'brokers'>,
): MetadataImage {
  return new MetadataImage({
    ...cluster,
    revision: 0,
    topics: LayeredMap.empty(),
    topicsById: LayeredMap.empty(),
    partitionCount: 0,
    brokerOverrides: new Map(),
  });
}
