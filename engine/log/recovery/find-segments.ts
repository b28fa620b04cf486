import { join } from 'node:path';
import { hasErrno } from '../../disk/errno.js';
import { isHeldName, parseSegmentFileName, segmentFileName } from '../../disk/file-names.js';
import { unlinkFiles } from '../../maintenance/jobs/unlink.js';
import { unlinkInPieces } from '../../maintenance/unlink-in-pieces.js';
import { Segment } from '../segments/segment.js';
import type { LogContext } from '../shared/log-context.js';
import { isSegmentBack } from './assumed-start.js';
import { finishSwaps } from './finish-swaps.js';
import type { RecoveryInput } from './recovered.js';

/** The contents of a log's folder. */
export interface FoundSegments {
  /** Live segments by base offset. */
  readonly segments: readonly Segment[];
  /** Those whose file has a second name elsewhere. */
  readonly linked: ReadonlySet<Segment>;
  /** Names of index files that may be those of segments behind the checkpoint. */
  readonly indexNames: ReadonlySet<string>;
  /** Whether the log leaves offsets out, or that is unknown for some of its segments. */
  readonly mayHaveGaps: boolean;
}

/**
 * Finds the live segments of a log, in slices, once unfinished swaps are finished. Files that wait
 * for removal are removed in the background.
 */
export async function findSegments(
  context: LogContext,
  input: RecoveryInput,
): Promise<FoundSegments> {
  const { folder, checkpoint } = input;
  const bases: number[] = [];
  const indexNames = new Set<string>();
  const leftovers: string[] = [];
  const unfinished: string[] = [];
  const work = context.slices.begin();
  for (const name of await finishSwaps(context, folder, input.names)) {
    const pause = work.did(1, 'records');
    if (pause !== null) await pause;
    if (isHeldName(name)) leftovers.push(join(folder, name));
    const parsed = parseSegmentFileName(name);
    if (!parsed) continue;
    const { state, kind, baseOffset } = parsed;
    if (state === 'deleted') leftovers.push(join(folder, name));
    // Outputs of a compaction that never counted: a swap that did is finished by now.
    if (state === 'cleaned' || state === 'swap' || state === 'copy') {
      unfinished.push(join(folder, name));
    }
    if (state !== null) continue;
    if (kind === 'log') bases.push(baseOffset);
    else if (baseOffset >= (checkpoint?.segmentBase ?? 0)) indexNames.add(name);
  }
  // These are unlinked at once: the next compaction uses their names.
  if (unfinished.length > 0) await unlinkFiles(context.disk, { paths: unfinished });
  if (leftovers.length > 0) removeLater(context, folder, leftovers);
  const sorted = Float64Array.from(bases).sort();
  const mayHaveGaps = input.hasGaps || isSegmentBack(sorted[0], input.assumedStart);
  const segments: Segment[] = [];
  const linked = new Set<Segment>();
  for (const baseOffset of sorted) {
    const found = await segmentAt(context, input, baseOffset, mayHaveGaps);
    if (found !== null) segments.push(found.segment);
    if (found !== null && found.links > 1) linked.add(found.segment);
    const pause = work.did(1);
    if (pause !== null) await pause;
  }
  return { segments, linked, indexNames, mayHaveGaps };
}

async function segmentAt(
  { disk, files, random }: LogContext,
  { folder, checkpoint, settings }: RecoveryInput,
  baseOffset: number,
  mayHaveGaps: boolean,
): Promise<{ segment: Segment; links: number } | null> {
  const path = join(folder, segmentFileName(baseOffset, 'log'));
  const stat = await disk.stat(path);
  if (stat === null) return null;
  const segment = new Segment({
    baseOffset,
    file: files.file(path),
    size: stat.size,
    createdMs: stat.modifiedMs,
    rollJitterMs: random.next() * settings.segmentJitterMs,
    indexes: null,
    // Without a checkpoint every batch is looked at.
    isGapless: !mayHaveGaps && (checkpoint === null || checkpoint.isGapless),
  });
  return { segment, links: stat.links };
}

function removeLater({ jobs, logger }: LogContext, folder: string, paths: readonly string[]): void {
  unlinkInPieces(jobs, paths).catch((error: unknown) => {
    if (hasErrno(error, 'ABORTED')) return;
    logger.warn({ folder, error }, 'files of deleted segments could not be removed');
  });
}
