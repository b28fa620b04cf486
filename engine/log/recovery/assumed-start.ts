import type { EngineLogger } from '../../logger.js';
import { repairAdvice } from '../segments/repair-advice.js';

/** The known facts about a log's beginning. */
export interface KnownBeginning {
  readonly folder: string;
  /** The log start offset that was set. */
  readonly logStart: number;
  /** The start that was assumed while it was unknown where the log begins; 0: none. */
  readonly assumedStart: number;
  /** Null: a `logStart` that was set may be lost. */
  readonly checkpoint: object | null;
}

/**
 * Compares the base offset of the first segment with the known facts, and logs what does not fit.
 * Returns the start to be assumed from now on. Without a checkpoint it is unknown where the log
 * began: no segment is missed, and a segment that is put back does not count as deleted. With a
 * checkpoint a segment is missing, and the log goes on without it.
 */
export function assumeStart(
  logger: EngineLogger,
  { folder, logStart, assumedStart, checkpoint }: KnownBeginning,
  first: number,
): number {
  const known = Math.max(logStart, assumedStart);
  // A segment that was put back is missed if it disappears again.
  if (first <= known) return Math.min(first, assumedStart);
  if (checkpoint === null) {
    logger.warn(
      { folder, offset: first },
      `${folder} begins with offset ${first}, and nothing says where the log does: that is taken for its start; segments before it, if any were lost, are served again once they are put back`,
    );
    return first;
  }
  logger.error(
    { folder, offset: known, next: first },
    `${folder} begins with offset ${first}, and the log with ${known}: a segment is missing, and reads begin behind it; ${repairAdvice(folder)}`,
  );
  return assumedStart;
}

/**
 * Whether segments were put back that begin below a start that was assumed without them: it is
 * unknown whether they leave offsets out.
 */
export function isSegmentBack(first: number | undefined, assumedStart: number): boolean {
  return first !== undefined && first < assumedStart;
}
