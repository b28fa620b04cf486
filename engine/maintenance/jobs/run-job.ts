import type { Clock } from '../../clock.js';
import type { Disk } from '../../disk/disk.js';
import type { JobName, Jobs } from '../job-runner.js';
import { mapKeys } from './map-keys.js';
import { rewriteSegments } from './rewrite-segments.js';
import { scrubSegment } from './scrub.js';
import { unlinkGently } from './unlink.js';

/** What a job takes from the world. */
export interface JobWorld {
  readonly disk: Disk;
  /** Paces what is bounded in its rate. */
  readonly clock: Pick<Clock, 'monotonicMs' | 'schedule'>;
  /** Whether the runner is being closed: a job that takes its time hurries. */
  isStopping(): boolean;
}

type JobFunctions = {
  readonly [Name in JobName]: (
    world: JobWorld,
    input: Jobs[Name]['input'],
  ) => Promise<Jobs[Name]['output']>;
};

const JOB_FUNCTIONS: JobFunctions = {
  unlink: unlinkGently,
  scrub: ({ disk }, input) => scrubSegment(disk, input),
  mapKeys,
  rewriteSegments,
};

/** Runs one job, wherever this code happens to be: in a worker thread or in place. */
export function runJob<Name extends JobName>(
  world: JobWorld,
  name: Name,
  input: Jobs[Name]['input'],
): Promise<Jobs[Name]['output']> {
  return JOB_FUNCTIONS[name](world, input);
}
