import type { JobName, Jobs } from '../job-runner.js';
import type { JobWorld } from './job-world.js';
import { mapKeys } from './map-keys.js';
import { rewriteSegments } from './rewrite-segments.js';
import { scrubSegment } from './scrub.js';
import { unlinkGently } from './unlink.js';

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
