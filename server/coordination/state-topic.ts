import type { TurnSlices } from '../../engine/index.js';
import type { Controller } from '../metadata/controller.js';
import type { TopicImage } from '../metadata/image.js';
import type { MetadataView } from '../metadata/metadata-view.js';
import { placeReplicas } from '../metadata/placement.js';
import type { Partition } from '../partition/partition.js';
import type { Partitions } from '../partition/partitions.js';
import { ApiError } from '../protocol/api-error.js';
import type { RecordCodec } from './record-codec.js';

export interface StateTopicOptions<R> {
  readonly name: string;
  readonly codec: RecordCodec<R>;
  readonly metadata: MetadataView;
  readonly controller: Pick<Controller, 'createTopics'>;
  readonly partitions: Pick<Partitions, 'find' | 'ensure'>;
  /** Used when the topic is created, like the fields below; an existing topic keeps its number. */
  readonly partitionCount: number;
  readonly replicationFactor: number;
  readonly segmentBytes: number;
  readonly slices: TurnSlices;
}

/**
 * The internal topic in which one kind of coordinator keeps its state: compacted, created on first
 * need, each partition of it the records of one shard.
 */
export class StateTopic<R> {
  readonly name: string;
  readonly codec: RecordCodec<R>;
  readonly #options: StateTopicOptions<R>;
  #creating: Promise<TopicImage> | null = null;
  #opening: { readonly image: TopicImage; readonly done: Promise<void> } | null = null;

  constructor(options: StateTopicOptions<R>) {
    this.name = options.name;
    this.codec = options.codec;
    this.#options = options;
  }

  /** The topic as it is; undefined before it was created. */
  get image(): TopicImage | undefined {
    return this.#options.metadata.image.topic(this.name);
  }

  /**
   * Creates the topic if there is none. Resolves when its partitions here are open or offline.
   * Rejects with the errors of the controller, and ApiError COORDINATOR_NOT_AVAILABLE for a topic
   * that cannot be created.
   */
  ensure(): Promise<TopicImage> {
    this.#creating ??= this.#ensure().finally(() => {
      this.#creating = null;
    });
    return this.#creating;
  }

  async #ensure(): Promise<TopicImage> {
    const image = this.image ?? (await this.#create());
    await this.opened(image);
    return image;
  }

  async #create(): Promise<TopicImage> {
    const { metadata, controller, partitionCount, replicationFactor, segmentBytes } = this.#options;
    const [outcome] = await controller.createTopics([
      {
        name: this.name,
        replicas: placeReplicas({
          topic: this.name,
          brokers: metadata.image.brokers,
          replicationFactor,
          present: [],
          count: partitionCount,
        }),
        overrides: { 'cleanup.policy': 'compact', 'segment.bytes': String(segmentBytes) },
      },
    ]);
    // Another broker may have been faster.
    const image = (outcome?.ok ? outcome.value : null) ?? this.image;
    if (image === undefined) {
      throw new ApiError('COORDINATOR_NOT_AVAILABLE', `${this.name} cannot be created`);
    }
    return image;
  }

  /** Resolves when every partition that is here, by this image, is open or offline. */
  opened(image: TopicImage): Promise<void> {
    if (this.#opening?.image !== image) {
      this.#opening = { image, done: this.#options.partitions.ensure(image) };
    }
    return this.#opening.done;
  }

  /**
   * A partition that serves. Throws ApiError as `Partitions.find` does, and
   * UNKNOWN_TOPIC_OR_PARTITION where there is no topic.
   */
  partition(index: number): Partition {
    const { image } = this;
    if (image === undefined) {
      throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${this.name}`);
    }
    return this.#options.partitions.find(image, index);
  }
}
