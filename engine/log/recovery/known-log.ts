import type { Catalog, CatalogChange } from '../../catalog/catalog.js';
import type { Disk } from '../../disk/disk.js';
import {
  assumedStartKey,
  foreignEpochsKey,
  gapsKey,
  logStartKey,
  readAssumedStart,
  readCheckpoint,
  readGaps,
  readLogStart,
  readOldCheckpoint,
} from '../durability/log-records.js';
import { LOG_START_FILE, readLogStartFile } from '../durability/log-start-file.js';
import { readProducers } from '../durability/producer-records.js';
import type { LogSettings } from '../log-settings.js';
import type { PartitionName } from '../partition-log.js';
import type { LogContext } from '../shared/log-context.js';
import { ProducerStates } from '../state/producer-state.js';
import { finishBeginning } from './finish-beginning.js';
import type { Recovered } from './recovered.js';
import { recoverLog } from './recovery.js';

/** A log as it was found, and whether its files may not be known to be durable. */
export interface KnownLog {
  readonly recovered: Recovered;
  /** There are files, and no checkpoint tells of them. */
  readonly isUnknown: boolean;
}

/**
 * Recovers a log by what the catalog says of it. News that must be known before anything is
 * appended is written down. `found`: the names in its folder, none where there is none.
 */
export async function recoverKnownLog(
  context: LogContext,
  name: PartitionName,
  folder: string,
  settings: LogSettings,
  found: readonly string[],
): Promise<KnownLog> {
  const { catalog, disk, slices } = context;
  const read = context.wasClean ? readCheckpoint : readOldCheckpoint;
  const written = read(catalog, name);
  // A log that begins anew has none.
  const names = written === null ? await finishBeginning(context, name, folder, found) : found;
  const known = await readProducers(catalog, name, written, slices);
  // A checkpoint of which something is missing is none: all of the log is read.
  const checkpoint = known === null ? null : written;
  const assumedStart = readAssumedStart(catalog, name);
  const recovered = await recoverLog(context, {
    folder,
    names,
    settings,
    checkpoint,
    producers: known ?? new ProducerStates(),
    logStart: await durableLogStart(catalog, disk, name, folder, names),
    assumedStart,
    hasGaps: readGaps(catalog, name),
  });
  const news: CatalogChange[] = [];
  if (recovered.leavesGap) news.push({ key: gapsKey(name), value: true });
  // What is stamped next may be below the epochs that were found, before another checkpoint says
  // so.
  if (checkpoint?.areEpochsOwn && !recovered.epochs.areOwn) {
    news.push({ key: foreignEpochsKey(name), value: true });
  }
  if (recovered.assumedStart !== assumedStart) {
    news.push({ key: assumedStartKey(name), value: recovered.assumedStart });
  }
  if (news.length > 0) await catalog.write(news);
  return { recovered, isUnknown: checkpoint === null && names.length > 0 };
}

/**
 * The further of the two starts that are written down. One that a killed process wrote to the file
 * may not be durable before it is here.
 */
async function durableLogStart(
  catalog: Catalog,
  disk: Disk,
  name: PartitionName,
  folder: string,
  names: readonly string[],
): Promise<number> {
  const known = readLogStart(catalog, name);
  if (!names.includes(LOG_START_FILE)) return known;
  const inFile = await readLogStartFile(disk, folder);
  if (inFile <= known) return known;
  await catalog.write([{ key: logStartKey(name), value: inFile }]);
  return inFile;
}
