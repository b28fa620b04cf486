import { type ByteMeter, type LogWorkOptions, toldWork } from '../../log-progress.js';
import type { ActiveSegment } from '../append/active-segment.js';
import type { CompactionResult, LogMaintenance, ScrubResult } from '../partition-log.js';
import type { LogContext } from '../shared/log-context.js';
import type { Changes } from './changes.js';
import type { Compaction } from './compaction.js';
import type { Removed } from './remove-below.js';
import type { Retention } from './retain.js';

/** The log that is kept in order. */
export interface MaintainedLog {
  readonly active: ActiveSegment;
  readonly changes: Changes;
  readonly compaction: Compaction;
  readonly context: LogContext;
}

/** The maintenance of a log from time to time. */
export class Maintenance implements LogMaintenance {
  readonly #log: MaintainedLog;
  readonly #retention: Retention;
  readonly #scrub: (meter: ByteMeter) => Promise<ScrubResult>;

  constructor(
    log: MaintainedLog,
    retention: Retention,
    scrub: (meter: ByteMeter) => Promise<ScrubResult>,
  ) {
    this.#log = log;
    this.#retention = retention;
    this.#scrub = scrub;
  }

  async applyRetention(): Promise<Removed> {
    await this.#retention.readTimes();
    return this.#log.changes.run(() => this.#retention.apply());
  }

  compact(options: LogWorkOptions = {}): Promise<CompactionResult> {
    const { compaction, context } = this.#log;
    return toldWork('compact', options, context, (meter) => compaction.run(meter));
  }

  roll(): Promise<void> {
    return this.#log.active.roll();
  }

  scrub(options: LogWorkOptions = {}): Promise<ScrubResult> {
    return toldWork('scrub', options, this.#log.context, this.#scrub);
  }
}
