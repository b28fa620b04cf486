import type { Catalog, CatalogChange } from '../../catalog/catalog.js';
import type { Disk } from '../../disk/disk.js';
import type { LogOpening } from '../../opening-progress.js';
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

/** A recovered log. */
export interface KnownLog {
  readonly recovered: Recovered;
  /** There are files, but no checkpoint of them. */
  readonly isUnknown: boolean;
}

/**
 * Recovers a log with its entries in the catalog. Findings that must be durable before anything is
 * appended are written to the catalog. `found`: the names in its folder, none where there is no
 * folder.
 */
export async function recoverKnownLog(
  context: LogContext,
  name: PartitionName,
  folder: string,
  settings: LogSettings,
  found: readonly string[],
  opening: LogOpening,
): Promise<KnownLog> {
  const { catalog, disk, slices } = context;
  const read = context.wasClean ? readCheckpoint : readOldCheckpoint;
  const written = read(catalog, name);
  // A log that begins again at a later offset has no checkpoint.
  const names = written === null ? await finishBeginning(context, name, folder, found) : found;
  const known = await readProducers(catalog, name, written, slices);
  // An incomplete checkpoint does not count: all of the log is read.
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
    opening,
  });
  const news: CatalogChange[] = [];
  if (recovered.leavesGap) news.push({ key: gapsKey(name), value: true });
  // The next stamped epoch may be below the epochs that were found, before another checkpoint says
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
 * The further of the two written log starts. One that a killed process wrote to the file becomes
 * durable only here.
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
