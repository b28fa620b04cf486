import { join } from 'node:path';
import { parseSegmentFileName, segmentFileName } from '../../disk/file-names.js';
import { unlinkFiles } from '../../maintenance/jobs/unlink.js';
import { beginningKey, readBeginning } from '../durability/log-records.js';
import { writeLogStart } from '../durability/log-start-file.js';
import type { PartitionName } from '../partition-log.js';
import type { LogContext } from '../shared/log-context.js';

/**
 * Finishes a beginning at a later offset (`begin-anew.ts`) that a crash interrupted, before
 * anything else of the log is read: no segment in the folder belongs to it. The segments become
 * `.deleted`, durably, and are removed with other leftovers; outputs of a compaction are removed at
 * once, since a `.swap` would become a segment again.
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
