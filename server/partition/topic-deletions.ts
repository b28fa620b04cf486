import { AssertionError, Gate, type PartitionName, type TurnSlices } from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';
import type { Logger } from '../logging/log.js';
import type { DeletedTopic } from '../metadata/metadata-replica.js';

export interface TopicDeletionsOptions {
  readonly engine: { deletePartition(name: PartitionName): Promise<void> };
  readonly slices: TurnSlices;
  readonly logger: Logger;
  /**
   * Called when the last file of a deleted topic is out of the way, so that its tombstone can go.
   */
  onDeleted(topic: DeletedTopic): void;
}

/** The partitions of a deleted topic on this broker. */
export interface DeletedPartitions {
  /** Ends service, in slices. Resolves when no request is served any more. */
  release(): Promise<void>;
  /** Resolves when a log that is being opened is open, or has failed to open. */
  opened(partition: number): Promise<void>;
}

/**
 * Deletes the logs of deleted topics, few at a time. A failed disk leaves the tombstone for the
 * next start.
 */
export class TopicDeletions {
  readonly #options: TopicDeletionsOptions;
  /** By the topic's name: a topic that is created again uses the same folders. */
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #deletions = new Gate(SERVER_LIMITS.deletionsAtOnce);

  constructor(options: TopicDeletionsOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the folders of earlier topics of that name are out of the way, or could not be
   * moved; undefined when there are none.
   */
  ofName(name: string): Promise<void> | undefined {
    return this.#underWay.get(name);
  }

  /**
   * Begins to delete the logs of a topic, once those of an earlier topic of its name are gone.
   * Resolves when that has ended, well or not.
   */
  begin(topic: DeletedTopic, partitions: DeletedPartitions): Promise<void> {
    const { name } = topic;
    const deletion = this.#delete(topic, partitions, this.ofName(name));
    const settled = deletion
      .catch(() => {})
      .then(() => {
        if (this.#underWay.get(name) === settled) this.#underWay.delete(name);
      });
    this.#underWay.set(name, settled);
    deletion.then(
      () => this.#options.onDeleted(topic),
      (error: unknown) => {
        if (error instanceof AssertionError) throw error;
        this.#options.logger.error(
          { topic: name, error },
          'the files of a deleted topic remain; the next start tries again',
        );
      },
    );
    return settled;
  }

  async #delete(
    { id: topicId, name: topic, partitionCount }: DeletedTopic,
    partitions: DeletedPartitions,
    earlier: Promise<void> | undefined,
  ): Promise<void> {
    const { engine, slices } = this.#options;
    await partitions.release();
    if (earlier !== undefined) await earlier;
    const work = slices.begin();
    let next = 0;
    const deleteNext = async (): Promise<void> => {
      while (next < partitionCount) {
        const partition = next++;
        await partitions.opened(partition);
        await this.#deletions.run(() => engine.deletePartition({ topic, topicId, partition }));
        const pause = work.did(1);
        if (pause !== null) await pause;
      }
    };
    const count = Math.min(SERVER_LIMITS.deletionsAtOnce, partitionCount);
    await Promise.all(Array.from({ length: count }, deleteNext));
  }
}
