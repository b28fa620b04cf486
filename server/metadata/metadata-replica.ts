import type { SettingTexts } from '../settings/topic-settings.js';
import {
  type BrokerImage,
  type BrokerOverrides,
  emptyImage,
  type MetadataImage,
  type TopicImage,
} from './image.js';
import type { MetadataDelta, MetadataView, TopicChange } from './metadata-view.js';
import {
  BROKER_SETTINGS_PREFIX,
  DELETED_TOPICS_PREFIX,
  type DeletedTopicRecord,
  TOPICS_PREFIX,
  type TopicRecord,
} from './records.js';
import type { MetadataStore, WatchEvent } from './store.js';
import { isInternalTopic } from './topic-name.js';

/** The facts of this node that are not in the store. */
export interface LocalBroker extends BrokerImage {
  /**
   * The leader epoch of every partition that this node leads: the engine's, which rises with each
   * unclean open.
   */
  readonly leaderEpoch: number;
}

/** A deleted topic whose files may still be there. */
export interface DeletedTopic extends DeletedTopicRecord {
  readonly id: string;
}

/**
 * Keeps the metadata image up to date with the store. On one node every partition is led by its
 * only replica; where several nodes share a store, records of partition state will take that place.
 */
export class MetadataReplica implements MetadataView {
  readonly #local: LocalBroker;
  readonly #listeners = new Set<(delta: MetadataDelta) => void>();
  #waiters: { readonly revision: number; readonly resolve: (image: MetadataImage) => void }[] = [];
  #image: MetadataImage;
  #stopWatching: () => void = () => {};

  private constructor(image: MetadataImage, local: LocalBroker) {
    this.#image = image;
    this.#local = local;
  }

  /** Reads the store and follows it from then on. `deleted`: the tombstones that it found. */
  static async open(
    store: MetadataStore,
    clusterId: string,
    local: LocalBroker,
  ): Promise<{ replica: MetadataReplica; deleted: DeletedTopic[] }> {
    const { entries, revision } = await store.range('');
    const deleted: DeletedTopic[] = [];
    const topics = new Map<string, TopicImage>();
    const brokerOverrides = new Map<string, BrokerOverrides>();
    for (const { key, value, revision: written } of entries) {
      const topic = readTopic(key, value, written, local);
      if (topic !== null) topics.set(topic.name, topic);
      const broker = suffixOf(key, BROKER_SETTINGS_PREFIX);
      if (broker !== null) {
        brokerOverrides.set(broker, { texts: value as SettingTexts, revision: written });
      }
      const id = suffixOf(key, DELETED_TOPICS_PREFIX);
      if (id !== null) deleted.push({ id, ...(value as DeletedTopicRecord) });
    }
    const image = emptyImage({ clusterId, controllerId: local.nodeId, brokers: [local] }).with({
      revision,
      topics,
      brokerOverrides,
    });
    const replica = new MetadataReplica(image, local);
    replica.#stopWatching = store.watch('', (event) => replica.#apply(event), {
      fromRevision: revision + 1,
    });
    return { replica, deleted };
  }

  get image(): MetadataImage {
    return this.#image;
  }

  onChange(listener: (delta: MetadataDelta) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Resolves with the first image that shows `revision`, and so the change of that revision. */
  atLeast(revision: number): Promise<MetadataImage> {
    if (this.#image.revision >= revision) return Promise.resolve(this.#image);
    return new Promise((resolve) => this.#waiters.push({ revision, resolve }));
  }

  /** Stops following the store; the last image stays. */
  close(): void {
    this.#stopWatching();
    this.#listeners.clear();
  }

  #apply({ revision, changes }: WatchEvent): void {
    const before = this.#image;
    const topics = new Map<string, TopicImage | null>();
    let brokerOverrides: Map<string, BrokerOverrides> | undefined;
    for (const { key, value } of changes) {
      const name = suffixOf(key, TOPICS_PREFIX);
      if (name !== null) {
        topics.set(name, value === undefined ? null : readTopic(key, value, revision, this.#local));
      }
      const broker = suffixOf(key, BROKER_SETTINGS_PREFIX);
      if (broker !== null) {
        brokerOverrides ??= new Map(before.brokerOverrides);
        if (value === undefined) brokerOverrides.delete(broker);
        else brokerOverrides.set(broker, { texts: value as SettingTexts, revision });
      }
    }
    this.#image = before.with({ revision, topics, ...(brokerOverrides && { brokerOverrides }) });
    if (topics.size > 0 || brokerOverrides !== undefined) {
      const changed = new Map<string, TopicChange>();
      for (const [name, after] of topics) {
        changed.set(name, { before: before.topic(name), after: after ?? undefined });
      }
      const delta = {
        image: this.#image,
        topics: changed,
        brokerSettingsChanged: brokerOverrides !== undefined,
      };
      for (const listener of [...this.#listeners]) listener(delta);
    }
    const due = this.#waiters.filter((waiter) => waiter.revision <= revision);
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > revision);
    for (const { resolve } of due) resolve(this.#image);
  }
}

function readTopic(
  key: string,
  value: unknown,
  revision: number,
  local: LocalBroker,
): TopicImage | null {
  const name = suffixOf(key, TOPICS_PREFIX);
  if (name === null) return null;
  const { id, replicas, overrides } = value as TopicRecord;
  const partitions = replicas.map((nodes) => {
    const isHere = nodes.includes(local.nodeId);
    return {
      leader: isHere ? local.nodeId : -1,
      leaderEpoch: local.leaderEpoch,
      replicas: nodes,
      isr: isHere ? [local.nodeId] : [],
    };
  });
  return { name, id, internal: isInternalTopic(name), partitions, overrides, revision };
}

function suffixOf(key: string, prefix: string): string | null {
  return key.startsWith(prefix) ? key.slice(prefix.length) : null;
}
