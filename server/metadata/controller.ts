import { newUuid, type Random } from '../../engine/index.js';
import { ApiError } from '../protocol/api-error.js';
import type { SettingTexts } from '../settings/topic-settings.js';
import type { MetadataImage, TopicImage } from './image.js';
import type { MetadataReplica } from './metadata-replica.js';
import type { NewTopic } from './new-topic.js';
import {
  BROKER_SETTINGS_PREFIX,
  DELETED_TOPICS_PREFIX,
  TOPICS_PREFIX,
  type TopicRecord,
} from './records.js';
import type { MetadataChange, MetadataStore, Transaction } from './store.js';
import { type NameRules, TakenNames } from './topic-name.js';

export interface ControllerOptions {
  readonly store: MetadataStore;
  readonly metadata: MetadataReplica;
  readonly random: Random;
  readonly names: NameRules;
  /** Partitions of all topics together. */
  readonly partitionsMax: number;
}

/** The outcome of one wish: the topic as it is now, or the error. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ApiError };

/**
 * The plan of one change against an image: the writes and their conditions; throws the ApiError to
 * answer.
 */
type Plan = (image: MetadataImage) => Transaction;

/**
 * Changes the cluster's facts, each by compare-and-swap on the store. When a promise resolves, the
 * change is durable and this broker's image shows it. A broker makes one change at a time; where
 * another broker's change came first, the plan is made again.
 */
