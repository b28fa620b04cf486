import type { LogFile } from '../../disk/log-file.js';
import type { LogOpening } from '../../opening-progress.js';
import type { LogCheckpoint } from '../durability/log-records.js';
import type { LogSettings } from '../log-settings.js';
import type { SegmentList } from '../segments/segment-list.js';
import type { LeaderEpochs } from '../state/leader-epochs.js';
import type { LogPosition } from '../state/offset-tracker.js';
import type { ProducerStates } from '../state/producer-state.js';

/** The result of recovery. Nothing of it is served before `unsynced` is durable. */
export interface Recovered {
  readonly segments: SegmentList;
  readonly logStart: number;
  readonly end: LogPosition;
  /** The high watermark that was written down, but no further than the end. */
  readonly highWatermark: LogPosition;
  /** Whether offsets may be left out. */
  readonly hasGaps: boolean;
  /**
   * Whether offsets may be left out that the catalog does not know of: it must be marked durably
   * before anything is appended.
   */
  readonly leavesGap: boolean;
  /** As `RecoveryInput.assumedStart`, from now on: it must be written durably. */
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
  /** The names in the folder; empty where there is no folder. */
  readonly names: readonly string[];
  readonly settings: LogSettings;
  readonly checkpoint: LogCheckpoint | null;
  /** The producers of the checkpoint; recovery adds what it finds. */
  readonly producers: ProducerStates;
  /** The log start offset that was set. */
  readonly logStart: number;
  /** The start that was assumed while it was unknown where the log begins; 0: none. */
  readonly assumedStart: number;
  /** Whether the log is known to leave offsets out. */
  readonly hasGaps: boolean;
  /** Told of the bytes behind the checkpoint. */
  readonly opening: LogOpening;
}
