import { storageError } from '../../disk/storage-error.js';
import { LIMITS } from '../../limits.js';
import { logStartKey } from '../durability/log-records.js';
import type { ChangingLog } from './changing-log.js';
import { retireSegments } from './retire.js';

/** The log starts there, durably: of the segments below, a crash may then leave any, and they are not missed. */
export async function storeLogStart(log: ChangingLog, offset: number): Promise<void> {
  const { catalog, directory } = log.context;
  try {
    await catalog.write([{ key: logStartKey(log.name), value: offset }]);
  } catch (error) {
    throw storageError(directory, `cannot store the log start offset of ${log.folder}`, error);
  }
  log.assertServing();
}

/** One commit wakes many logs whose starts have moved: each makes a file on the event loop, and others are served in between. */
export async function rollBesideOthers(log: ChangingLog): Promise<void> {
  const { rolling, slices } = log.context;
  await rolling.run(async () => {
    await log.roll();
    const pause = slices.begin().did(LIMITS.newSegmentElements);
    if (pause !== null) await pause;
  });
}

/** Removes the segments that begin below `baseOffset`, of those that recovery does not need. `why` says it for each, numbered from 0. */
export async function removeBelow(
  log: ChangingLog,
  baseOffset: number,
  why: (at: number) => string,
): Promise<{ segments: number; bytes: number }> {
  const { checkpoints } = log.context;
  // A file that a checkpoint names is missed at the next open: it goes after one that names a later file.
  if (log.checkpoint.segmentBase < baseOffset) {
    checkpoints.markDirty(log.checkpointTarget);
    await checkpoints.run();
    log.assertServing();
  }
  const limit = Math.min(baseOffset, log.checkpoint.segmentBase);
  const kept = log.segments.all().findIndex((segment) => segment.baseOffset >= limit);
  const removed = kept > 0 ? log.segments.removePrefix(kept) : [];
  let bytes = 0;
  for (const segment of removed) bytes += segment.size;
  const files = removed.map(({ file }) => file.path);
  await retireSegments(log, removed);
  const { topic, partition } = log.name;
  for (const [at, { baseOffset, size }] of removed.entries()) {
    const fields = { topic, partition, baseOffset, file: files[at], bytes: size, why: why(at) };
    log.context.logger.info(fields, 'segment deleted');
  }
  return { segments: removed.length, bytes };
}
