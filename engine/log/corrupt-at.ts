import { EngineError } from '../errors.js';
import type { LogParts } from './log-parts.js';
import type { Segment } from './segment.js';

/** Notes that the segment is damaged there, so that nothing from there on is served, and returns the error. */
export function corruptAt(log: LogParts, segment: Segment, position: number): EngineError {
  if (position < segment.damagedFrom) {
    segment.damagedFrom = position;
    log.context.logger.error(
      { file: segment.file.path, position },
      `a damaged batch is not served from here on: restore the file from a copy, or stop and save what can be with 'odradek repair-log ${log.folder}'`,
    );
  }
  return new EngineError(
    'CORRUPT_BATCH',
    `${segment.file.path} is damaged at byte ${position}; 'odradek repair-log ${log.folder}' saves what can be`,
    {
      path: segment.file.path,
    },
  );
}
