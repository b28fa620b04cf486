import { join } from 'node:path';
import type { Disk } from '../../disk/disk.js';
import { readSmallFile, writeSmallFile } from '../../disk/small-file.js';

/** Its name in a partition's folder. */
export const LOG_START_FILE = 'log-start-offset';

/**
 * Stores the log start offset beside the log, durably: the offset must be found again where the
 * catalog is lost.
 */
export async function writeLogStart(disk: Disk, folder: string, offset: number): Promise<void> {
  await writeSmallFile(disk, join(folder, LOG_START_FILE), [['log.start.offset', String(offset)]]);
}

/** 0 when there is no such file, or it is damaged: then the offset in the catalog counts. */
export async function readLogStartFile(disk: Disk, folder: string): Promise<number> {
  const found = await readSmallFile(disk, join(folder, LOG_START_FILE));
  if (found.kind !== 'ok') return 0;
  const offset = Number(found.values.get('log.start.offset'));
  return Number.isSafeInteger(offset) && offset >= 0 ? offset : 0;
}
