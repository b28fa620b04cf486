import {
  AssertionError,
  EngineError,
  type LogSettings,
  type PartitionLog,
  type PartitionName,
  reasonOf,
} from '../../engine/index.js';
import type { Logger } from '../logging/log.js';
import type { MetadataImage, TopicImage } from '../metadata/image.js';
import type { MetadataView } from '../metadata/metadata-view.js';
import type { TopicSettings } from '../settings/topic-settings.js';
import { leadershipOf } from './leadership.js';
import { logSettingsOf } from './log-settings.js';
import { Partition, type PartitionWatchers } from './partition.js';

export interface PartitionOpenerOptions extends PartitionWatchers {
  readonly engine: {
    openPartition(name: PartitionName, settings: LogSettings): Promise<PartitionLog>;
  };
  readonly metadata: MetadataView;
  readonly nodeId: number;
  readonly logger: Logger;
  readonly producerExpirationMs: number;
  /** The settings in effect for a topic, by all layers of the current image. */
  settingsOf(topic: TopicImage): TopicSettings;
}

/** A partition, and the image from which it has its role and settings. */
export interface OpenedPartition {
  readonly partition: Partition;
  readonly image: MetadataImage;
}

/** A topic's settings, for the broker and for its logs; one object for all of its partitions. */
interface SettingsOfTopic {
  readonly brokerOverrides: unknown;
  readonly topic: TopicSettings;
  readonly log: LogSettings;
}

/** Stands for every topic without settings of its own. */
const NO_OVERRIDES = {};

/**
 * Opens logs as partitions, with the role and the settings that the current image gives them, and
 * hands both on when they change. A failure is a line in the log.
 */
export class PartitionOpener {
  readonly #options: PartitionOpenerOptions;
  readonly #settings = new WeakMap<object, SettingsOfTopic>();

  constructor(options: PartitionOpenerOptions) {
    this.#options = options;
  }

  /** Resolves with the partition; null for a log that does not open, or cannot take its role. */
  async open(topic: TopicImage, name: PartitionName): Promise<OpenedPartition | null> {
    const { engine, metadata, nodeId } = this.#options;
    try {
      const opened = this.#settingsOf(topic).log;
      const log = await engine.openPartition(name, opened);
      // Role and settings may have changed meanwhile.
      const { image } = metadata;
      const current = image.topicById(topic.id) ?? topic;
      const settings = this.#settingsOf(current);
      const { minInsyncReplicas } = settings.topic;
      const state = current.partitions[name.partition]!;
      const leadership = leadershipOf(state, nodeId, minInsyncReplicas);
      const partition = new Partition(log, leadership, this.#options);
      if (settings.log !== opened) log.updateSettings(settings.log);
      return { partition, image };
    } catch (error) {
      this.#sayOffline(name, error);
      return null;
    }
  }

  /** Hands on role and settings. False where the log cannot take its role. */
  update(partition: Partition, topic: TopicImage): boolean {
    const settings = this.#settingsOf(topic);
    const state = topic.partitions[partition.name.partition]!;
    const { minInsyncReplicas } = settings.topic;
    try {
      partition.lead(leadershipOf(state, this.#options.nodeId, minInsyncReplicas));
    } catch (error) {
      this.#sayOffline(partition.name, error);
      return false;
    }
    partition.log.updateSettings(settings.log);
    return true;
  }

  /**
   * The settings by the layers of the current image. They are worked out once for a topic, not for
   * each of its partitions.
   */
  #settingsOf(topic: TopicImage): SettingsOfTopic {
    const { metadata, producerExpirationMs } = this.#options;
    const { brokerOverrides } = metadata.image;
    // All topics without their own settings share those of the broker.
    const owner = Object.keys(topic.overrides).length === 0 ? NO_OVERRIDES : topic;
    const known = this.#settings.get(owner);
    if (known?.brokerOverrides === brokerOverrides) return known;
    const settings = this.#options.settingsOf(topic);
    const log = logSettingsOf(settings, producerExpirationMs);
    const found = { brokerOverrides, topic: settings, log };
    this.#settings.set(owner, found);
    return found;
  }

  #sayOffline({ topic, partition }: PartitionName, error: unknown): void {
    if (error instanceof AssertionError) throw error;
    const { logger } = this.#options;
    if (error instanceof EngineError) {
      const { code, path, offset } = error;
      const reason = error.cause === undefined ? undefined : reasonOf(error.cause);
      logger.error(
        { topic, partition, code, path, offset, reason },
        `a partition is offline, its reads and appends are refused: ${error.message}`,
      );
    } else logger.error({ topic, partition, error }, 'a partition is offline');
  }
}
