import { type CompactionOptions, LIMITS } from '../../engine/index.js';
import { brokerKeys } from './broker-keys.js';
import { type Listener, parseListeners } from './listeners.js';
import { topicKeys } from './topic-keys.js';
import {
  resolveTopicSettings,
  type SettingTexts,
  type TopicSettings,
  textOf,
} from './topic-settings.js';
import { parseValue, type SettingValue } from './value.js';

/** The settings of consumer groups and of the offsets that they commit. */
export interface GroupSettings {
  /** Both inclusive. */
  readonly sessionTimeoutMinMs: number;
  readonly sessionTimeoutMaxMs: number;
  readonly membersMax: number;
  readonly initialRebalanceDelayMs: number;
  readonly offsetMetadataLengthMax: number;
  readonly offsetsCommitTimeoutMs: number;
  readonly offsetsRetentionMs: number;
  readonly offsetsRetentionCheckIntervalMs: number;
  readonly offsetsTopicPartitions: number;
  readonly offsetsTopicReplicationFactor: number;
  readonly offsetsTopicSegmentBytes: number;
}

/** The broker's own settings, ready to use. Those of topics are in `topicDefaults`. */
export interface BrokerSettings {
  readonly nodeId: number;
  /** The id for a new data directory, and the only one for an old one; null for any. */
  readonly clusterId: string | null;
  readonly listeners: readonly Listener[];
  /** As written; relative to the working directory. */
  readonly dataDir: string;
  readonly numPartitions: number;
  readonly defaultReplicationFactor: number;
  readonly autoCreateTopics: boolean;
  readonly deleteTopics: boolean;
  readonly requestBytesMax: number;
  readonly fetchBytesMax: number;
  readonly fetchSessionSlots: number;
  /** The longest time that a fetch waits. */
  readonly fetchWaitMsMax: number;
  readonly sendFile: boolean;
  /** null where not set: the table of limits decides. */
  readonly connectionsMax: number | null;
  readonly connectionsPerAddressMax: number | null;
  readonly bytesInFlightMax: number | null;
  /** Infinity for never. */
  readonly connectionIdleMs: number;
  readonly producerIdExpirationMs: number;
  readonly retentionCheckIntervalMs: number;
  readonly compaction: CompactionOptions;
  readonly groups: GroupSettings;
  /** The settings of a topic without its own settings, before any change while running. */
  readonly topicDefaults: TopicSettings;
}

const MINUTE_MS = 60_000;
/** 16 bytes in base64url. */
const UUID = /^[A-Za-z0-9_-]{21}[AQgw]$/;

/**
 * The typed form of the keys that were set, each of which is valid on its own, and the problems
 * that they have together. `settings` is meaningful only if there are no problems.
 */
export function typedBrokerSettings(brokerStatic: SettingTexts): {
  settings: BrokerSettings;
  problems: readonly string[];
  warnings: readonly string[];
} {
  const text = (name: string): string | null => brokerText(brokerStatic, name);
  const value = <T extends SettingValue>(name: string): T => brokerValue(brokerStatic, name) as T;
  const isSet = (name: string): boolean => textOf(brokerStatic, name) !== undefined;
  const listeners = parseListeners({
    listeners: text('listeners') ?? '',
    advertisedListeners: text('advertised.listeners'),
    protocolMap: text('listener.security.protocol.map') ?? '',
    controllerListenerNames: text('controller.listener.names'),
  });
  const dirsKey = text('log.dirs') === null ? 'log.dir' : 'log.dirs';
  const dirs = value<readonly string[]>(dirsKey).filter((dir) => dir !== '');
  const settings: BrokerSettings = {
    nodeId: value('node.id'),
    clusterId: text('odradek.cluster.id')?.trim().replace(/==$/, '') || null,
    listeners: listeners.listeners,
    dataDir: dirs[0] ?? '',
    numPartitions: value('num.partitions'),
    defaultReplicationFactor: value('default.replication.factor'),
    autoCreateTopics: value('auto.create.topics.enable'),
    deleteTopics: value('delete.topic.enable'),
    requestBytesMax: value('socket.request.max.bytes'),
    fetchBytesMax: value('fetch.max.bytes'),
    fetchSessionSlots: value('max.incremental.fetch.session.cache.slots'),
    fetchWaitMsMax: value('odradek.fetch.max.wait.ms'),
    sendFile: value('odradek.sendfile.enable'),
    connectionsMax: isSet('max.connections') ? value('max.connections') : null,
    connectionsPerAddressMax: isSet('max.connections.per.ip')
      ? value('max.connections.per.ip')
      : null,
    bytesInFlightMax:
      value('queued.max.request.bytes') === -1 ? null : value('queued.max.request.bytes'),
    connectionIdleMs:
      value('connections.max.idle.ms') === -1
        ? Number.POSITIVE_INFINITY
        : value('connections.max.idle.ms'),
    producerIdExpirationMs: value('producer.id.expiration.ms'),
    retentionCheckIntervalMs: value('log.retention.check.interval.ms'),
    compaction: {
      enabled: value('log.cleaner.enable'),
      threads: value('log.cleaner.threads'),
      mapBytes: value('log.cleaner.dedupe.buffer.size'),
      loadFactor: value('log.cleaner.io.buffer.load.factor'),
      bytesPerSecond: value('log.cleaner.io.max.bytes.per.second'),
      backoffMs: value('log.cleaner.backoff.ms'),
    },
    groups: {
      sessionTimeoutMinMs: value('group.min.session.timeout.ms'),
      sessionTimeoutMaxMs: value('group.max.session.timeout.ms'),
      membersMax: value('group.max.size'),
      initialRebalanceDelayMs: value('group.initial.rebalance.delay.ms'),
      offsetMetadataLengthMax: value('offset.metadata.max.bytes'),
      offsetsCommitTimeoutMs: value('offsets.commit.timeout.ms'),
      offsetsRetentionMs: value<number>('offsets.retention.minutes') * MINUTE_MS,
      offsetsRetentionCheckIntervalMs: value('offsets.retention.check.interval.ms'),
      offsetsTopicPartitions: value('offsets.topic.num.partitions'),
      offsetsTopicReplicationFactor: value('offsets.topic.replication.factor'),
      offsetsTopicSegmentBytes: value('offsets.topic.segment.bytes'),
    },
    topicDefaults: resolveTopicSettings({}, {}, brokerStatic),
  };
  const problems = [...listeners.problems, ...relationProblems(settings)];
  if (dirs.length !== 1) {
    problems.push(
      `${dirsKey}=${dirs.join(',')}: this broker keeps its data in one directory: name exactly one`,
    );
  }
  return { settings, problems, warnings: [...listeners.warnings, ...relationWarnings(settings)] };
}

