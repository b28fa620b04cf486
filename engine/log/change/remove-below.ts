import { storageError } from '../../disk/storage-error.js';
import { LIMITS } from '../../limits.js';
import { logStartKey } from '../durability/log-records.js';
import type { Segment } from '../segments/segment.js';
import type { ChangingLog } from './changing-log.js';
import { renameToDeleted, unlinkLater } from './retire.js';

/**
 * The log starts there, durably: of the segments below, a crash may then leave any, and they are
 * not missed.
 */
export async function storeLogStart(log: ChangingLog, offset: number): Promise<void> {
  const { catalog, directory } = log.context;
  try {
    await catalog.write([{ key: logStartKey(log.name), value: offset }]);
  } catch (error) {
    throw storageError(directory, `cannot store the log start offset of ${log.folder}`, error);
  }
  log.assertServing();
}

/**
 * One commit wakes many logs whose starts have moved: each makes a file on the event loop, and
 * others are served in between.
 */
export async function rollBesideOthers(log: ChangingLog): Promise<void> {
  const { rolling, slices } = log.context;
  await rolling.run(async () => {
    await log.roll();
    const pause = slices.begin().did(LIMITS.newSegmentElements);
    if (pause !== null) await pause;
  });
}

/**
 * Removes the segments that begin below `baseOffset`, of those that recovery does not need; some at
 * a time, so that a close waits for few. What it leaves lies below the log start, where retention
 * takes it away. `why` says it for each, numbered from 0.
 */
export async function removeBelow(
  log: ChangingLog,
  baseOffset: number,
  why: (at: number) => string,
): Promise<{ segments: number; bytes: number }> {
  const { checkpoints, counters, slices } = log.context;
  // A file that a checkpoint names is missed at the next open: it goes after one that names a later
  // file.
  if (log.checkpoint.segmentBase < baseOffset) {
    checkpoints.markDirty(log.checkpointTarget);
    await checkpoints.run();
    log.assertServing();
  }
  const limit = Math.min(baseOffset, log.checkpoint.segmentBase);
  const retired: Segment[] = [];
  let bytes = 0;
  const work = slices.begin();
  while (!log.isClosing && (log.segments.first?.baseOffset ?? limit) < limit) {
    const count = Math.min(log.segments.countBelow(limit), LIMITS.segmentsRetiredAtATime);
    const removed = log.segments.removePrefix(count);
    const files = removed.map(({ file }) => file.path);
    await renameToDeleted(log, removed);
    counters.segmentsDeleted += count;
    for (const [at, segment] of removed.entries()) {
      bytes += segment.size;
      tellDeleted(log, segment, files[at]!, why(retired.length));
      retired.push(segment);
    }
    const pause = work.did(count);
    if (pause !== null) await pause;
  }
  unlinkLater(log, retired);
  return { segments: retired.length, bytes };
}

function tellDeleted(
  { name, context }: ChangingLog,
  segment: Segment,
  file: string,
  why: string,
): void {
  const { topic, partition } = name;
  const { baseOffset, size } = segment;
  const fields = { topic, partition, baseOffset, file, bytes: size, why };
  context.logger.info(fields, 'segment deleted');
}
