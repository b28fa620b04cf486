import { join } from 'node:path';
import type { DiskFile } from '../../disk/disk.js';
import { hasErrno } from '../../disk/errno.js';
import {
  SEGMENT_FILE_KINDS,
  type SegmentFileKind,
  segmentFileName,
} from '../../disk/file-names.js';
import { LIMITS } from '../../limits.js';
import { cutDown } from '../../maintenance/cut-down.js';
import type { Durability } from '../durability/durability.js';
import type { LogSettings } from '../log-settings.js';
import type { Segment } from '../segments/segment.js';
import type { SegmentList } from '../segments/segment-list.js';
import type { LogContext } from '../shared/log-context.js';
import type { LogLife } from '../state/log-life.js';

/** The log that segments go from. */
export interface RetiringLog {
  readonly context: LogContext;
  readonly folder: string;
  readonly settings: LogSettings;
  readonly life: LogLife;
  readonly segments: SegmentList;
  readonly durability: Durability;
}

/**
 * Removes the files of segments that are off the list: they are renamed at once, and unlinked after
 * `file.delete.delay.ms`, so that readers can finish. A stop in between leaves `.deleted` files,
 * which the next open removes.
 */
export class Retirement {
  readonly #log: RetiringLog;

  constructor(log: RetiringLog) {
    this.#log = log;
  }

  /** Both halves; it also counts the segments. */
  async retire(removed: readonly Segment[]): Promise<void> {
    this.#log.context.counters.segmentsDeleted += removed.length;
    await this.rename(removed);
    this.unlinkLater(removed);
  }

  /** First half: the new names are durable when it resolves. */
  async rename(removed: readonly Segment[]): Promise<void> {
    const { context, folder } = this.#log;
    const { disk, directory } = context;
    try {
      for (const segment of removed) {
        this.forget(segment);
        await segment.saves.settled();
        for (const kind of SEGMENT_FILE_KINDS) {
          const from = join(folder, segmentFileName(segment.baseOffset, kind));
          const to = this.#deletedPath(segment, kind);
          if ((await this.#renameIfThere(from, to)) && kind === 'log') segment.file.renamed(to);
        }
      }
      if (removed.length > 0) await disk.syncDirectory(folder);
    } catch (error) {
      throw directory.fail(`cannot rename segments in ${folder}`, error);
    }
  }

  /**
   * Second half: the pool unlinks the files after `file.delete.delay.ms`, those of some segments at
   * a time.
   */
  unlinkLater(removed: readonly Segment[]): void {
    if (removed.length === 0) return;
    const { context, settings, folder, segments } = this.#log;
    const { clock, logger } = context;
    segments.leave(removed);
    clock.schedule(settings.fileDeleteDelayMs, () =>
      this.#unlink(removed).catch((error: unknown) => {
        // The next open goes on with it.
        if (hasErrno(error, 'ABORTED')) return;
        logger.warn({ folder, error }, 'files of deleted segments could not be removed');
      }),
    );
  }

  /** Forgets all that is kept of a segment that is off the list. */
  forget(segment: Segment): void {
    const { context, durability } = this.#log;
    segment.retire();
    context.indexCache.forget(segment);
    durability.sealing.forget(segment);
    durability.unsynced.dropFile(segment.file);
  }

  async #unlink(removed: readonly Segment[]): Promise<void> {
    const { context, life, segments } = this.#log;
    const { clock, jobs, cutting } = context;
    const cut = (file: DiskFile): Promise<void> =>
      cutting.run(() => cutDown(file, clock, () => life.hasEnded));
    for (let from = 0; from < removed.length; from += LIMITS.segmentsRetiredAtATime) {
      const some = removed.slice(from, from + LIMITS.segmentsRetiredAtATime);
      const closing = some.map(({ file, size }) =>
        file.forget(size > LIMITS.cutPieceBytes ? cut : undefined),
      );
      await Promise.all(closing);
      segments.gone(some);
      const paths = some.flatMap((segment) =>
        SEGMENT_FILE_KINDS.map((kind) => this.#deletedPath(segment, kind)),
      );
      await jobs.run('unlink', { paths });
    }
  }

  #deletedPath({ baseOffset }: Segment, kind: SegmentFileKind): string {
    return join(this.#log.folder, segmentFileName(baseOffset, kind, 'deleted'));
  }

  async #renameIfThere(from: string, to: string): Promise<boolean> {
    try {
      await this.#log.context.disk.rename(from, to);
      return true;
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return false;
      throw error;
    }
  }
}
