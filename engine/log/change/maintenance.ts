import type { ActiveSegment } from '../append/active-segment.js';
import type { CompactionResult, LogMaintenance, ScrubResult } from '../partition-log.js';
import type { Changes } from './changes.js';
import type { Compaction } from './compaction.js';
import type { Removed } from './remove-below.js';
import type { Retention } from './retain.js';

/** The log that is kept in order. */
export interface MaintainedLog {
  readonly active: ActiveSegment;
  readonly changes: Changes;
  readonly compaction: Compaction;
}

/** The maintenance of a log from time to time. */
export class Maintenance implements LogMaintenance {
  readonly #log: MaintainedLog;
  readonly #retention: Retention;
  readonly #scrub: () => Promise<ScrubResult>;

  constructor(log: MaintainedLog, retention: Retention, scrub: () => Promise<ScrubResult>) {
    this.#log = log;
    this.#retention = retention;
    this.#scrub = scrub;
  }

  async applyRetention(): Promise<Removed> {
    await this.#retention.readTimes();
    return this.#log.changes.run(() => this.#retention.apply());
  }

  compact(): Promise<CompactionResult> {
    return this.#log.compaction.run();
  }

  roll(): Promise<void> {
    return this.#log.active.roll();
  }

  scrub(): Promise<ScrubResult> {
    return this.#scrub();
  }
}
