import {
  Gate,
  type KnownPartitions,
  type PartitionLog,
  type PartitionName,
  type TurnSlices,
  type Work,
} from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';
import type { TopicImage } from '../metadata/image.js';
import type { DeletedTopic } from '../metadata/metadata-replica.js';
import type { MetadataDelta, MetadataView } from '../metadata/metadata-view.js';
import { ApiError } from '../protocol/api-error.js';
import { knownPartitions, sized } from './known-partitions.js';
import { isReplica } from './leadership.js';
import type { Partition } from './partition.js';
import { PartitionOpener, type PartitionOpenerOptions } from './partition-opener.js';
import { TopicDeletions, type TopicDeletionsOptions } from './topic-deletions.js';

/** The calls of partitions to the engine. */
export interface LogHost {
  openPartition: PartitionOpenerOptions['engine']['openPartition'];
  /** Does work that opens so many logs: the start, which tells how far it is. */
  openMany<Result>(count: number, work: () => Promise<Result>): Promise<Result>;
  /** Resolves when everything in the log is durable and its files are closed. */
  closePartition(name: PartitionName): Promise<void>;
  deletePartition: TopicDeletionsOptions['engine']['deletePartition'];
  /**
   * Renames folders of logs that belong to no known partition, and resolves with the new folder
   * names.
   */
  setAsideStrays(known: KnownPartitions): Promise<string[]>;
}

export interface PartitionsOptions extends PartitionOpenerOptions, TopicDeletionsOptions {
  readonly engine: LogHost;
  readonly slices: TurnSlices;
}

interface Opening {
  readonly state: 'opening';
  done: Promise<void>;
  /** Headers of batches that were refused meanwhile, in the order in which they came. */
  readonly refused: Buffer[];
}

type Entry =
  | Opening
  | { readonly state: 'open'; readonly partition: Partition }
  | { readonly state: 'offline' };

const OFFLINE: Entry = { state: 'offline' };

/** The bytes of a record batch that name its producer and its sequence. */
export const BATCH_HEADER_BYTES = 61;

/**
 * The partitions of which this broker is a replica, by topic id and number. Follows the metadata:
 * opens logs of partitions that come, applies changed roles and settings, closes logs of partitions
 * that go elsewhere, deletes logs of deleted topics. A log that does not open leaves its partition
 * offline; other partitions are not affected.
 */
export class Partitions {
  readonly #options: PartitionsOptions;
  readonly #opener: PartitionOpener;
  readonly #deletions: TopicDeletions;
  /** Partitions of other brokers, and unknown ones, are undefined. */
  readonly #topics = new Map<string, (Entry | undefined)[]>();
  /** Openings, closings and deletions under way. */
  readonly #working = new Set<Promise<void>>();
  readonly #openings = new Gate(SERVER_LIMITS.partitionsOpenedAtOnce);
  #applying: Promise<void> = Promise.resolve();
  #stopFollowing: (() => void) | null = null;

  constructor(options: PartitionsOptions) {
    this.#options = options;
    this.#opener = new PartitionOpener(options);
    this.#deletions = new TopicDeletions(options);
  }

  /**
   * Sets strays aside, finishes deletions, opens this broker's partitions of the image and follows
   * it from then on. Resolves when all are open or offline. Rejects only if the data directory as a
   * whole cannot be used.
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
      topic.partitions.flatMap((_, index) => (this.#isHere(topic, index) ? { topic, index } : [])),
    );
    const work = this.#options.slices.begin();
    const openNext = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        await this.#open(next.topic, next.index, work);
      }
    };
    await engine.openMany(waiting.length, () =>
      Promise.all(Array.from({ length: SERVER_LIMITS.partitionsOpenedAtOnce }, openNext)),
    );
  }

  /** The log of a partition, where it is open. */
  logOf(topic: TopicImage, index: number): PartitionLog | null {
    const entry = this.#topics.get(topic.id)?.[index];
    return entry?.state === 'open' ? entry.partition.log : null;
  }

