import { cutLogFile } from '../../disk/own-file.js';
import { storageError } from '../../disk/storage-error.js';
import type { Durability } from '../durability/durability.js';
import { cutIndexFiles } from '../segments/index-files.js';
import type { Segment } from '../segments/segment.js';
import type { LogContext } from '../shared/log-context.js';
import type { LogLife } from '../state/log-life.js';
import type { Compaction } from './compaction.js';
import type { Cut } from './cut-place.js';
import type { LogMemory } from './log-memory.js';
import type { Retirement } from './retire.js';

/** A log whose end is cut off. */
export interface TruncatedLog {
  readonly context: LogContext;
  readonly life: LogLife;
  readonly durability: Durability;
  readonly compaction: Compaction;
  readonly retirement: Retirement;
  readonly memory: LogMemory;
}

/**
 * Cuts the end of a log off, as `PartitionLog.truncateTo` promises. A batch that straddles the
 * offset is removed whole; where compaction left a gap the log ends behind the batch before the
 * gap, so that no hole lies between the batches that stay and later ones. Called while no append,
 * deletion or other truncation runs, and no checkpoint is taken. In this order, so that a crash
 * anywhere leaves a log without gaps:
 *
 * 1. the index files of the segment are emptied: entries of cut batches must not come back as if
 *    they were those of later batches;
 * 2. the batches that stay are made durable, and then the lowered checkpoint, since a file shorter
 *    than its checkpoint counts as damage; until here nothing has changed;
 * 3. in memory the log ends there;
 * 4. the segments behind are removed, the last one first, each durably before the next;
 * 5. the segment is cut, and synced; one that has a second name, in a backup, is replaced by a copy
 *    of what stays.
 *
 * Found half done after a crash, the old tail is there again up to some segment; the promise was
 * never resolved.
 */
export async function truncateLog(log: TruncatedLog, cut: Cut): Promise<void> {
  const { context, life, durability, compaction } = log;
  const { segment, place, end } = cut;
  try {
    await forgetIndexFiles(log, segment);
    await durability.flush();
    if (place.offset < end.offset) {
      await durability.marks.takesGap();
      segment.noteGap();
    }
    await durability.checkpoint.lower(place, cut.firstCut, compaction.changesAt(place.offset));
    compaction.truncated(place.offset);
  } catch (error) {
    throw storageError(context.directory, `cannot cut ${segment.file.path}`, error);
  }
  life.assertServing();
  const removed = log.memory.cutTo(cut);
  try {
    for (const last of removed.reverse()) await log.retirement.retire([last]);
    await cutLogFile(context.disk, segment.file, place.position);
    durability.unsynced.addFile(segment.file);
    // The index files are removed again: a reader may have had them built from bytes that were
    // still there.
    await forgetIndexFiles(log, segment);
    await durability.flush();
  } catch (error) {
    // Memory and disk differ, which only another start can mend.
    throw context.directory.fail(`cannot cut ${segment.file.path}`, error);
  }
}

async function forgetIndexFiles({ context }: TruncatedLog, segment: Segment): Promise<void> {
  await segment.saves.settled();
  segment.saves.hold(0, 0);
  await cutIndexFiles(context.disk, segment);
}
