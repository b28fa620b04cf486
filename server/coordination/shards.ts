import { Gate } from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';
import { coordinatorPartition } from '../metadata/coordinator-for.js';
import type { TopicImage } from '../metadata/image.js';
import type { MetadataView, TopicChange } from '../metadata/metadata-view.js';
import { ApiError } from '../protocol/api-error.js';
import { Shard, type ShardOptions } from './shard.js';
import type { ShardState } from './shard-state.js';

export interface ShardsOptions<R, S extends ShardState<R>>
  extends Omit<ShardOptions<R, S>, 'loads'> {
  readonly metadata: MetadataView;
  readonly nodeId: number;
}

/**
 * The shards of one kind of coordinator: one for each partition of its topic, which leads as the
 * partition does. A shard that loads, follows or is damaged refuses only requests for its own keys.
 */
export class Shards<R, S extends ShardState<R>> {
  readonly #options: ShardsOptions<R, S>;
  readonly #loads = new Gate(SERVER_LIMITS.shardsLoadedAtOnce);
  /** The shards by partition; none while there is no topic. */
  #shards: readonly Shard<R, S>[] = [];
  #topicId: string | null = null;
  /** The loads that the last change of roles began. */
  #leading: Promise<unknown> = Promise.resolve();
  #creating: Promise<void> | null = null;
  #isStarted = false;
  #stopListening: () => void = () => {};

  constructor(options: ShardsOptions<R, S>) {
    this.#options = options;
  }

  /**
   * Follows the topic from now on. Resolves when every shard that this broker leads has loaded, or
   * is damaged; each serves as soon as it has. Rejects never. Call it once, with the partitions
   * open.
   */
  async start(): Promise<void> {
    const { topic, metadata } = this.#options;
    this.#isStarted = true;
    this.#stopListening = metadata.onChange(({ topics }) => {
      const change = topics.get(topic.name);
      if (change !== undefined) this.#change(change);
    });
    const { image } = topic;
    if (image === undefined) return;
    this.#assignRoles(image);
    await this.#leading;
  }

  /** Stops deadlines and loads. */
  stop(): void {
    this.#stopListening();
    for (const shard of this.#shards) shard.stop();
  }

  /**
   * Begins to lead the partition in that epoch. Resolves when its shard leads or is damaged, or the
   * load was overtaken. An epoch that is not later than all before changes nothing.
   */
  async lead(index: number, epoch: number): Promise<void> {
    await this.#shards[index]?.lead(epoch);
  }

  /**
   * Stops leading the partition. Its shard refuses requests from now on; resolves when every
   * waiting request was answered with NOT_COORDINATOR.
   */
  async follow(index: number): Promise<void> {
    await this.#shards[index]?.follow();
  }

  /**
   * The state that `key` belongs to; null while there is no topic, and so nothing of it. Throws
   * ApiError COORDINATOR_LOAD_IN_PROGRESS or NOT_COORDINATOR where the shard does not serve.
   */
  find(key: string): S | null {
    if (!this.#isStarted) throw loading();
    if (this.#shards.length === 0 || this.#creating !== null) return null;
    return this.#shards[coordinatorPartition(key, this.#shards.length)]!.serving();
  }

  /**
   * The state that `key` belongs to, whose topic is created if need be. Callers that wait for that
   * go on in the order of their calls. Rejects as `ensure`, and as `find` throws.
   */
  async findOrCreate(key: string): Promise<S> {
    await this.ensure();
    const state = this.find(key);
    if (state !== null) return state;
    throw new ApiError('NOT_COORDINATOR', 'the topic was deleted as soon as it was there');
  }

  /**
   * Creates the topic if there is none. Resolves when the shards of a new one serve. Rejects as
   * `StateTopic.ensure`.
   */
  async ensure(): Promise<void> {
    if (this.#shards.length > 0 && this.#creating === null) return;
    this.#creating ??= this.#create().finally(() => {
      this.#creating = null;
    });
    await this.#creating;
  }

  async #create(): Promise<void> {
    await this.#options.topic.ensure();
    await this.#leading;
  }

  /** The states that serve. */
  *serving(): Iterable<S> {
    for (const { state } of this.#shards) if (state !== null) yield state;
  }

  /**
   * The same for a list of everything. Throws ApiError COORDINATOR_LOAD_IN_PROGRESS as long as
   * something may be missing, also when a shard begins to load during the walk.
   */
  *all(): Iterable<S> {
    if (!this.#isStarted) throw loading();
    // A topic that is being created is empty.
    if (this.#creating !== null) return;
    if (this.#shards.some(({ role }) => role === 'loading')) throw loading();
    for (const { role, state } of this.#shards) {
      if (role === 'loading') throw loading();
      if (state !== null) yield state;
    }
  }

  #change({ before, after }: TopicChange): void {
    if (before !== undefined && before.id !== after?.id) {
      for (const shard of this.#shards) void shard.follow();
      this.#shards = [];
      this.#topicId = null;
    }
    if (after !== undefined) this.#assignRoles(after);
  }

  #assignRoles({ id, partitions }: TopicImage): void {
    const { nodeId } = this.#options;
    if (id !== this.#topicId) {
      this.#topicId = id;
      const options = { ...this.#options, loads: this.#loads };
      this.#shards = partitions.map((_, index) => new Shard(index, options));
    }
    const leading = this.#shards.map((shard, index) => {
      const { leader, leaderEpoch } = partitions[index]!;
      return leader === nodeId ? shard.lead(leaderEpoch) : shard.follow();
    });
    this.#leading = Promise.all(leading);
  }
}

function loading(): ApiError {
  return new ApiError('COORDINATOR_LOAD_IN_PROGRESS', 'the state is being loaded');
}
