import type { Clock } from '../../../engine/index.js';
import type { Term } from '../../coordination/term.js';
import type { Logger } from '../../logging/log.js';
import type { GroupRecord } from '../records.js';
import { writeError } from '../write-error.js';
import type { CommittedOffset } from './offsets.js';

export interface TombstonesOptions {
  readonly term: Term<GroupRecord>;
  /** The topic of the term, for log lines. */
  readonly topic: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Tombstones of many groups of a shard, written together: those that were added since the last
 * flush go into one batch. The caller that adds one flushes within the same turn, so that no newer
 * record of the same key gets its place in front of a tombstone.
 */
export class Tombstones {
  readonly #options: TombstonesOptions;
  #records: GroupRecord[] = [];

  constructor(options: TombstonesOptions) {
    this.#options = options;
  }

  /** Tombstones added since the last flush. */
  get count(): number {
    return this.#records.length;
  }

  add(record: GroupRecord): void {
    this.#records.push(record);
  }

  /**
   * Writes the tombstones: they have their places in the log when this returns; a failure is a line
   * in the broker's log. Once the term is over they are left to the next load.
   */
  flush(): void {
    const { term, clock } = this.#options;
    const records = this.#records;
    if (records.length === 0) return;
    this.#records = [];
    if (term.isOver) return;
    try {
      const written = term.append(records, clock.wallMs());
      written.catch((error: unknown) => this.#warn(records, error));
    } catch (error) {
      this.#warn(records, error);
    }
  }

  #warn(records: readonly GroupRecord[], error: unknown): void {
    const { term, topic, logger } = this.#options;
    const code = writeError(error, 'UNKNOWN_SERVER_ERROR');
    logger.warn(
      { topic, partition: term.index, code, records: records.length },
      'offsets that are to be forgotten could not be written; the next start finds them again',
    );
  }
}

/** The tombstone of a group's offset. */
export function tombstoneOf(
  group: string,
  { topic, partition }: Pick<CommittedOffset, 'topic' | 'partition'>,
): GroupRecord {
  return { kind: 'offset', group, topic, partition, value: null };
}

/** The tombstone of a group's record. */
export function groupTombstone(group: string): GroupRecord {
  return { kind: 'group', group, value: null };
}
