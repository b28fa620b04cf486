import type { SegmentContext, SegmentOwner } from '../segments/segment-owner.js';
import type { LogContext } from '../shared/log-context.js';
import type { LeaderEpochs } from '../state/leader-epochs.js';
import type { LogLife } from '../state/log-life.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import type { ReadHints } from './read-hints.js';

/** What reads need of the data directory. */
export type ReadContext = SegmentContext & Pick<LogContext, 'unpacking'>;

/** The owners of a log that reads need. */
export interface ReadableLog extends SegmentOwner {
  readonly context: ReadContext;
  readonly offsets: OffsetTracker;
  readonly epochs: LeaderEpochs;
  readonly readHints: ReadHints;
  readonly life: LogLife;
}
