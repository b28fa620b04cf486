import { join } from 'node:path';
import type { Disk } from '../disk/disk.js';
import { hasErrno } from '../disk/errno.js';
import { parseSegmentFileName, segmentFileName } from '../disk/file-names.js';
import { readLogStartFile } from '../log/durability/log-start-file.js';
import { isMissingBehind } from '../log/segments/missing-segments.js';
import { inspectLog } from './log-inspection.js';

/** Where a scrubbed log is not as it should be. */
export interface ScrubFinding {
  readonly path: string;
  /** Byte in the file. */
  readonly position: number;
  /** The first offset that a batch there can have. */
  readonly offset: number;
  /** What is wrong, in words. */
  readonly problem: string;
}

/** What a scrub of a partition's folder has read. */
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
 * Reads every live segment of a partition's folder and checks each batch: length, format, CRC, that offsets rise and stay
 * within the segment, and that each segment begins where the one before ended. Takes no lock, opens no catalog and changes
 * nothing, so the folder may be in use: what is appended, compacted or deleted meanwhile is no
 * finding. Rejects with what the disk throws.
 */
export async function scrubFolder(disk: Disk, folder: string): Promise<FolderScrub> {
  let segments = 0;
  let batches = 0;
  let last: SegmentScrub | null = null;
  let firstOffset: number | null = null;
  const findings: ScrubFinding[] = [];
  let bases = await liveBases(disk, folder);
  for (let base = bases.live[0]; base !== undefined; base = behind(bases.live, base)) {
    for (;;) {
      const end: number | null = behind(bases.all, base) ?? null;
      const found = await scrubSegment(disk, folder, base, end);
      const before: Bases = bases;
      bases = await liveBases(disk, folder);
      // A segment that went, or became another's part, says nothing.
      if (!bases.live.includes(base)) break;
      if (found === null || (found.findings.length > 0 && isChanged(before, bases))) continue;
      segments += 1;
      batches += found.batches;
      firstOffset ??= base;
      last = found;
      findings.push(...found.findings);
      break;
    }
  }
  const { torn = null, end = null } = last ?? {};
  return { segments, batches, findings, torn, firstOffset, end };
}

/** Null when there is no such file any more. `end`: the base offset of the next segment. */
async function scrubSegment(
  disk: Disk,
  folder: string,
  base: number,
  end: number | null,
): Promise<SegmentScrub | null> {
  const path = join(folder, segmentFileName(base, 'log'));
  const file = await disk.open(path, 'read').catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT')) return null;
    throw error;
  });
  if (file === null) return null;
  let batches = 0;
  let offset = base;
  let endPosition = 0;
  let torn: ScrubFinding | null = null;
  const findings: ScrubFinding[] = [];
  const add = (position: number, problem: string): number =>
    findings.push({ path, position, offset, problem });
  try {
    for await (const found of inspectLog(file)) {
      const { position } = found;
      if (found.kind === 'damage') {
        const isTail = found.torn && end === null;
        if (!isTail) add(position, end === null ? found.problem : `${found.problem}; ${goOn(end)}`);
        else if ((await file.size()) === position + found.size)
          torn = { path, position, offset, problem: found.problem };
        break;
      }
      const problem = problemOf(found, base, end);
      if (problem === null) batches += 1;
      else add(position, problem);
      endPosition = position + found.size;
      // A wrong header does not say what comes next.
      if (found.crcMatches && found.lastOffset >= offset) offset = found.lastOffset + 1;
    }
  } finally {
    await file.close();
  }
  const logStart = end === null ? 0 : await readLogStartFile(disk, folder);
  if (end !== null && findings.length === 0 && isMissingBehind(offset, end, logStart)) {
    add(endPosition, `a segment is missing; ${goOn(end)}`);
  }
  return { batches, findings, torn, end: { path, position: endPosition, offset } };
}

/** Behind damage nobody knows where a batch begins: the next segment does. */
function goOn(nextBase: number): string {
  return `reads go on at offset ${nextBase}`;
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

interface Bases {
  readonly live: readonly number[];
  /** With those that a compaction is about to put in the place of others. */
  readonly all: readonly number[];
}

function behind(bases: readonly number[], base: number): number | undefined {
  return bases.find((each) => each > base);
}

/** Whether more has changed than that segments were begun. */
function isChanged({ all: before }: Bases, { all: after }: Bases): boolean {
  const last = before.at(-1) ?? -1;
  return (
    before.some((each) => !after.includes(each)) ||
    after.some((each) => each < last && !before.includes(each))
  );
}

async function liveBases(disk: Disk, folder: string): Promise<Bases> {
  const names = await disk.readdir(folder).catch((error: unknown) => {
    // The partition was deleted meanwhile.
    if (hasErrno(error, 'ENOENT')) return [];
    throw error;
  });
  const live: number[] = [];
  const swapped: number[] = [];
  for (const name of names) {
    const parsed = parseSegmentFileName(name);
    if (parsed?.kind !== 'log') continue;
    if (parsed.state === null) live.push(parsed.baseOffset);
    if (parsed.state === 'swap') swapped.push(parsed.baseOffset);
  }
  const rising = (bases: number[]): number[] => bases.sort((a, b) => a - b);
  return { live: rising(live), all: rising([...live, ...swapped]) };
}
