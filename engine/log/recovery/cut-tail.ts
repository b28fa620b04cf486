import { join } from 'node:path';
import { copyRange } from '../../disk/copy-range.js';
import { segmentFileName } from '../../disk/file-names.js';
import type { LogFile } from '../../disk/log-file.js';
import { cutLogFile } from '../../disk/own-file.js';
import { EngineError } from '../../errors.js';
import { LIMITS } from '../../limits.js';
import { indexPath } from '../segments/index-files.js';
import { repairAdvice } from '../segments/repair-advice.js';
import type { Segment } from '../segments/segment.js';
import type { LogContext } from '../shared/log-context.js';
import { showsDamage } from './tail-evidence.js';
import type { TailScan } from './tail-scan.js';

/**
 * Cuts a segment where its scan ended, in a torn tail. First the torn bytes are set aside durably,
 * and so are the later segments, which may hold torn bytes only. Returns the number of bytes that
 * were set aside.
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
  const size = await file.size();
  const path = await nameFor(
    context,
    join(folder, segmentFileName(endOffset, 'log', 'cut')),
    (kept) => beginsWith(context, kept, file, end, size),
  );
  await copyRange(disk, file, end, size, path);
  const bytes = size - end + (await setAside(context, folder, later));
  await cutLogFile(disk, file, end);
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

/**
 * Whole files without a whole batch become `.cut` files. When it resolves, all names in the folder
 * are durable. Returns their bytes.
 */
export async function setAside(
  context: LogContext,
  folder: string,
  segments: readonly Segment[],
): Promise<number> {
  const { disk, logger } = context;
  let bytes = 0;
  for (const segment of segments) {
    const { file, size } = segment;
    const kept = await nameFor(context, `${file.path}.cut`, async () => false);
    await file.forget();
    await disk.rename(file.path, kept);
    // A later segment that begins there must not find these index files.
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

/**
 * The name, or the first free name with a number behind it: bytes that were cut before are not
 * lost, unless `mayGo` says so.
 */
async function nameFor(
  { disk }: LogContext,
  path: string,
  mayGo: (path: string) => Promise<boolean>,
): Promise<string> {
  for (let number = 1; ; number++) {
    const name = number === 1 ? path : `${path}-${number}`;
    if ((await disk.stat(name)) === null || (await mayGo(name))) return name;
  }
}

/**
 * Whether the bytes of a segment from `from` to `end` (exclusive) begin with all bytes of the kept
 * file: then that file is a copy of them, which a crash may have ended.
 */
async function beginsWith(
  { disk }: LogContext,
  kept: string,
  file: LogFile,
  from: number,
  end: number,
): Promise<boolean> {
  const copy = await disk.open(kept, 'read');
  try {
    const copied = await copy.size();
    if (copied > end - from) return false;
    const [mine, theirs] = [0, 1].map(() =>
      Buffer.allocUnsafe(Math.min(LIMITS.recoveryReadBytes, copied)),
    ) as [Buffer, Buffer];
    for (let at = 0; at < copied; ) {
      const count = await copy.read(mine.subarray(0, Math.min(mine.length, copied - at)), at);
      const found = await file.read(theirs.subarray(0, count), from + at);
      if (count === 0 || found < count) return false;
      if (!mine.subarray(0, count).equals(theirs.subarray(0, count))) return false;
      at += count;
    }
    return true;
  } finally {
    await copy.close();
  }
}

/** The error of a log that does not open, with advice. */
export function damagedLog(folder: string, what: string): EngineError {
  return new EngineError(
    'DAMAGED_LOG',
    `${what}: the log is not opened, and nothing was cut; ${repairAdvice(folder)}`,
    { path: folder },
  );
}
