import { LIMITS } from '../limits.js';
import type { JobRunner } from './job-runner.js';

/**
 * Unlinks files that nobody has open, cut down bit by bit, by jobs of some files each: what a
 * thread is told stays short. Rejects as they do.
 */
export async function unlinkInPieces(jobs: JobRunner, paths: readonly string[]): Promise<void> {
  for (let from = 0; from < paths.length; from += LIMITS.unlinkedPerJobMax) {
    const some = paths.slice(from, from + LIMITS.unlinkedPerJobMax);
    await jobs.run('unlink', { paths: some, cutsDown: true });
  }
}
