import { join } from 'node:path';
import { segmentFileName } from '../disk/file-names.js';
import { EngineError } from '../errors.js';
import { indexPath } from './index-files.js';
import type { LogContext } from './log-context.js';
import { repairAdvice } from './repair-advice.js';
import { copyAside } from './rewrite-range.js';
import type { Segment } from './segment.js';
import { showsDamage } from './tail-evidence.js';
import type { TailScan } from './tail-scan.js';

/**
 * Cuts a segment where its scan ended, in a torn tail. The torn bytes are set aside first, durably; so are the later segments, which may only hold torn bytes too. Returns
 * how many bytes were set aside.
 *
 * @throws EngineError DAMAGED_LOG, with nothing done, when a later one holds a whole batch
 */
export async function cutTail(
  context: LogContext,
  folder: string,
  segment: Segment,
  { end, endOffset }: TailScan,
  later: readonly Segment[],
): Promise<number> {
  const { disk, logger } = context;
  const { file } = segment;
  if (await holdsBatchIn(later, endOffset)) {
    throw damagedLog(
      folder,
      `${file.path} is damaged at byte ${end} (offset ${endOffset}), with whole batches in later segments`,
    );
  }
  const path = join(folder, segmentFileName(endOffset, 'log', 'cut'));
  const size = await file.size();
  await copyAside(disk, file, end, size, path);
  const bytes = size - end + (await setAside(context, folder, later));
  await file.truncate(end);
  logger.warn(
    { file: file.path, position: end, bytes: size - end, kept: path },
    'a torn tail was cut off',
  );
  return bytes;
}

/** Whether any of the segments holds a whole batch at or above `offset`. */
export async function holdsBatchIn(segments: readonly Segment[], offset: number): Promise<boolean> {
  for (const { file, size } of segments) {
    if (await showsDamage(file, 0, size, offset)) return true;
  }
  return false;
}

/** Whole files without a whole batch become `.cut` files. When it resolves, all names in the folder are durable. Returns their bytes. */
export async function setAside(
  { disk, logger }: LogContext,
  folder: string,
  segments: readonly Segment[],
): Promise<number> {
  let bytes = 0;
  for (const segment of segments) {
    const { file, size } = segment;
    const kept = `${file.path}.cut`;
    await file.forget();
    await disk.rename(file.path, kept);
    // A segment that begins there later must not find them.
    for (const path of [indexPath(segment, 'index'), indexPath(segment, 'timeindex')]) {
      if (await disk.stat(path)) await disk.unlink(path);
    }
    bytes += size;
    logger.warn(
      { file: file.path, bytes: size, kept },
      'a segment without a whole batch was set aside',
    );
  }
  await disk.syncDirectory(folder);
  return bytes;
}

/** A log that does not open, and what to do. */
export function damagedLog(folder: string, what: string): EngineError {
  return new EngineError(
    'DAMAGED_LOG',
    `${what}: the log is not opened, and nothing was cut; ${repairAdvice(folder)}`,
    { path: folder },
  );
}
