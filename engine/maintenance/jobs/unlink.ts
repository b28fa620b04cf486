import type { Disk, DiskStat } from '../../disk/disk.js';
import { hasErrno } from '../../disk/errno.js';
import type { Jobs } from '../job-runner.js';
import { GentleRemoval } from './gentle-removal.js';
import type { JobWorld } from './run-job.js';

type Unlink = Jobs['unlink'];

/**
 * Unlinks the files one after another. A missing file counts for nothing; any other failure ends the job with the
 * disk's error, and what was unlinked before stays so. Names are durable only after the caller syncs their folder.
 */
export function unlinkFiles(disk: Disk, input: Unlink['input']): Promise<Unlink['output']> {
  return unlinkEach(disk, input, (path) => disk.unlink(path));
}

/** As `unlinkFiles`, beside logs that are being synced: takes its time. Rejects ABORTED when its runner is closed meanwhile. */
export function unlinkGently(world: JobWorld, input: Unlink['input']): Promise<Unlink['output']> {
  const removal = new GentleRemoval(world);
  // Whoever has given the file a second name wants to keep it whole.
  return unlinkEach(world.disk, input, (path, { size, links }) =>
    removal.remove(path, links > 1 ? 0 : size),
  );
}

async function unlinkEach(
  disk: Disk,
  { paths }: Unlink['input'],
  remove: (path: string, found: DiskStat) => Promise<void>,
): Promise<Unlink['output']> {
  let bytes = 0;
  for (const path of paths) {
    const found = await disk.stat(path);
    if (!found) continue;
    try {
      await remove(path, found);
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) continue;
      throw error;
    }
    bytes += found.size;
  }
  return { bytes };
}
