import type { LogSettings } from '../log-settings.js';
import type { PartitionName } from '../partition-log.js';
import { type StartingLog, startSegment } from '../segments/new-segment.js';
import type { Segment } from '../segments/segment.js';
import type { SegmentList } from '../segments/segment-list.js';
import type { LogContext } from '../shared/log-context.js';
import type { OffsetTracker } from '../state/offset-tracker.js';

/** The log whose segments follow one another. */
export interface RollingLog extends StartingLog {
  readonly context: LogContext;
  readonly name: PartitionName;
  readonly folder: string;
  readonly settings: LogSettings;
  readonly segments: SegmentList;
  readonly offsets: OffsetTracker;
  readonly durability: StartingLog['durability'] & { sealed(segment: Segment): void };
}

/** Begins segments at the log end. Synchronous: it happens on the append path. */
export class Rolling {
  readonly #log: RollingLog;

  constructor(log: RollingLog) {
    this.#log = log;
  }

  /** The first segment of a log that has none. */
  begin(): Segment {
    return startSegment(this.#log, this.#log.offsets.logEnd);
  }

  /** Closes the active segment and opens the next one. Nothing may be staged. */
  roll(active: Segment): Segment {
    const next = this.begin();
    this.#log.durability.sealed(active);
    this.#log.context.counters.segmentsRolled++;
    return next;
  }
}
