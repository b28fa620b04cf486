import type { AppendWaiters } from './append/append-waiters.js';
import type { LogWriter } from './append/log-writer.js';
import type { CheckpointState } from './durability/checkpoint-state.js';
import type { Unsynced } from './durability/unsynced.js';
import type { LogSettings } from './log-settings.js';
import type { Appended, PartitionName } from './partition-log.js';
import type { ReadHints } from './read/read-hints.js';
import type { Segment } from './segments/segment.js';
import type { SegmentList } from './segments/segment-list.js';
import type { CheckpointTarget } from './shared/checkpoints.js';
import type { LogContext } from './shared/log-context.js';
import type { SyncTarget } from './shared/sync-rounds.js';
import type { LeaderEpochs } from './state/leader-epochs.js';
import type { OffsetTracker } from './state/offset-tracker.js';
import type { ProducerStates } from './state/producer-state.js';
import type { Watermark } from './state/watermark.js';

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
