import {
  AssertionError,
  EngineError,
  Gate,
  type KnownPartitions,
  type LogSettings,
  type PartitionLog,
  type PartitionName,
  reasonOf,
  type TurnSlices,
  type Work,
} from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';
import type { Logger } from '../logging/log.js';
import type { TopicImage } from '../metadata/image.js';
import type { DeletedTopic } from '../metadata/metadata-replica.js';
import type { MetadataDelta, MetadataView } from '../metadata/metadata-view.js';
import { ApiError } from '../protocol/api-error.js';
import type { TopicSettings } from '../settings/topic-settings.js';
import { knownPartitions, sized } from './known-partitions.js';
import { logSettingsOf } from './log-settings.js';
import { type Leadership, Partition, type PartitionWatchers } from './partition.js';

/** What partitions ask of the engine. */
export interface LogHost {
  openPartition(name: PartitionName, settings: LogSettings): Promise<PartitionLog>;
  deletePartition(name: PartitionName): Promise<void>;
  /** Renames logs that are of no known partition, and resolves with the new folder names. */
  setAsideStrays(known: KnownPartitions): Promise<string[]>;
}

export interface PartitionsOptions extends PartitionWatchers {
  readonly engine: LogHost;
  readonly metadata: MetadataView;
  readonly nodeId: number;
  readonly logger: Logger;
  readonly slices: TurnSlices;
  readonly producerExpirationMs: number;
  /** The settings in effect for a topic, by all layers of the current image. */
  settingsOf(topic: TopicImage): TopicSettings;
  /**
   * Called when the last file of a deleted topic is out of the way, so that its tombstone can go.
   */
  onDeleted(topic: DeletedTopic): void;
}

type Entry =
  | {
      readonly state: 'opening';
      readonly done: Promise<void>;
      /** Headers of batches that were refused meanwhile, in the order in which they came. */
      readonly refused: Buffer[];
    }
  | { readonly state: 'open'; readonly partition: Partition }
  | { readonly state: 'offline' };

/** Of a record batch: what names its producer and its sequence. */
const BATCH_HEADER_BYTES = 61;

/** A topic's settings, for the broker and for its logs; one object for all of its partitions. */
interface SettingsOfTopic {
  readonly brokerOverrides: unknown;
  readonly topic: TopicSettings;
  readonly log: LogSettings;
}

/** Stands for every topic without settings of its own. */
const NO_OVERRIDES = {};

/**
 * The partitions that this broker holds, by topic id and number. Follows the metadata: opens logs
 * of new topics, applies changed settings, deletes logs of deleted topics. A log that does not open
 * leaves its partition offline and the others be.
 */
export class Partitions {
  readonly #options: PartitionsOptions;
  readonly #topics = new Map<string, Entry[]>();
  /** Deletions by the topic's name: a topic that is created anew uses the same folders. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** Openings and deletions under way. */
  readonly #working = new Set<Promise<void>>();
  readonly #openings = new Gate(SERVER_LIMITS.partitionsOpenedAtOnce);
  readonly #deletions = new Gate(SERVER_LIMITS.deletionsAtOnce);
  #applying: Promise<void> = Promise.resolve();
  readonly #settings = new WeakMap<object, SettingsOfTopic>();
  #stopFollowing: (() => void) | null = null;

  constructor(options: PartitionsOptions) {
    this.#options = options;
  }

