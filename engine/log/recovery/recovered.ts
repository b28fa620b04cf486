import type { LogFile } from '../../disk/log-file.js';
import type { LogCheckpoint } from '../durability/log-records.js';
import type { LogSettings } from '../log-settings.js';
import type { SegmentList } from '../segments/segment-list.js';
import type { LeaderEpochs } from '../state/leader-epochs.js';
import type { LogPosition } from '../state/offset-tracker.js';
import type { ProducerStates } from '../state/producer-state.js';

/** What recovery found. Nothing of it is served before `unsynced` is durable. */
export interface Recovered {
  readonly segments: SegmentList;
  readonly logStart: number;
  readonly end: LogPosition;
  /** As far as it was written down, and no further than the end. */
  readonly highWatermark: LogPosition;
  /** Whether offsets may be left out. */
  readonly hasGaps: boolean;
  /**
   * Whether some may be of which the catalog does not know, which is to be known durably before
   * anything is appended.
   */
  readonly leavesGap: boolean;
  /** As `RecoveryInput.assumedStart`, from now on: to be known durably. */
  readonly assumedStart: number;
  readonly epochs: LeaderEpochs;
  readonly producers: ProducerStates;
  /** Bytes behind the checkpoint that were read; 0 after a clean stop. */
  readonly scannedBytes: number;
  /** Bytes of a torn tail that were set aside. */
  readonly cutBytes: number;
  /** Files, oldest first, and folders that a sync has to cover; none after a clean stop. */
  readonly unsynced: { readonly files: readonly LogFile[]; readonly folders: readonly string[] };
}

export interface RecoveryInput {
  readonly folder: string;
  /** What is in it; empty where there is no such folder. */
  readonly names: readonly string[];
  readonly settings: LogSettings;
  readonly checkpoint: LogCheckpoint | null;
  /** What the checkpoint knows of them; changed by what is found. */
  readonly producers: ProducerStates;
  /** Log start offset by decree. */
  readonly logStart: number;
  /** Where the log was found to begin while nothing said where it does; 0: never. */
  readonly assumedStart: number;
  /** Whether the log is known to leave offsets out. */
  readonly hasGaps: boolean;
}
