import { EngineError } from '../../errors.js';
import { repairAdvice } from './repair-advice.js';
import type { Segment } from './segment.js';
import type { SegmentOwner } from './segment-owner.js';

/**
 * Notes that the segment is damaged there, so that nothing from there on is served, says so once,
 * and returns the error. `offset` is the first that the damaged batch could have had, if known.
 */
export function corruptAt(
  log: Pick<SegmentOwner, 'context' | 'folder' | 'segments'>,
  segment: Segment,
  position: number,
  offset: number | null,
): EngineError {
  const { path } = segment.file;
  const where = placeOf(path, position, offset);
  if (segment.damaged(position)) {
    log.context.logger.error(
      { file: path, position, ...(offset !== null && { offset }) },
      `${where}: reads from there to the end of this file are refused (CORRUPT_BATCH)${goOnAt(log, segment)}; ${repairAdvice(log.folder)}`,
    );
  }
  return new EngineError('CORRUPT_BATCH', `${where}; ${repairAdvice(log.folder)}`, { path });
}

function goOnAt({ segments }: Pick<SegmentOwner, 'segments'>, segment: Segment): string {
  const next = segments.after(segment);
  return next === undefined ? '' : ` and go on at offset ${next.baseOffset}`;
}

/**
 * Notes that the segments behind this one, whose last offset is below `offset`, are missing, says
 * so once, and returns the error.
 */
export function missingBehind(
  log: Pick<SegmentOwner, 'context' | 'folder'>,
  segment: Segment,
  offset: number,
  next: Segment,
): EngineError {
  const { path } = segment.file;
  const where = `behind ${path} a segment is missing, with offsets ${offset} to ${next.baseOffset - 1}`;
  if (segment.damaged(segment.writtenSize)) {
    log.context.logger.error(
      { file: path, offset, next: next.baseOffset },
      `${where}: reads of those are refused (CORRUPT_BATCH) and go on at offset ${next.baseOffset}; ${repairAdvice(log.folder)}`,
    );
  }
  return new EngineError('CORRUPT_BATCH', `${where}; ${repairAdvice(log.folder)}`, {
    path,
    offset,
  });
}

/** Says once that nothing is appended to a segment whose bytes do not lead to its end. */
export function appendsRefused(
  log: Pick<SegmentOwner, 'context' | 'folder'>,
  segment: Segment,
  position: number,
  offset: number,
): EngineError {
  const { path } = segment.file;
  const what = `${placeOf(path, position, offset)}: appends are refused (DAMAGED_LOG), as nothing is written behind damage; ${repairAdvice(log.folder)}`;
  if (segment.firstRefusal()) {
    log.context.logger.error({ file: path, position, offset }, what);
  }
  return new EngineError('DAMAGED_LOG', what, { path, offset });
}

function placeOf(path: string, position: number, offset: number | null): string {
  return `${path} is damaged at byte ${position}${offset === null ? '' : ` (offset ${offset})`}`;
}
