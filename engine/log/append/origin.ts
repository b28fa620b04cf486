import { SPARED_NOTHING, type SparedChecks } from '../../batch/validate.js';
import type { AppendOrigin } from '../partition-log.js';

/** What an append of one origin is spared, and whether its batches keep their places. */
export interface OriginRules extends SparedChecks {
  /** That its records are unpacked and looked at, where the topic or their count asks for it. */
  readonly records: boolean;
  /** That it is stored in the codec of its topic. */
  readonly codec: boolean;
  /**
   * That the log says where it stands: it carries its offsets and its epoch, begins at or above the
   * log end, and several may come in one piece.
   */
  readonly place: boolean;
}

/**
 * What each origin is spared:
 *
 * - a client: nothing;
 * - what this process has built just now: its checksum was made of the very bytes, and its codec
 *   was chosen;
 * - a coordinator: what it builds has its own times and, of a transaction's producer, no sequence;
 *   markers are control batches;
 * - a leader that is followed: it has looked at all of that, and has compacted since.
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
