import type { ActiveSegment } from '../append/active-segment.js';
import type { CompactionResult, LogMaintenance, ScrubResult } from '../partition-log.js';
import type { ReadableLog } from '../read/readable-log.js';
import { scrubLog } from '../read/scrub.js';
import type { Changes } from './changes.js';
import type { Compaction } from './compaction.js';
import type { Removed } from './remove-below.js';
import { type RetainedLog, readTimesForRetention, retain } from './retain.js';

/** The log that is kept in order. */
export interface MaintainedLog {
  readonly active: ActiveSegment;
  readonly changes: Changes;
  readonly compaction: Compaction;
}

/** What is done to a log from time to time. */
export class Maintenance implements LogMaintenance {
  readonly #log: MaintainedLog;
  readonly #retained: RetainedLog;
  readonly #readable: ReadableLog;

  constructor(log: MaintainedLog, retained: RetainedLog, readable: ReadableLog) {
    this.#log = log;
    this.#retained = retained;
    this.#readable = readable;
  }

  async applyRetention(): Promise<Removed> {
    this.#retained.life.assertTaking();
    await readTimesForRetention(this.#retained);
    return this.#log.changes.run(() => retain(this.#retained));
  }

  compact(): Promise<CompactionResult> {
    return this.#log.compaction.run();
  }

  roll(): Promise<void> {
    return this.#log.active.roll();
  }

  scrub(): Promise<ScrubResult> {
    return scrubLog(this.#readable);
  }
}
