import type { Disk } from '../../disk/disk.js';
import { hasErrno } from '../../disk/errno.js';
import type { Jobs } from '../job-runner.js';
import type { JobWorld } from './run-job.js';

type Unlink = Jobs['unlink'];

/**
 * After a file nothing is done for so many times as long as it took, up to a bound. Where the file system tells the device what is free (mounted with
 * `discard`), syncs wait for that, and longest where many files go in a row (docs/durability.md). Elsewhere a file takes microseconds, and so does the rest.
 */
const REST = 4;
const REST_MS_MAX = 100;

/**
 * Unlinks the files one after another. A missing file counts for nothing; any other failure ends the job with the
 * disk's error, and what was unlinked before stays so. Names are durable only after the caller syncs their folder.
 */
export function unlinkFiles(disk: Disk, input: Unlink['input']): Promise<Unlink['output']> {
  return unlinkEach(disk, input, (path) => disk.unlink(path));
}

/** As `unlinkFiles`, beside logs that are being synced: with rests, until its runner is being closed. */
export function unlinkGently(world: JobWorld, input: Unlink['input']): Promise<Unlink['output']> {
  const { clock, disk } = world;
  let owedMs = 0;
  return unlinkEach(disk, input, async (path) => {
    if (owedMs >= 1 && !world.isStopping()) {
      const restMs = Math.min(owedMs, REST_MS_MAX);
      owedMs = 0;
      await new Promise<void>((resolve) => void clock.schedule(restMs, resolve));
    }
    const startedMs = clock.monotonicMs();
    await disk.unlink(path);
    owedMs += (clock.monotonicMs() - startedMs) * REST;
  });
}

async function unlinkEach(
  disk: Disk,
  { paths }: Unlink['input'],
  unlink: (path: string) => Promise<void>,
): Promise<Unlink['output']> {
  let bytes = 0;
  for (const path of paths) {
    const found = await disk.stat(path);
    if (!found) continue;
    try {
      await unlink(path);
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) continue;
      throw error;
    }
    bytes += found.size;
  }
  return { bytes };
}
