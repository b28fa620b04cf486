import type { AppendWaiters } from './append-waiters.js';
import type { CheckpointState } from './checkpoint-state.js';
import type { CheckpointTarget } from './checkpoints.js';
import type { LeaderEpochs } from './leader-epochs.js';
import type { LogContext } from './log-context.js';
import type { LogSettings } from './log-settings.js';
import type { LogWriter } from './log-writer.js';
import type { OffsetTracker } from './offset-tracker.js';
import type { Appended, PartitionName } from './partition-log.js';
import type { ProducerStates } from './producer-state.js';
import type { ReadHints } from './read-hints.js';
import type { Segment } from './segment.js';
import type { SegmentList } from './segment-list.js';
import type { SyncTarget } from './sync-rounds.js';
import type { Unsynced } from './unsynced.js';
import type { Watermark } from './watermark.js';

/** What one log is made of; the functions beside it (`append.ts`, `read.ts`, …) work on this. */
export interface LogParts extends SyncTarget {
  readonly context: LogContext;
  readonly name: PartitionName;
  /** Absolute path of the partition's folder. It exists once the first segment does. */
  readonly folder: string;
  readonly settings: LogSettings;
  readonly segments: SegmentList;
  readonly offsets: OffsetTracker;
  readonly epochs: LeaderEpochs;
  readonly producers: ProducerStates;
  readonly writer: LogWriter;
  /** Appends that were written and wait for the durable end. */
  readonly durableWaiters: AppendWaiters;
  /** Files and folders that no sync covers yet. */
  readonly unsynced: Unsynced;
  readonly watermark: Watermark;
  readonly checkpoint: CheckpointState;
  readonly readHints: ReadHints;
  /** Sealed segments whose indexes are not saved yet. */
  readonly sealing: Segment[];
  /** Whether the log was closed or deleted, or its disk has failed. */
  readonly hasEnded: boolean;
  /** Whether its batches may leave offsets out: by compaction, by a gap of its leader's, at its log start. False is certain. */
  readonly hasGaps: boolean;
  /** Whether a close has begun: nothing comes any more. */
  readonly isClosing: boolean;
  /** Throws LOG_CLOSED, DAMAGED_LOG or STORAGE_OFFLINE. */
  assertServing(): void;
  /** Resolves with `appended` when the flush promise holds for it, rejects if it was lost. */
  whenPromised(appended: Appended): Promise<Appended>;
  /** Something was written or changed that the next checkpoint should know. */
  readonly checkpointTarget: CheckpointTarget;
}
