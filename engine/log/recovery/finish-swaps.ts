import { dirname, join } from 'node:path';
import { baseOffset as offsetOf } from '../../batch/header.js';
import {
  parseSegmentFileName,
  SEGMENT_FILE_KINDS,
  type SegmentFileName,
  segmentFileName,
} from '../../disk/file-names.js';
import { EngineError } from '../../errors.js';
import { repairAdvice } from '../segments/repair-advice.js';
import type { LogContext } from '../shared/log-context.js';
import { continues } from './tail-evidence.js';
import { scanTail } from './tail-scan.js';

/**
 * Finishes the publishing of compacted segments (`swap-segments.ts`) that a crash interrupted,
 * before anything else of a log is read. A `.log.swap` is whole and durable, and holds every record
 * of its sources that stays, up to its last offset. So live segments in its range become
 * `.deleted`, durably, then it takes its name. Index files without a `.swap` of their own are
 * dropped: they may be those of a source.
 *
 * `.swap` files of indexes alone belong to a log that never became one; they are removed with other
 * leftovers.
 *
 * @returns the names in the folder afterwards
 * @throws EngineError DAMAGED_LOG for a `.log.swap` that is not whole
 */
export async function finishSwaps(
  context: LogContext,
  folder: string,
  names: readonly string[],
): Promise<readonly string[]> {
  const swaps: number[] = [];
  const work = context.slices.begin();
  for (const name of names) {
    if (name.endsWith('.swap')) {
      const parsed = parseSegmentFileName(name);
      if (parsed?.state === 'swap' && parsed.kind === 'log') swaps.push(parsed.baseOffset);
    }
    const pause = work.did(1, 'records');
    if (pause !== null) await pause;
  }
  swaps.sort((a, b) => a - b);
  for (const baseOffset of swaps) await finishSwap(context, folder, baseOffset);
  return swaps.length === 0 ? names : context.disk.readdir(folder);
}

async function finishSwap(context: LogContext, folder: string, baseOffset: number): Promise<void> {
  const { disk, logger } = context;
  const swapPath = join(folder, segmentFileName(baseOffset, 'log', 'swap'));
  const endOffset = await endOf(context, swapPath, baseOffset);
  const names = await disk.readdir(folder);
  // With a wrong end, segments with other records would be removed; there was always a segment
  // behind the sources.
  if (!names.some((name) => beginsAt(name, endOffset))) {
    throw damaged(swapPath, `it ends at offset ${endOffset}, where no segment begins`);
  }
  const replaced = names
    .map((name) => parseSegmentFileName(name))
    .filter(
      (parsed): parsed is SegmentFileName =>
        parsed !== null &&
        parsed.state === null &&
        parsed.baseOffset >= baseOffset &&
        parsed.baseOffset < endOffset,
    );
  for (const { baseOffset: base, kind } of replaced) {
    await disk.rename(
      join(folder, segmentFileName(base, kind)),
      join(folder, segmentFileName(base, kind, 'deleted')),
    );
  }
  await disk.syncDirectory(folder);
  for (const kind of SEGMENT_FILE_KINDS) {
    const swap = segmentFileName(baseOffset, kind, 'swap');
    if (kind === 'log' || !names.includes(swap)) continue;
    await disk.rename(join(folder, swap), join(folder, segmentFileName(baseOffset, kind)));
  }
  await disk.rename(swapPath, join(folder, segmentFileName(baseOffset, 'log')));
  await disk.syncDirectory(folder);
  logger.info(
    { file: swapPath, replaced: replaced.length },
    'the publishing of a compacted segment was finished',
  );
}

function beginsAt(name: string, offset: number): boolean {
  const parsed = parseSegmentFileName(name);
  return parsed?.kind === 'log' && parsed.state !== 'deleted' && parsed.baseOffset === offset;
}

/**
 * The offset behind the last batch. All batches are read with their checksums, since the replaced
 * segments depend on it.
 */
async function endOf(
  { files, disk }: LogContext,
  path: string,
  baseOffset: number,
): Promise<number> {
  const size = (await disk.stat(path))?.size ?? 0;
  const file = files.file(path);
  try {
    const { end, endOffset, verdict } = await scanTail(
      file,
      0,
      size,
      baseOffset,
      (bytes, at, expected) => continues(offsetOf(bytes, at), expected),
      () => {},
    );
    if (size > 0 && verdict === 'whole') return endOffset;
    throw damaged(path, `it is damaged at byte ${end}`);
  } finally {
    await file.forget();
  }
}

function damaged(path: string, what: string): EngineError {
  return new EngineError(
    'DAMAGED_LOG',
    `${path}: ${what}; nothing was changed, ${repairAdvice(dirname(path))}`,
  );
}
