import type { Clock } from '../../../engine/index.js';
import type { Logger } from '../../logging/log.js';
import type { OffsetsTopic } from '../offsets-topic.js';
import type { GroupRecord } from '../records.js';
import { writeError } from '../write-error.js';

export interface TombstonesOptions {
  readonly topic: OffsetsTopic;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Tombstones of many groups, written together: those that were added since the last flush go into
 * one batch for each partition. Whoever adds flushes within the same turn, so that no newer record
 * of the same key has its place in front of a tombstone.
 */
export class Tombstones {
  readonly #options: TombstonesOptions;
  readonly #records = new Map<number, GroupRecord[]>();
  #count = 0;

  constructor(options: TombstonesOptions) {
    this.#options = options;
  }

  /** Tombstones added since the last flush. */
  get count(): number {
    return this.#count;
  }

  add(record: GroupRecord): void {
    const index = this.#options.topic.partitionOf(record.group);
    const records = this.#records.get(index);
    if (records === undefined) this.#records.set(index, [record]);
    else records.push(record);
    this.#count += 1;
  }

  /** They have their places in the log when this returns; a failure is a line in the log. */
  flush(): void {
    const { topic, clock } = this.#options;
    for (const [index, records] of this.#records) {
      try {
        const written = topic.append(index, records, clock.wallMs());
        written.catch((error: unknown) => this.#warn(index, records, error));
      } catch (error) {
        this.#warn(index, records, error);
      }
    }
    this.#records.clear();
    this.#count = 0;
  }

  #warn(partition: number, records: readonly GroupRecord[], error: unknown): void {
    const code = writeError(error, 'UNKNOWN_SERVER_ERROR');
    this.#options.logger.warn(
      { topic: this.#options.topic.image?.name, partition, code, records: records.length },
      'offsets that are to be forgotten could not be written; the next start finds them again',
    );
  }
}