  /**
   * The partition that serves requests. Synchronous, for the append path. Throws
   * UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER where this broker is no replica and while
   * the log is being opened (clients retry), KAFKA_STORAGE_ERROR when it is offline.
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
    throw this.#isHere(topic, index)
      ? new ApiError('NOT_LEADER_OR_FOLLOWER', `${topic.name}-${index} is not open yet`)
      : new ApiError('NOT_LEADER_OR_FOLLOWER', `${topic.name}-${index} is on other brokers`);
  }

  /**
   * Notes that a produced batch was refused in front of its log with an error that clients retry,
   * so that no batch that was sent behind it takes its place: the log is told now, or when it is
   * open. Only the header is looked at.
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
   * Opens the partitions of the topic on this broker. Resolves when each of them is open or
   * offline; another call does no harm.
   */
  async ensure(topic: TopicImage): Promise<void> {
    const { metadata, slices } = this.#options;
    const work = slices.begin();
    const opening: Promise<void>[] = [];
    for (const index of topic.partitions.keys()) {
      if (this.#isHere(topic, index)) opening.push(this.#open(topic, index, work));
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
   * opened, closed or deleted.
   */
  async stop(): Promise<void> {
    this.#stopFollowing?.();
    for (const partition of this.open()) partition.release();
    while (this.#working.size > 0) await Promise.all(this.#working);
  }

  /** Resolves when open logs have the present settings of the broker and of topics. */
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

  /** Applies a topic at once, unless it has many partitions. */
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

  /**
   * Opens a new partition, hands the settings to an open one, and lets one go that is on other
   * brokers.
   */
  #applyTo(topic: TopicImage, index: number, work: Work): void {
    const entry = this.#topics.get(topic.id)?.[index];
    if (!this.#isHere(topic, index)) {
      if (entry !== undefined) this.#letGo(topic, index, entry);
    } else if (entry === undefined) void this.#open(topic, index, work);
    else if (entry.state === 'open' && !this.#opener.update(entry.partition, topic)) {
      this.#entriesOf(topic)[index] = OFFLINE;
      entry.partition.release();
    }
  }

  #isHere({ partitions }: TopicImage, index: number): boolean {
    return isReplica(partitions[index]!, this.#options.nodeId);
  }

  #entriesOf({ id }: TopicImage): (Entry | undefined)[] {
    let entries = this.#topics.get(id);
    if (entries === undefined) {
      entries = [];
      this.#topics.set(id, entries);
    }
    return entries;
  }

  #open(topic: TopicImage, index: number, work: Work): Promise<void> {
    const entries = this.#entriesOf(topic);
    const present = entries[index];
    if (present !== undefined)
      return present.state === 'opening' ? present.done : Promise.resolve();
    const entry: Opening = { state: 'opening', done: Promise.resolve(), refused: [] };
    entries[index] = entry;
    const isWanted = (): boolean =>
      this.#topics.get(topic.id) === entries && entries[index] === entry;
    const open = async (): Promise<void> => {
      // The partition was deleted, or let go, while it waited.
      if (!isWanted()) return;
      const name = { topic: topic.name, topicId: topic.id, partition: index };
      const opened = await this.#opener.open(topic, name);
      if (!isWanted()) opened?.partition.release();
      else if (opened === null) entries[index] = OFFLINE;
      else {
        const { partition, image } = opened;
        entries[index] = { state: 'open', partition };
        for (const header of entry.refused) partition.log.refused(header);
        const { image: latest } = this.#options.metadata;
        const current = latest.topicById(topic.id);
        if (latest !== image && current !== undefined) this.#applyTo(current, index, work);
      }
      const pause = work.did(1);
      if (pause !== null) await pause;
    };
    const leaving = this.#deletions.ofName(topic.name);
    entry.done = this.#track(
      leaving === undefined
        ? this.#openings.run(open)
        : leaving.then(() => this.#openings.run(open)),
    );
    return entry.done;
  }

  /** Service ends now, and the log is closed. The files stay. */
  #letGo({ id, name }: TopicImage, index: number, entry: Entry): void {
    const entries = this.#topics.get(id)!;
    entries[index] = undefined;
    if (entry.state === 'open') entry.partition.handOver();
    const close = async (): Promise<void> => {
      // A partition that comes back goes on with the log, and a deleted topic closes it by itself.
      if (this.#topics.get(id) !== entries || entries[index] !== undefined) return;
      await this.#options.engine.closePartition({ topic: name, topicId: id, partition: index });
    };
    const opened = entry.state === 'opening' ? entry.done : Promise.resolve();
    void this.#track(opened.then(() => this.#openings.run(close)));
  }

  /** Service ends now; the files go in the background. */
  #delete(topic: DeletedTopic): void {
    const { slices } = this.#options;
    const entries = this.#topics.get(topic.id) ?? [];
    this.#topics.delete(topic.id);
    const deletion = this.#deletions.begin(topic, {
      release: async () => {
        const work = slices.begin();
        for (const entry of entries) {
          if (entry?.state === 'open') entry.partition.release();
          const pause = work.did(1);
          if (pause !== null) await pause;
        }
      },
      opened: async (index) => {
        const entry = entries[index];
        if (entry?.state === 'opening') await entry.done;
      },
    });
    void this.#track(deletion);
  }

  /** Remembers the work until it is settled. */
  #track(work: Promise<void>): Promise<void> {
    this.#working.add(work);
    const forget = (): void => void this.#working.delete(work);
    work.then(forget, forget);
    return work;
  }
}
