import { join } from 'node:path';
import type { Disk } from '../disk/disk.js';
import { hasErrno } from '../disk/errno.js';
import { parseSegmentFileName, segmentFileName } from '../disk/file-names.js';
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
}

type SegmentScrub = Omit<FolderScrub, 'segments'>;

/**
 * Reads every live segment of a partition's folder and checks each batch: length, format, CRC, and
 * that offsets rise and stay within the segment. Takes no lock, opens no catalog and changes
 * nothing, so the folder may be in use: what is appended, compacted or deleted meanwhile is no
 * finding. Rejects with what the disk throws.
 */
export async function scrubFolder(disk: Disk, folder: string): Promise<FolderScrub> {
  let segments = 0;
  let batches = 0;
  const findings: ScrubFinding[] = [];
  let bases = await liveBases(disk, folder);
  for (let base = bases[0]; base !== undefined; base = bases.find((each) => each > base!)) {
    for (;;) {
      const end = bases.find((each) => each > base!) ?? null;
      const found = await scrubSegment(disk, folder, base, end);
      const before = bases;
      bases = await liveBases(disk, folder);
      // A segment that went, or became another's part, says nothing.
      if (!bases.includes(base)) break;
      const isChanged = before.some((each) => !bases.includes(each));
      if (found === null || (found.findings.length > 0 && isChanged)) continue;
      segments += 1;
      batches += found.batches;
      findings.push(...found.findings);
      break;
    }
  }
  return { segments, batches, findings };
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
  const findings: ScrubFinding[] = [];
  try {
    for await (const found of inspectLog(file)) {
      const { position } = found;
      if (found.kind === 'damage') {
        const isBeingWritten =
          found.torn && end === null && (await file.size()) > position + found.size;
        if (!isBeingWritten) findings.push({ path, position, offset, problem: found.problem });
        break;
      }
      const problem = problemOf(found, base, end);
      if (problem === null) batches += 1;
      else findings.push({ path, position, offset, problem });
      // A wrong header does not say what comes next.
      if (found.crcMatches && found.lastOffset >= offset) offset = found.lastOffset + 1;
    }
  } finally {
    await file.close();
  }
  return { batches, findings };
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

async function liveBases(disk: Disk, folder: string): Promise<number[]> {
  const names = await disk.readdir(folder).catch((error: unknown) => {
    // The partition was deleted meanwhile.
    if (hasErrno(error, 'ENOENT')) return [];
    throw error;
  });
  return names
    .map(parseSegmentFileName)
    .filter((parsed) => parsed?.kind === 'log' && parsed.state === null)
    .map((parsed) => parsed!.baseOffset)
    .sort((a, b) => a - b);
}
