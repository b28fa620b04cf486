import { LIMITS } from '../limits.js';
import type { JobRunner } from './job-runner.js';

/**
 * Unlinks files that are not open anywhere, cut down piece by piece, by jobs of a limited number of
 * files each: the message to a thread stays short. Rejects as the jobs do.
 */
export async function unlinkInPieces(jobs: JobRunner, paths: readonly string[]): Promise<void> {
  for (let from = 0; from < paths.length; from += LIMITS.unlinkedPerJobMax) {
    const some = paths.slice(from, from + LIMITS.unlinkedPerJobMax);
    await jobs.run('unlink', { paths: some, cutsDown: true });
  }
}
