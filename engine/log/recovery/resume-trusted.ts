import { segmentFileName } from '../../disk/file-names.js';
import { cutIndexFiles, indexesFromFiles, readIndexFiles } from '../segments/index-files.js';
import { NotedBatches } from '../segments/noted-batches.js';
import type { Segment } from '../segments/segment.js';
import { resumeSegment } from '../segments/segment-resume.js';
import { readFirstTimestamp } from '../segments/wake-segment.js';
import type { LogContext } from '../shared/log-context.js';
import { damagedLog } from './cut-tail.js';
import type { RecoveryInput } from './recovered.js';

const INDEX_KINDS = ['index', 'timeindex'] as const;

/**
 * Whether the indexes of a segment that ends at byte `trusted` are not needed yet. They are needed
 * where index files may have entries of lost bytes, as after a power cut: such entries must not
 * come back as if they were those of later appends.
 */
export function maySleep(
  context: LogContext,
  { checkpoint }: RecoveryInput,
  indexNames: ReadonlySet<string>,
  segment: Segment,
  trusted: number,
): boolean {
  if (trusted === 0 || !(context.wasClean || !hasIndexFiles(indexNames, segment))) return false;
  const times = checkpoint?.times;
  if (times) segment.noted.adoptTimes(times);
  return true;
}

/**
 * Brings the segment's bookkeeping to byte `trusted`: from its index files, and the few headers
 * behind their last entry.
 */
export async function resumeTrusted(
  { disk, counters }: LogContext,
  { folder, settings }: RecoveryInput,
  indexNames: ReadonlySet<string>,
  segment: Segment,
  trusted: number,
): Promise<void> {
  const hasFiles = hasIndexFiles(indexNames, segment);
  const files = trusted > 0 && hasFiles ? await readIndexFiles(disk, segment) : null;
  const found = files && indexesFromFiles(files, trusted);
  const savedOffsets = found?.offsets.count ?? 0;
  const savedTimes = found?.times.count ?? 0;
  const noted = NotedBatches.none(segment.baseOffset);
  const resumed = resumeSegment(segment, noted, found, trusted, settings.indexIntervalBytes);
  const { reached, fromFiles } = resumed;
  segment.takeOver(noted, !fromFiles);
  if (fromFiles) segment.saves.hold(savedOffsets, savedTimes);
  else if (savedOffsets > 0) counters.indexRebuilds++;
  if (reached !== trusted) {
    throw damagedLog(
      folder,
      `${segment.file.path} is damaged at byte ${reached}, below the recovery point ${trusted}`,
    );
  }
  // Entries of lost bytes must not come back as if they were those of these bytes.
  if (hasFiles) await cutIndexFiles(disk, segment);
  readFirstTimestamp(segment);
  segment.written(segment.size);
}

function hasIndexFiles(indexNames: ReadonlySet<string>, { baseOffset }: Segment): boolean {
  return INDEX_KINDS.some((kind) => indexNames.has(segmentFileName(baseOffset, kind)));
}