export class Controller {
  readonly #options: ControllerOptions;
  /** The names of the current image. */
  readonly #names: TakenNames;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ControllerOptions) {
    this.#options = options;
    const { metadata, names } = options;
    this.#names = new TakenNames(names);
    for (const name of metadata.image.topicNames()) this.#names.add(name);
    metadata.onChange(({ topics }) => {
      for (const [name, { after }] of topics) {
        if (after === undefined) this.#names.delete(name);
        else this.#names.add(name);
      }
    });
  }

  /**
   * Creates the topics, all in one transaction, each whole or not at all. A wish that cannot be met
   * (TOPIC_ALREADY_EXISTS, INVALID_TOPIC_EXCEPTION for a name that collides) does not affect the
   * other wishes. With `validateOnly` nothing is written, and the value is null.
   */
  createTopics(
    wishes: readonly NewTopic[],
    { validateOnly = false } = {},
  ): Promise<Outcome<TopicImage | null>[]> {
    return this.#alone(async () => {
      for (;;) {
        const names = new TakenNames(this.#options.names, this.#names);
        const room = new Room(this.#options);
        const planned = wishes.map((wish) => this.#planTopic(wish, names, room));
        const creations = planned.filter((each) => 'record' in each);
        if (validateOnly || creations.length === 0) {
          return planned.map((each) =>
            'record' in each ? { ok: true, value: null } : { ok: false, error: each.error },
          );
        }
        const after = await this.#commit({
          conditions: creations.map(({ key }) => ({ key, revision: 0 })),
          changes: creations.map(({ key, record }) => ({ key, value: record })),
        });
        if (after === null) continue;
        return planned.map((each) =>
          'record' in each
            ? { ok: true, value: after.topic(each.name) ?? null }
            : { ok: false, error: each.error },
        );
      }
    });
  }

  /**
   * Deletes topics, all in one transaction: tombstones take the place of their metadata records;
   * the files are deleted later. An id that is not there any more is UNKNOWN_TOPIC_ID, and does not
   * affect the other topics.
   */
  deleteTopics(ids: readonly string[]): Promise<Outcome<TopicImage>[]> {
    return this.#alone(async () => {
      for (;;) {
        const { image } = this.#options.metadata;
        const outcomes = ids.map((id): Outcome<TopicImage> => {
          const topic = image.topicById(id);
          return topic === undefined
            ? { ok: false, error: unknownId() }
            : { ok: true, value: topic };
        });
        const steps = outcomes.flatMap((each) => (each.ok ? [deletionOf(each.value)] : []));
        if (steps.length === 0) return outcomes;
        const after = await this.#commit({
          conditions: steps.flatMap(({ conditions }) => conditions ?? []),
          changes: steps.flatMap(({ changes }) => changes),
        });
        if (after !== null) return outcomes;
      }
    });
  }

  /** Forgets a deletion, once the files are gone. */
  async forgetDeleted(id: string): Promise<void> {
    await this.#options.store.transact({
      changes: [{ key: DELETED_TOPICS_PREFIX + id, value: undefined }],
    });
  }

  /**
   * Adds partitions. `plan` gets the topic as it is and returns the replicas to add, or throws the
   * ApiError to answer; with `validateOnly` nothing else happens. Rejects UNKNOWN_TOPIC_ID.
   */
  addPartitions(
    id: string,
    plan: (topic: TopicImage) => readonly (readonly number[])[],
    { validateOnly = false } = {},
  ): Promise<TopicImage> {
    return this.#changeTopic(id, validateOnly, (topic) => {
      const added = plan(topic);
      const full = new Room(this.#options).take(added.length);
      if (full !== null) throw full;
      return { ...recordOf(topic), replicas: [...recordOf(topic).replicas, ...added] };
    });
  }

  /** Replaces a topic's overrides by those that `plan` returns; otherwise as `addPartitions`. */
  alterTopic(
    id: string,
    plan: (overrides: SettingTexts) => SettingTexts,
    { validateOnly = false } = {},
  ): Promise<TopicImage> {
    return this.#changeTopic(id, validateOnly, (topic) => ({
      ...recordOf(topic),
      overrides: plan(topic.overrides),
    }));
  }

  /**
   * Replaces the settings that were made at run time for a broker (node id in digits) or for every
   * broker ('').
   */
  async alterBroker(
    broker: string,
    plan: (overrides: SettingTexts) => SettingTexts,
    { validateOnly = false } = {},
  ): Promise<void> {
    const key = BROKER_SETTINGS_PREFIX + broker;
    await this.#change((image) => {
      const present = image.brokerOverrides.get(broker);
      const texts = plan(present?.texts ?? {});
      const value = Object.keys(texts).length === 0 ? undefined : texts;
      return {
        conditions: [{ key, revision: present?.revision ?? 0 }],
        changes: validateOnly ? [] : [{ key, value }],
      };
    });
  }

  async #changeTopic(
    id: string,
    validateOnly: boolean,
    plan: (topic: TopicImage) => TopicRecord,
  ): Promise<TopicImage> {
    const image = await this.#change((before) => {
      const topic = topicOf(before, id);
      const record = plan(topic);
      return validateOnly ? { changes: [] } : onTopic(topic, record);
    });
    return topicOf(image, id);
  }

  #change(plan: Plan): Promise<MetadataImage> {
    return this.#alone(async () => {
      for (;;) {
        const { image } = this.#options.metadata;
        const transaction = plan(image);
        if (transaction.changes.length === 0) return image;
        const after = await this.#commit(transaction);
        if (after !== null) return after;
      }
    });
  }

  /**
   * The image that shows the change; null if another broker was faster, once this image shows that.
   */
  async #commit(transaction: Transaction): Promise<MetadataImage | null> {
    const { store, metadata } = this.#options;
    const outcome = await store.transact(transaction);
    if (outcome.committed) return metadata.atLeast(outcome.revision);
    const { revision } = await store.range(transaction.conditions?.[0]?.key ?? '');
    await metadata.atLeast(revision);
    return null;
  }

  #planTopic(
    { name, replicas, overrides }: NewTopic,
    names: TakenNames,
    room: Room,
  ): { name: string; key: string; record: TopicRecord } | { error: ApiError } {
    if (names.has(name)) {
      return { error: new ApiError('TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`) };
    }
    const collision = names.collisionOf(name);
    if (collision !== null) return { error: new ApiError('INVALID_TOPIC_EXCEPTION', collision) };
    const full = room.take(replicas.length);
    if (full !== null) return { error: full };
    names.add(name);
    const id = newUuid(this.#options.random);
    return { name, key: TOPICS_PREFIX + name, record: { id, replicas, overrides } };
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work, work);
    this.#last = mine.catch(() => {});
    return mine;
  }
}

/** The number of partitions that may still be added, while one change is planned. */
class Room {
  readonly #partitionsMax: number;
  #partitions: number;

  constructor({ metadata, partitionsMax }: ControllerOptions) {
    this.#partitionsMax = partitionsMax;
    this.#partitions = metadata.image.partitionCount;
  }

  /** Takes room for `count` partitions, or says why there is none. */
  take(count: number): ApiError | null {
    if (this.#partitions + count <= this.#partitionsMax) {
      this.#partitions += count;
      return null;
    }
    return new ApiError(
      'INVALID_PARTITIONS',
      `this broker has ${this.#partitions} partitions, of ${this.#partitionsMax} that it may have: delete topics, or ask for fewer than ${count} more`,
    );
  }
}

function topicOf(image: MetadataImage, id: string): TopicImage {
  const topic = image.topicById(id);
  if (topic === undefined) throw unknownId();
  return topic;
}

function unknownId(): ApiError {
  return new ApiError('UNKNOWN_TOPIC_ID', 'the topic was deleted');
}

function deletionOf(topic: TopicImage): Transaction {
  const tombstone = { name: topic.name, partitionCount: topic.partitions.length };
  return onTopic(topic, undefined, { key: DELETED_TOPICS_PREFIX + topic.id, value: tombstone });
}

function recordOf({ id, partitions, overrides }: TopicImage): TopicRecord {
  return { id, replicas: partitions.map(({ replicas }) => replicas), overrides };
}

function onTopic(
  topic: TopicImage,
  value: TopicRecord | undefined,
  ...more: readonly MetadataChange[]
): Transaction {
  const key = TOPICS_PREFIX + topic.name;
  return { conditions: [{ key, revision: topic.revision }], changes: [{ key, value }, ...more] };
}