/** The text in effect for a broker key at the start, by itself; null where there is none. */
export function brokerText(brokerStatic: SettingTexts, name: string): string | null {
  return textOf(brokerStatic, name) ?? brokerKeys.get(name)?.defaultText ?? null;
}

function brokerValue(brokerStatic: SettingTexts, name: string): SettingValue {
  const setting = brokerKeys.get(name);
  const text = brokerText(brokerStatic, name);
  if (setting === undefined || text === null)
    throw new Error(`broker setting ${name} has no value`);
  const parsed = parseValue(setting, text);
  if (!parsed.ok) throw new Error(`broker setting ${name}=${text}: expected ${parsed.expected}`);
  return parsed.value;
}

function relationProblems(settings: BrokerSettings): string[] {
  const problems: string[] = [];
  const { clusterId } = settings;
  if (clusterId !== null && !UUID.test(clusterId)) {
    problems.push(
      `odradek.cluster.id (in images CLUSTER_ID)=${clusterId} is no id: expected 16 bytes as 22 characters of base64url, as kafka-storage random-uuid prints; leave it out to have one drawn`,
    );
  }
  const { bytesInFlightMax, requestBytesMax, topicDefaults } = settings;
  if (bytesInFlightMax !== null && bytesInFlightMax < requestBytesMax) {
    problems.push(
      `queued.max.request.bytes=${bytesInFlightMax} is less than socket.request.max.bytes=${requestBytesMax}: the largest request would never fit; raise the one or lower the other`,
    );
  }
  const { sessionTimeoutMinMs, sessionTimeoutMaxMs } = settings.groups;
  if (sessionTimeoutMinMs > sessionTimeoutMaxMs) {
    problems.push(
      `group.min.session.timeout.ms=${sessionTimeoutMinMs} is greater than group.max.session.timeout.ms=${sessionTimeoutMaxMs}: lower the one or raise the other`,
    );
  }
  const segmentBytesMin = topicKeys.get('segment.bytes')?.valid.min ?? 0;
  const { offsetsTopicSegmentBytes } = settings.groups;
  if (offsetsTopicSegmentBytes < segmentBytesMin) {
    problems.push(
      `offsets.topic.segment.bytes=${offsetsTopicSegmentBytes} is less than the ${segmentBytesMin} that a topic's segment.bytes is at least: raise it`,
    );
  }
  const { threads, mapBytes } = settings.compaction;
  if (mapBytes < threads * LIMITS.compactionMapBytesMin) {
    problems.push(
      `log.cleaner.dedupe.buffer.size=${mapBytes} is less than 1 MiB for each of log.cleaner.threads=${threads}: raise the one or lower the other`,
    );
  }
  const { minCompactionLagMs, maxCompactionLagMs } = topicDefaults;
  if (minCompactionLagMs > maxCompactionLagMs) {
    problems.push(
      `log.cleaner.min.compaction.lag.ms=${minCompactionLagMs} is greater than log.cleaner.max.compaction.lag.ms=${maxCompactionLagMs}: lower the one or raise the other`,
    );
  }
  return problems;
}

function relationWarnings({ requestBytesMax, topicDefaults }: BrokerSettings): string[] {
  if (topicDefaults.maxMessageBytes <= requestBytesMax) return [];
  return [
    `message.max.bytes=${topicDefaults.maxMessageBytes} is greater than socket.request.max.bytes=${requestBytesMax}: a batch that large cannot arrive`,
  ];
}
