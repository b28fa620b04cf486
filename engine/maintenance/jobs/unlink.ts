import type { Disk } from '../../disk/disk.js';
import { hasErrno } from '../../disk/errno.js';
import type { Jobs } from '../job-runner.js';

/**
 * Unlinks the files one after another. A missing file counts for nothing; any other failure ends the job with the
 * disk's error, and what was unlinked before stays so. Names are durable only after the caller syncs their folder.
 */
export async function unlinkFiles(
  disk: Disk,
  input: Jobs['unlink']['input'],
): Promise<Jobs['unlink']['output']> {
  let bytes = 0;
  for (const path of input.paths) {
    const found = await disk.stat(path);
    if (!found) continue;
    try {
      await disk.unlink(path);
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) continue;
      throw error;
    }
    bytes += found.size;
  }
  return { bytes };
}
