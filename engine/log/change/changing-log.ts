import type { CheckpointState } from '../durability/checkpoint-state.js';
import type { Unsynced } from '../durability/unsynced.js';
import type { PartitionName } from '../partition-log.js';
import type { Sealing } from '../segments/sealing.js';
import type { SegmentOwner } from '../segments/segment-owner.js';
import type { CheckpointTarget } from '../shared/checkpoints.js';
import type { LogContext } from '../shared/log-context.js';
import type { LeaderEpochs } from '../state/leader-epochs.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import type { Watermark } from '../state/watermark.js';

/** What takes segments away or replaces them needs this of a log. */
export interface ChangingLog extends SegmentOwner {
  readonly context: LogContext;
  readonly name: PartitionName;
  readonly offsets: OffsetTracker;
  readonly epochs: LeaderEpochs;
  readonly watermark: Watermark;
  readonly checkpoint: CheckpointState;
  readonly checkpointTarget: CheckpointTarget;
  /** Files and folders that no sync covers yet. */
  readonly unsynced: Unsynced;
  /** Sealed segments whose indexes are not saved yet. */
  readonly sealing: Sealing;
  /** Whether a close has begun: nothing comes any more. */
  readonly isClosing: boolean;
  /** Throws LOG_CLOSED, DAMAGED_LOG or STORAGE_OFFLINE. */
  assertServing(): void;
  /** Runs what takes segments off the list, or replaces them: one after another. */
  changeSegments<Result>(change: () => Promise<Result>): Promise<Result>;
  /** Seals the active segment and begins the next one, unless it is empty. */
  roll(): Promise<void>;
}
