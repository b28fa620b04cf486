import type { SegmentOwner } from '../segments/segment-owner.js';
import type { LogContext } from '../shared/log-context.js';
import type { LeaderEpochs } from '../state/leader-epochs.js';
import type { LogLife } from '../state/log-life.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import type { ReadHints } from './read-hints.js';

/** The owners of a log that reads need. */
export interface ReadableLog extends SegmentOwner {
  readonly context: LogContext;
  readonly offsets: OffsetTracker;
  readonly epochs: LeaderEpochs;
  readonly readHints: ReadHints;
  readonly life: LogLife;
}
