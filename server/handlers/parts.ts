import type { DiskSpace } from '../../engine/index.js';
import type { FetchSessions } from '../fetching/fetch-sessions.js';
import type { GroupCoordinator } from '../groups/coordinator.js';
import type { RateLimitedLogger } from '../logging/rate-limit.js';
import type { Controller } from '../metadata/controller.js';
import { brokerLayers } from '../metadata/effective-settings.js';
import type { MetadataView } from '../metadata/metadata-view.js';
import type { ProducerIds } from '../metadata/producer-ids.js';
import type { Partitions } from '../partition/partitions.js';
import type { Api } from '../protocol/api.js';
import type { DelayedOperations } from '../request/delayed.js';
import type { WaitKey } from '../request/waiting.js';
import type { BrokerSettings } from '../settings/broker-settings.js';
import type { SettingTexts } from '../settings/topic-settings.js';

/** The parts of a broker that handlers use. */
export interface BrokerParts {
  readonly metadata: MetadataView;
  readonly controller: Controller;
  readonly partitions: Partitions;
  readonly producerIds: ProducerIds;
  readonly groups: GroupCoordinator;
  /** Waiting fetches and produces; `Partitions` is told to check it. */
  readonly delayed: DelayedOperations<WaitKey>;
  /** `Partitions` tells it of every move, too. */
  readonly fetchSessions: FetchSessions;
  readonly settings: BrokerSettings;
  /** The keys that were set at the start, as text. */
  readonly brokerStatic: SettingTexts;
  readonly partitionsPerTopicMax: number;
  /** Epoch in which this node leads its partitions and keeps the metadata. */
  readonly leaderEpoch: number;
  /** For lines that clients can cause as often as they like. */
  readonly limitedLog: RateLimitedLogger;
  /** The file system of the data directory, as of now. Rejects with the system's error. */
  space(): Promise<DiskSpace>;
}

/** The same parts, and values that are derived from them. */
export type HandlerParts = ReturnType<typeof handlerParts>;

export function handlerParts(broker: BrokerParts, apis: readonly Api[]) {
  const { settings, metadata, brokerStatic } = broker;
  const { nodeId } = settings;
  return {
    ...broker,
    apis,
    nodeId,
    topicRules: {
      get brokers() {
        return metadata.image.brokers;
      },
      defaultReplicationFactor: settings.defaultReplicationFactor,
      defaultPartitionCount: settings.numPartitions,
      partitionCountMax: broker.partitionsPerTopicMax,
    },
    autoCreateTopics: settings.autoCreateTopics,
    deleteTopics: settings.deleteTopics,
    dataDir: settings.dataDir,
    responseBytesMax: settings.fetchBytesMax,
    fetchWaitMsMax: settings.fetchWaitMsMax,
    layers: () => brokerLayers(metadata.image, nodeId, brokerStatic),
  };
}