  /**
   * Sets strays aside, finishes deletions, opens every partition of the image and follows it from
   * then on. Resolves when all are open or offline. Rejects only if the data directory as a whole
   * cannot be used.
   */
  async start(deleted: readonly DeletedTopic[]): Promise<void> {
    const { engine, metadata, logger } = this.#options;
    for (const folder of await engine.setAsideStrays(knownPartitions(metadata.image, deleted))) {
      logger.warn(
        { folder },
        'a log of an unknown topic was set aside; it is neither served nor deleted. To have it back: create the topic with as many ' +
          "partitions, stop the broker, put this folder in the place of the topic's (its name up to the dot), remove " +
          'partition.metadata in it, start',
      );
    }
    this.#stopFollowing = metadata.onChange((delta) => this.#follow(delta));
    for (const topic of deleted) this.#delete(topic);
    const waiting = [...metadata.image.topics()].flatMap((topic) =>
      topic.partitions.map((_, index) => ({ topic, index })),
    );
    const work = this.#options.slices.begin();
    const openNext = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        await this.#open(next.topic, next.index, work);
      }
    };
    await Promise.all(Array.from({ length: SERVER_LIMITS.partitionsOpenedAtOnce }, openNext));
  }

  /** Its log, where that is open. */
  logOf(topic: TopicImage, index: number): PartitionLog | null {
    const entry = this.#topics.get(topic.id)?.[index];
    return entry?.state === 'open' ? entry.partition.log : null;
  }

  /**
   * The partition that serves requests. Synchronous, for the append path. Throws
   * UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER while it is being opened (clients retry),
   * KAFKA_STORAGE_ERROR when it is offline.
   */
  find(topic: TopicImage, index: number): Partition {
    const entry = this.#topics.get(topic.id)?.[index];
    if (entry?.state === 'open') return entry.partition;
    if (entry?.state === 'offline') {
      throw new ApiError('KAFKA_STORAGE_ERROR', `the log of ${topic.name}-${index} is offline`);
    }
    if (index < 0 || index >= topic.partitions.length) {
      throw new ApiError(
        'UNKNOWN_TOPIC_OR_PARTITION',
        `topic ${topic.name} has no partition ${index}`,
      );
    }
    throw new ApiError('NOT_LEADER_OR_FOLLOWER', `${topic.name}-${index} is not open yet`);
  }

  /**
   * Notes that a produced batch was refused in front of its log with an error that clients retry,
   * so that none that was sent behind it takes its place: the log knows, or will when it is open.
   * Only the header is looked at.
   */
  refused(topic: TopicImage, index: number, batch: Buffer): void {
    const entry = this.#topics.get(topic.id)?.[index];
    if (entry?.state === 'open') entry.partition.log.refused(batch);
    else if (
      entry?.state === 'opening' &&
      entry.refused.length < SERVER_LIMITS.refusedWhileOpeningMax
    )
      entry.refused.push(Buffer.from(batch.subarray(0, BATCH_HEADER_BYTES)));
  }

  /** Whether the partition's log could not be opened. */
  isOffline(topicId: string, index: number): boolean {
    return this.#topics.get(topicId)?.[index]?.state === 'offline';
  }

  /**
   * Resolves when every partition of the topic is open or offline. Opens what is not; calling it
   * again does no harm.
   */
  async ensure(topic: TopicImage): Promise<void> {
    const { metadata, slices } = this.#options;
    const work = slices.begin();
    const opening: Promise<void>[] = [];
    for (const index of topic.partitions.keys()) {
      opening.push(this.#open(topic, index, work));
      const pause = work.did(1);
      if (pause === null) continue;
      await pause;
      if (metadata.image.topicById(topic.id) === undefined) break;
    }
    await Promise.all(opening);
  }

  /** Every partition that is open. */
  *open(): Iterable<Partition> {
    for (const entries of this.#topics.values()) {
      for (const entry of entries) if (entry?.state === 'open') yield entry.partition;
    }
  }

  /**
   * Stops following and lets every partition go; waiters wake. Resolves when nothing is being
   * opened or deleted.
   */
  async stop(): Promise<void> {
    this.#stopFollowing?.();
    for (const partition of this.open()) partition.release();
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  /** Resolves when open logs go by the settings of the broker and of topics as they are now. */
  applied(): Promise<void> {
    return this.#applying;
  }

  #follow({ topics, image, brokerSettingsChanged }: MetadataDelta): void {
    for (const { before, after } of topics.values()) {
      if (before !== undefined && before.id !== after?.id) this.#delete(sized(before));
      if (after !== undefined) this.#applyOne(after);
    }
    if (brokerSettingsChanged) this.#applyMore(this.#applyAll(image));
  }

  /** At once, unless there is much to do. */
  #applyOne(topic: TopicImage): void {
    const work = this.#options.slices.begin();
    if (topic.partitions.length > SERVER_LIMITS.partitionsAppliedAtOnce) {
      this.#applyMore(this.#apply(topic, work));
      return;
    }
    for (const index of topic.partitions.keys()) this.#applyTo(topic, index, work);
  }

  #applyMore(applied: Promise<void>): void {
    const before = this.#applying;
    this.#applying = applied.then(() => before);
  }

  async #applyAll(image: MetadataView['image']): Promise<void> {
    const work = this.#options.slices.begin();
    for (const topic of image.topics()) {
      await this.#apply(topic, work);
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
  }

  /**
   * Resolves when every partition of the topic has its settings, or a later change sees to that.
   */
  async #apply(topic: TopicImage, work: Work): Promise<void> {
    for (const index of topic.partitions.keys()) {
      if (this.#options.metadata.image.topicById(topic.id) !== topic) return;
      this.#applyTo(topic, index, work);
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
  }

  /** Opens what is new and hands the settings to what is open. */
  #applyTo(topic: TopicImage, index: number, work: Work): void {
    const entry = this.#topics.get(topic.id)?.[index];
    if (entry?.state === 'open') this.#update(entry.partition, topic, this.#settingsOf(topic));
    else if (entry === undefined) void this.#open(topic, index, work);
  }

  #update(partition: Partition, topic: TopicImage, settings: SettingsOfTopic): void {
    partition.lead(this.#leadership(topic, partition.name.partition, settings.topic));
    partition.log.updateSettings(settings.log);
  }

  /**
   * By the layers of the current image. Worked out once for a topic, not for each of its
   * partitions.
   */
  #settingsOf(topic: TopicImage): SettingsOfTopic {
    const { metadata, producerExpirationMs } = this.#options;
    const { brokerOverrides } = metadata.image;
    // Topics without settings of their own have those of the broker, all of them the same.
    const owner = Object.keys(topic.overrides).length === 0 ? NO_OVERRIDES : topic;
    const known = this.#settings.get(owner);
    if (known?.brokerOverrides === brokerOverrides) return known;
    const settings = this.#options.settingsOf(topic);
    const log = logSettingsOf(settings, producerExpirationMs);
    const found = { brokerOverrides, topic: settings, log };
    this.#settings.set(owner, found);
    return found;
  }

  #open(topic: TopicImage, index: number, work: Work): Promise<void> {
    let entries = this.#topics.get(topic.id);
    if (entries === undefined) {
      entries = [];
      this.#topics.set(topic.id, entries);
    }
    const present = entries[index];
    if (present !== undefined)
      return present.state === 'opening' ? present.done : Promise.resolve();
    const name = { topic: topic.name, topicId: topic.id, partition: index };
    const refused: Buffer[] = [];
    const isWanted = (): boolean => this.#topics.get(topic.id) === entries;
    const open = async (): Promise<void> => {
      // Deleted while it waited.
      if (!isWanted()) return;
      const entry = await this.#openLog(topic, name);
      if (isWanted()) {
        entries[index] = entry;
        if (entry.state === 'open') {
          for (const header of refused) entry.partition.log.refused(header);
        }
      } else if (entry.state === 'open') entry.partition.release();
      const pause = work.did(1);
      if (pause !== null) await pause;
    };
    const leaving = this.#leaving.get(topic.name);
    const done = this.#track(
      leaving === undefined
        ? this.#openings.run(open)
        : leaving.then(() => this.#openings.run(open)),
    );
    entries[index] = { state: 'opening', done, refused };
    return done;
  }

  async #openLog(topic: TopicImage, name: PartitionName): Promise<Entry> {
    const { engine, logger, metadata } = this.#options;
    try {
      const opened = this.#settingsOf(topic).log;
      const log = await engine.openPartition(name, opened);
      // Settings may have changed meanwhile.
      const current = metadata.image.topicById(topic.id) ?? topic;
      const settings = this.#settingsOf(current);
      const partition = new Partition(
        log,
        this.#leadership(current, name.partition, settings.topic),
        this.#options,
      );
      if (settings.log !== opened) log.updateSettings(settings.log);
      return { state: 'open', partition };
    } catch (error) {
      if (error instanceof AssertionError) throw error;
      const { topic, partition } = name;
      if (error instanceof EngineError) {
        const { code, path, offset } = error;
        const reason = error.cause === undefined ? undefined : reasonOf(error.cause);
        logger.error(
          { topic, partition, code, path, offset, reason },
          `a partition is offline, its reads and appends are refused: ${error.message}`,
        );
      } else logger.error({ topic, partition, error }, 'a partition is offline');
      return { state: 'offline' };
    }
  }

  #leadership(topic: TopicImage, index: number, settings: TopicSettings): Leadership {
    const state = topic.partitions[index]!;
    return {
      role: state.leader === this.#options.nodeId ? 'leader' : 'follower',
      leaderEpoch: state.leaderEpoch,
      inSyncCount: state.isr.length,
      minInSyncReplicas: settings.minInsyncReplicas,
    };
  }

  /**
   * Service ends now; the files go in the background. A failed disk leaves the tombstone for the
   * next start.
   */
  #delete(topic: DeletedTopic): void {
    const entries = this.#topics.get(topic.id) ?? [];
    this.#topics.delete(topic.id);
    const deletion = this.#deleteLogs(topic, entries, this.#leaving.get(topic.name));
    const settled = deletion
      .catch(() => {})
      .then(() => {
        if (this.#leaving.get(topic.name) === settled) this.#leaving.delete(topic.name);
      });
    this.#leaving.set(topic.name, settled);
    void this.#track(settled);
    deletion.then(
      () => this.#options.onDeleted(topic),
      (error: unknown) => {
        if (error instanceof AssertionError) throw error;
        this.#options.logger.error(
          { topic: topic.name, error },
          'the files of a deleted topic remain; the next start tries again',
        );
      },
    );
  }

  /**
   * Lets the partitions go and deletes their logs, few at a time, once those of an earlier topic of
   * the name are gone.
   */
  async #deleteLogs(
    topic: DeletedTopic,
    entries: readonly (Entry | undefined)[],
    earlier: Promise<void> | undefined,
  ): Promise<void> {
    const { engine, slices } = this.#options;
    const work = slices.begin();
    for (const entry of entries) {
      if (entry?.state === 'open') entry.partition.release();
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
    if (earlier !== undefined) await earlier;
    let next = 0;
    const deleteNext = async (): Promise<void> => {
      while (next < topic.partitionCount) {
        const partition = next++;
        const entry = entries[partition];
        if (entry?.state === 'opening') await entry.done;
        const name = { topic: topic.name, topicId: topic.id, partition };
        await this.#deletions.run(() => engine.deletePartition(name));
        const pause = work.did(1);
        if (pause !== null) await pause;
      }
    };
    const count = Math.min(SERVER_LIMITS.deletionsAtOnce, topic.partitionCount);
    await Promise.all(Array.from({ length: count }, deleteNext));
  }

  /** Remembers it until it is settled. */
  #track(work: Promise<void>): Promise<void> {
    this.#working.add(work);
    const forget = (): void => void this.#working.delete(work);
    work.then(forget, forget);
    return work;
  }
}
