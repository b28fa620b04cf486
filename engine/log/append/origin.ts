import { SPARED_NOTHING, type SparedChecks } from '../../batch/validate.js';
import type { AppendOrigin } from '../partition-log.js';

/** The checks that an append of one origin is spared. */
export interface OriginRules extends SparedChecks {
  /**
   * The records are not unpacked and looked at, even where the topic or their count asks for it.
   */
  readonly records: boolean;
  /** The batch is not stored in the codec of its topic, but in its own. */
  readonly codec: boolean;
  /**
   * The log does not assign offsets and epoch: the batch carries them, begins at or above the log
   * end, and several batches may come in one piece.
   */
  readonly place: boolean;
}

/**
 * The checks that each origin is spared:
 *
 * - a client: nothing;
 * - a batch that this process has built just now: its checksum was made from these bytes, and its
 *   codec was chosen;
 * - a coordinator: its batches have their own times and, from a transaction's producer, no
 *   sequence; markers are control batches;
 * - a leader that is followed: it has made all these checks, and has compacted its log since.
 */
export const ORIGINS: Readonly<Record<AppendOrigin, OriginRules>> = {
  client: { ...SPARED_NOTHING, records: false, codec: false, place: false },
  built: { ...SPARED_NOTHING, checksum: true, records: false, codec: true, place: false },
  coordinator: {
    checksum: true,
    size: false,
    count: false,
    control: true,
    timestamps: true,
    sequence: true,
    records: true,
    codec: true,
    place: false,
  },
  replica: {
    checksum: false,
    size: true,
    count: true,
    control: true,
    timestamps: true,
    sequence: true,
    records: true,
    codec: true,
    place: true,
  },
};
