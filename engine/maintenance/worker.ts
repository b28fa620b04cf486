/** Entry of a maintenance thread: plain jobs in, plain replies out, on the machine's own disk. */
import { systemClock } from '../clock.js';
import { failureOf, type JobReply, type JobRequest } from './job-message.js';
import type { JobWorld } from './jobs/job-world.js';
import { runJob } from './jobs/run-job.js';
import { threadDisk } from './thread-disk.js';
import { lowerThreadPriority } from './thread-priority.js';

lowerThreadPriority();

export default async function work(request: JobRequest): Promise<JobReply> {
  const stop = new Int32Array(request.stop);
  try {
    const world: JobWorld = {
      disk: threadDisk,
      clock: systemClock,
      isStopping: () => stop[0] !== 0,
    };
    return { output: await runJob(world, request.name, request.input as never) };
  } catch (error) {
    return failureOf(error);
  }
}
