import type { PartitionName } from '../partition-log.js';
import type { SegmentOwner } from '../segments/segment-owner.js';
import type { LogContext } from '../shared/log-context.js';
import type { LeaderEpochs } from '../state/leader-epochs.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import type { ReadHints } from './read-hints.js';

/** What reads need of a log. */
export interface ReadableLog extends SegmentOwner {
  readonly context: LogContext;
  readonly name: PartitionName;
  readonly offsets: OffsetTracker;
  readonly epochs: LeaderEpochs;
  readonly readHints: ReadHints;
  /** Throws LOG_CLOSED, DAMAGED_LOG or STORAGE_OFFLINE. */
  assertServing(): void;
}
