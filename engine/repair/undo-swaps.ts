import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { baseOffset, lastOffsetDelta } from '../batch/header.js';
import { scanBatchAt } from '../batch/validate.js';
import { syncFolder } from '../catalog/open-lmdb-catalog.js';
import {
  parseSegmentFileName,
  SEGMENT_FILE_KINDS,
  type SegmentFileName,
  segmentFileName,
} from '../disk/file-names.js';
import { nodeDisk } from '../disk/node-disk.js';
import { EngineError } from '../errors.js';

/** The output of a compaction that a crash interrupted, and that has changed since. */
export interface UndoneSwap {
  readonly path: string;
  /** Segments that it had replaced, which are put back. */
  readonly restored: readonly number[];
  /** The path at which the old file is kept; null before a repair. */
  readonly kept: string | null;
}

/**
 * Finds the `.log.swap` files of a folder that an open cannot finish, and with `execute` puts back
 * the segments that they replaced: those are still there as `.deleted`, since nothing is unlinked
 * before an open. The file itself is kept as `.swap.damaged`. Durable when it resolves.
 *
 * Rejects DAMAGED_LOG for one that an open finishes.
 */
export async function undoSwaps(folder: string, execute: boolean): Promise<UndoneSwap[]> {
  const parsed = (await nodeDisk.readdir(folder)).map(parseSegmentFileName);
  const files = parsed.filter((each) => each !== null);
  const logs = files.filter(({ kind }) => kind === 'log');
  const undone: UndoneSwap[] = [];
  for (const { baseOffset: base } of logs.filter(({ state }) => state === 'swap')) {
    const path = join(folder, segmentFileName(base, 'log', 'swap'));
    if (await mayBeFinished(path, base, logs)) {
      throw new EngineError(
        'DAMAGED_LOG',
        `${path}: a compaction is unfinished; start the broker, which finishes it, stop it, and repair then`,
      );
    }
    const restored = await replacedBy(folder, base, logs);
    if (execute) {
      for (const each of restored) await putBack(folder, each, files);
      await rename(path, `${path}.damaged`);
      await syncFolder(folder);
    }
    undone.push({ path, restored, kept: execute ? `${path}.damaged` : null });
  }
  return undone;
}

/**
 * Whether `finish-swaps.ts` would finish the file: it is whole, and ends where a segment begins.
 */
async function mayBeFinished(
  path: string,
  base: number,
  logs: readonly SegmentFileName[],
): Promise<boolean> {
  const { endOffset, isWhole } = await endOf(path, base);
  const begins = logs.some((each) => each.state !== 'deleted' && each.baseOffset === endOffset);
  return isWhole && begins;
}

/**
 * Segments that are `.deleted`, begin behind the segment before them, and have no live segment
 * under their name. A `.deleted` segment of an earlier compaction lies within the offsets of a live
 * segment.
 */
async function replacedBy(
  folder: string,
  base: number,
  logs: readonly SegmentFileName[],
): Promise<number[]> {
  const behind = logs
    .filter(({ baseOffset: at, state }) => at >= base && (state === null || state === 'deleted'))
    .sort((a, b) => a.baseOffset - b.baseOffset);
  const isLive = new Set(
    behind.filter(({ state }) => state === null).map((each) => each.baseOffset),
  );
  const restored: number[] = [];
  let end = base;
  for (const { baseOffset: at, state } of behind) {
    if (state === 'deleted' && (isLive.has(at) || at < end)) continue;
    if (state === 'deleted') restored.push(at);
    end = (await endOf(join(folder, segmentFileName(at, 'log', state)), at)).endOffset;
  }
  return restored;
}

/** The offset behind the last whole batch, and whether it ends the file. */
async function endOf(path: string, base: number): Promise<{ endOffset: number; isWhole: boolean }> {
  const bytes = await readFile(path);
  let position = 0;
  let endOffset = base;
  while (position < bytes.length) {
    const size = scanBatchAt(bytes, position, bytes.length - position);
    if (typeof size !== 'number' || baseOffset(bytes, position) < endOffset) break;
    endOffset = baseOffset(bytes, position) + lastOffsetDelta(bytes, position) + 1;
    position += size;
  }
  return { endOffset, isWhole: position === bytes.length && position > 0 };
}

/** The log last: an open that finds it finds its indexes, too. */
async function putBack(
  folder: string,
  base: number,
  files: readonly SegmentFileName[],
): Promise<void> {
  for (const kind of [...SEGMENT_FILE_KINDS].reverse()) {
    const isThere = files.some(
      (each) => each.baseOffset === base && each.kind === kind && each.state === 'deleted',
    );
    if (!isThere) continue;
    await rename(
      join(folder, segmentFileName(base, kind, 'deleted')),
      join(folder, segmentFileName(base, kind)),
    );
  }
}
