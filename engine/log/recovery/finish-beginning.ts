import { join } from 'node:path';
import { parseSegmentFileName, segmentFileName } from '../../disk/file-names.js';
import { unlinkFiles } from '../../maintenance/jobs/unlink.js';
import { beginningKey, readBeginning } from '../durability/log-records.js';
import { writeLogStart } from '../durability/log-start-file.js';
import type { PartitionName } from '../partition-log.js';
import type { LogContext } from '../shared/log-context.js';

/**
 * Finishes what a crash interrupted while a log began anew (`begin-anew.ts`), before anything else
 * is read of it: no segment that is there belongs to it. They become `.deleted`, durably, and go
 * with other leftovers; outputs of a compaction go at once, since a `.swap` would become a segment
 * again.
 *
 * @returns the names in the folder afterwards
 */
export async function finishBeginning(
  { catalog, disk, logger }: LogContext,
  name: PartitionName,
  folder: string,
  names: readonly string[],
): Promise<readonly string[]> {
  const offset = readBeginning(catalog, name);
  if (offset === null) return names;
  if (names.length > 0) await writeLogStart(disk, folder, offset);
  const outputs: string[] = [];
  for (const each of names) {
    const parsed = parseSegmentFileName(each);
    if (parsed === null) continue;
    const { state, baseOffset, kind } = parsed;
    if (state === 'swap' || state === 'cleaned') outputs.push(join(folder, each));
    if (state !== null) continue;
    await disk.rename(
      join(folder, each),
      join(folder, segmentFileName(baseOffset, kind, 'deleted')),
    );
  }
  await unlinkFiles(disk, { paths: outputs });
  if (names.length > 0) await disk.syncDirectory(folder);
  await catalog.write([{ key: beginningKey(name), value: undefined }]);
  logger.info({ folder, offset }, 'a log that was to begin anew has done so');
  return names.length > 0 ? disk.readdir(folder) : names;
}
