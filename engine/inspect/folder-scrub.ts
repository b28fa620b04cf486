import type { Disk } from '../disk/disk.js';
import { hasErrno } from '../disk/errno.js';
import { readLogStartFile } from '../log/durability/log-start-file.js';
import { isMissingBehind } from '../log/segments/missing-segments.js';
import { type FolderSegment, FolderSegments } from './folder-segments.js';
import { inspectLog } from './log-inspection.js';

/** A damaged place in a scrubbed log. */
export interface ScrubFinding {
  readonly path: string;
  /** Byte in the file. */
  readonly position: number;
  /** The first offset that a batch there can have. */
  readonly offset: number;
  /** What is wrong, in words. */
  readonly problem: string;
}

/** The result of a scrub of a partition's folder. */
export interface FolderScrub {
  readonly segments: number;
  /** Whole batches. */
  readonly batches: number;
  readonly findings: readonly ScrubFinding[];
  /** The end of the last file is a torn batch: no damage where it was never durable. */
  readonly torn: ScrubFinding | null;
  /** Base offset of the first segment; null without any. */
  readonly firstOffset: number | null;
  /** Where the last segment ends, as far as its batches are whole. */
  readonly end: {
    readonly path: string;
    readonly position: number;
    readonly offset: number;
  } | null;
}

type SegmentScrub = Pick<FolderScrub, 'batches' | 'findings' | 'torn' | 'end'>;

/**
 * Reads every segment of a partition's folder and checks each batch: length, format, CRC, that
 * offsets rise and stay within the segment, and that each segment begins where the one before
 * ended. Takes no lock, opens no catalog and changes nothing, so the folder may be in use: appends,
 * compactions and deletions meanwhile are no findings, nor is a compaction that the next open
 * finishes. Segments below `logStart`, as far as it is known, are not missed. `onRead` is called
 * for each batch, with its bytes. Rejects with what the disk throws.
 */
export async function scrubFolder(
  disk: Disk,
  folder: string,
  logStart = 0,
  onRead: (bytes: number) => void = () => {},
): Promise<FolderScrub> {
  let segments = 0;
  let batches = 0;
  let last: SegmentScrub | null = null;
  let firstOffset: number | null = null;
  const findings: ScrubFinding[] = [];
  const listing = new FolderSegments(disk, folder);
  let all = await listing.list();
  let segment = all[0];
  while (segment !== undefined) {
    const { baseOffset, path }: FolderSegment = segment;
    const end: number | null = behind(all, baseOffset)?.baseOffset ?? null;
    const found = await scrubSegment(disk, folder, segment, end, logStart, onRead);
    const before = all;
    all = await listing.list();
    const now: FolderSegment | undefined = all.find((each) => each.baseOffset === baseOffset);
    // A segment that was deleted, or compacted into another one, is no finding.
    segment = now ?? behind(all, baseOffset);
    if (found === null || now?.path !== path) continue;
    if (found.findings.length > 0 && isChanged(before, all)) continue;
    segments += 1;
    batches += found.batches;
    firstOffset ??= baseOffset;
    last = found;
    findings.push(...found.findings);
    segment = behind(all, baseOffset);
  }
  const { torn = null, end = null } = last ?? {};
  return { segments, batches, findings, torn, firstOffset, end };
}

/** Null when there is no such file any more. `end`: the base offset of the next segment. */
async function scrubSegment(
  disk: Disk,
  folder: string,
  { baseOffset: base, path, isSwap }: FolderSegment,
  end: number | null,
  logStart: number,
  onRead: (bytes: number) => void,
): Promise<SegmentScrub | null> {
  const file = await disk.open(path, 'read').catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT')) return null;
    throw error;
  });
  if (file === null) return null;
  let batches = 0;
  let offset = base;
  let endPosition = 0;
  let torn: ScrubFinding | null = null;
  /** The position of the last damaged batch, until a sound batch comes. */
  let passed: number | null = null;
  const findings: ScrubFinding[] = [];
  const add = (position: number, what: string): number => {
    const problem = isSwap ? `${what}; this compaction cannot be finished` : what;
    return findings.push({ path, position, offset, problem });
  };
  // Behind damage it is unknown where the next batch begins, until the next segment. Nothing is
  // read of a log whose compaction cannot be finished.
  const goOn = end === null || isSwap ? '' : `; reads go on at offset ${end}`;
  try {
    for await (const found of inspectLog(file)) {
      const { position } = found;
      if (found.kind === 'damage') {
        const isTail = found.torn && end === null && !isSwap;
        if (!isTail) add(position, `${found.problem}${goOn}`);
        else if ((await file.size()) === position + found.size)
          torn = { path, position, offset, problem: found.problem };
        break;
      }
      onRead(found.size);
      const problem = problemOf(found, base, isSwap ? null : end);
      if (problem === null) {
        batches += 1;
        const before = findings.at(-1);
        if (before !== undefined && before.position === passed) {
          const goesOn = `; the next whole batch is at offset ${found.baseOffset}`;
          findings[findings.length - 1] = { ...before, problem: `${before.problem}${goesOn}` };
        }
        passed = null;
      } else passed = position;
      if (problem !== null) add(position, problem);
      endPosition = position + found.size;
      // A wrong header does not tell the next offset.
      if (found.crcMatches && found.lastOffset >= offset) offset = found.lastOffset + 1;
    }
  } finally {
    await file.close();
  }
  if (findings.length === 0 && isSwap && offset !== end) {
    add(endPosition, `it ends at offset ${offset}, where no segment begins`);
  } else if (findings.length === 0 && end !== null) {
    const start = Math.max(logStart, await readLogStartFile(disk, folder));
    if (isMissingBehind(offset, end, start)) add(endPosition, `a segment is missing${goOn}`);
  }
  return { batches, findings, torn, end: { path, position: endPosition, offset } };
}

function problemOf(
  batch: {
    readonly crcMatches: boolean;
    readonly problem: string | null;
    readonly baseOffset: number;
    readonly lastOffset: number;
  },
  base: number,
  end: number | null,
): string | null {
  if (!batch.crcMatches) return 'the checksum of a batch does not match its bytes';
  if (batch.problem !== null) return `of a batch ${batch.problem}`;
  if (batch.baseOffset < base) return 'a batch begins below the base offset of its segment';
  if (end !== null && batch.lastOffset >= end) return 'a batch ends within the next segment';
  return null;
}

function behind(all: readonly FolderSegment[], baseOffset: number): FolderSegment | undefined {
  return all.find((each) => each.baseOffset > baseOffset);
}

/** Whether anything has changed but for new segments. */
function isChanged(before: readonly FolderSegment[], after: readonly FolderSegment[]): boolean {
  const last = before.at(-1)?.baseOffset ?? -1;
  const lacks = (all: readonly FolderSegment[], { baseOffset }: FolderSegment): boolean =>
    !all.some((each) => each.baseOffset === baseOffset);
  return (
    before.some((each) => lacks(after, each)) ||
    after.some((each) => each.baseOffset < last && lacks(before, each))
  );
}
