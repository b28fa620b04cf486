import { maxTimestamp } from '../batch/header.js';
import { EngineError } from '../errors.js';
import { walkHeaders } from './header-walk.js';
import { indexesFromFiles, readIndexFilesSync } from './index-files.js';
import type { LogParts } from './log-parts.js';
import type { Segment } from './segment.js';
import { resumeSegment } from './segment-resume.js';

/**
 * Brings back the indexes of an active segment that was left asleep when its log was opened: synchronously, right before its first
 * append, from its index files and the few headers behind their last entry.
 *
 * @throws EngineError DAMAGED_LOG, with the segment still asleep, when its headers do not lead to its end
 */
export function wakeSegment(log: LogParts, segment: Segment): void {
  const { disk, indexCache, counters } = log.context;
  const { size } = segment;
  indexCache.forget(segment);
  const files = readIndexFilesSync(disk, segment);
  const found = files && indexesFromFiles(files, size);
  const savedOffsets = found?.offsets.count ?? 0;
  const savedTimes = found?.times.count ?? 0;
  const { reached, fromFiles } = resumeSegment(
    segment,
    found,
    size,
    log.settings.indexIntervalBytes,
  );
  if (reached !== size) {
    segment.sleep(size);
    throw new EngineError(
      'DAMAGED_LOG',
      `${segment.file.path} is damaged at byte ${reached}, below the recovery point ${size}: nothing is appended behind it`,
    );
  }
  if (fromFiles) segment.countAsSaved(savedOffsets, savedTimes);
  else if (savedOffsets > 0) counters.indexRebuilds++;
  readFirstTimestamp(segment);
}

/** Rolling by age goes by the first batch, which no index tells of. */
export function readFirstTimestamp(segment: Segment): void {
  walkHeaders(segment.file, 0, segment.size, null, (header) => {
    segment.firstTimestampMs = maxTimestamp(header.bytes, header.at);
    return true;
  });
}
