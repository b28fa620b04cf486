import type { Clock } from '../clock.js';
import type { Disk } from '../disk/disk.js';
import type { JobName, JobRunner, Jobs } from './job-runner.js';
import { runJob } from './jobs/run-job.js';

/**
 * Runs jobs in place, on the disk that it is given, all at once: for tests and simulations. `clock`
 * times the pauses of jobs; a job waits for ever if a manual clock is not moved during its pause.
 */
export function createInlineRunner(
  disk: Disk,
  clock: Pick<Clock, 'monotonicMs' | 'schedule'>,
): JobRunner {
  const running = new Set<Promise<unknown>>();
  let isClosed = false;
  return {
    async run<Name extends JobName>(
      name: Name,
      input: Jobs[Name]['input'],
    ): Promise<Jobs[Name]['output']> {
      if (isClosed) throw new Error('the job runner is closed');
      const job = runJob({ disk, clock, isStopping: () => isClosed }, name, input);
      running.add(job);
      try {
        return await job;
      } finally {
        running.delete(job);
      }
    },
    async close() {
      isClosed = true;
      await Promise.allSettled(running);
    },
  };
}
