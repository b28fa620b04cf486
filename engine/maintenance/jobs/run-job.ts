import type { Disk } from '../../disk/disk.js';
import type { JobName, Jobs } from '../job-runner.js';
import { scrubSegment } from './scrub.js';
import { unlinkFiles } from './unlink.js';

type JobFunctions = {
  readonly [Name in JobName]: (
    disk: Disk,
    input: Jobs[Name]['input'],
  ) => Promise<Jobs[Name]['output']>;
};

const JOB_FUNCTIONS: JobFunctions = {
  unlink: unlinkFiles,
  scrub: scrubSegment,
};

/** Runs one job on `disk`, wherever this code happens to be: in a worker thread or in place. */
export function runJob<Name extends JobName>(
  disk: Disk,
  name: Name,
  input: Jobs[Name]['input'],
): Promise<Jobs[Name]['output']> {
  return JOB_FUNCTIONS[name](disk, input);
}
