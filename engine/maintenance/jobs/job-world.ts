import type { Clock } from '../../clock.js';
import type { Disk } from '../../disk/disk.js';

/** The clock, disk and stop flag of a job. */
export interface JobWorld {
  readonly disk: Disk;
  /** The clock that paces jobs with a bounded rate. */
  readonly clock: Pick<Clock, 'monotonicMs' | 'schedule'>;
  /** Whether the runner is being closed: a job that makes pauses stops making them. */
  isStopping(): boolean;
}
