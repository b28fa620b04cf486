import type { EngineLogger } from '../../logger.js';
import { repairAdvice } from '../segments/repair-advice.js';

/** What is known of a log's beginning. */
export interface KnownBeginning {
  readonly folder: string;
  /** Log start offset by decree. */
  readonly logStart: number;
  /** Where the log was found to begin while nothing said where it does; 0: never. */
  readonly assumedStart: number;
  /** Null: a `logStart` that was decreed may be forgotten. */
  readonly checkpoint: object | null;
}

/**
 * Holds the base offset of the first segment against what is known, and tells what does not fit.
 * Returns the start to be assumed from now on: without a checkpoint nobody knows where the log
 * began, so that nothing is missed, and nothing that is put back is taken for deleted. With one a
 * segment is missing, and the log goes on without it.
 */
export function assumeStart(
  logger: EngineLogger,
  { folder, logStart, assumedStart, checkpoint }: KnownBeginning,
  first: number,
): number {
  const known = Math.max(logStart, assumedStart);
  // What was put back is missed if it goes.
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
 * Whether segments were put back that begin below a start that was assumed without them: nobody
 * knows whether they leave offsets out.
 */
export function isSegmentBack(first: number | undefined, assumedStart: number): boolean {
  return first !== undefined && first < assumedStart;
}
