/** Entry of a maintenance thread: plain jobs in, plain replies out, on the machine's own disk. */
import { systemClock } from '../clock.js';
import { nodeDisk } from '../disk/node-disk.js';
import { failureOf, type JobReply, type JobRequest } from './job-message.js';
import { runJob } from './jobs/run-job.js';

export default async function work(request: JobRequest): Promise<JobReply> {
  try {
    return {
      output: await runJob(
        { disk: nodeDisk, clock: systemClock },
        request.name,
        request.input as never,
      ),
    };
  } catch (error) {
    return failureOf(error);
  }
}
