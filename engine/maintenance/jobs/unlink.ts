import type { Disk } from '../../disk/disk.js';
import { hasErrno } from '../../disk/errno.js';
import { LIMITS } from '../../limits.js';
import { cutDown } from '../cut-down.js';
import type { Jobs } from '../job-runner.js';
import type { JobWorld } from './job-world.js';

type Unlink = Jobs['unlink'];

/**
 * Unlinks the files one after another. A missing file is skipped; any other failure ends the job
 * with the disk's error, and the files that were unlinked before stay so. Names are durable only
 * after the caller syncs their folder.
 */
export function unlinkFiles(disk: Disk, input: Unlink['input']): Promise<Unlink['output']> {
  return unlinkEach(disk, input, ({ path }) => disk.unlink(path));
}

/**
 * As `unlinkFiles`, but gentle to logs that are being synced: with pauses, and large files piece by
 * piece if asked to, until the runner is being closed.
 */
export function unlinkGently(world: JobWorld, input: Unlink['input']): Promise<Unlink['output']> {
  const { clock, disk } = world;
  let owedMs = 0;
  return unlinkEach(disk, input, async ({ path, size }) => {
    if (input.cutsDown && size > LIMITS.cutPieceBytes) await cutFileDown(world, path);
    if (owedMs >= 1 && !world.isStopping()) {
      const restMs = Math.min(owedMs, LIMITS.deletionRestMsMax);
      owedMs = 0;
      await new Promise<void>((resolve) => void clock.schedule(restMs, resolve));
    }
    const startedMs = clock.monotonicMs();
    await disk.unlink(path);
    owedMs += (clock.monotonicMs() - startedMs) * LIMITS.deletionRestTimes;
  });
}

async function cutFileDown({ disk, clock, isStopping }: JobWorld, path: string): Promise<void> {
  const file = await disk.open(path, 'write').catch(() => null);
  if (file === null) return;
  try {
    await cutDown(file, clock, isStopping);
  } finally {
    await file.close();
  }
}

async function unlinkEach(
  disk: Disk,
  { paths }: Unlink['input'],
  unlink: (file: { path: string; size: number }) => Promise<void>,
): Promise<Unlink['output']> {
  let bytes = 0;
  for (const path of paths) {
    const found = await disk.stat(path);
    if (!found) continue;
    try {
      await unlink({ path, size: found.size });
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) continue;
      throw error;
    }
    bytes += found.size;
  }
  return { bytes };
}
