import type { Clock } from '../../clock.js';
import type { Disk } from '../../disk/disk.js';

/** What a job takes from the world. */
export interface JobWorld {
  readonly disk: Disk;
  /** Paces what is bounded in its rate. */
  readonly clock: Pick<Clock, 'monotonicMs' | 'schedule'>;
  /** Whether the runner is being closed: a job that takes its time hurries. */
  isStopping(): boolean;
}
