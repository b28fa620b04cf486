import { storageError } from '../../disk/storage-error.js';
import { LIMITS } from '../../limits.js';
import { saveIndexes } from './index-files.js';
import type { Segment } from './segment.js';
import type { SegmentContext, SegmentOwner } from './segment-owner.js';

/** The log whose segments are sealed. */
interface SealingLog extends Pick<SegmentOwner, 'folder' | 'segments'> {
  readonly context: Pick<SegmentContext, 'disk' | 'directory' | 'indexCache' | 'logger'>;
  readonly life: {
    readonly hasEnded: boolean;
    /** Whether a close has begun: no more appends come. */
    readonly isClosing: boolean;
  };
}

/**
 * Segments of one log that take no more appends and whose indexes are not saved yet, oldest first.
 */
export class Sealing {
  readonly #log: SealingLog;
  readonly #segments: Segment[] = [];

  constructor(log: SealingLog) {
    this.#log = log;
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0;
  }

  has(segment: Segment): boolean {
    return this.#segments.includes(segment);
  }

  /** The segment takes no more appends: its time index gets the closing entry. */
  add(segment: Segment): void {
    segment.noted.closeTimeIndex();
    this.#segments.push(segment);
  }

  /** The segment is off the list, or takes appends again. */
  forget(segment: Segment): void {
    const at = this.#segments.indexOf(segment);
    if (at >= 0) this.#segments.splice(at, 1);
  }

  /**
   * Saves the indexes of the oldest sealed segments, and those of the active segment when the files
   * lack many of its entries. It saves only the first of many sealed segments: true when more are
   * left, unless the log is being closed. Stops once `isHeld` says so. Does not reject: indexes are
   * rebuilt when needed.
   */
  async saveIndexes(isHeld: () => boolean): Promise<boolean> {
    const { context, folder, segments, life } = this.#log;
    // The folder of a log that has ended may soon belong to another log.
    if (isHeld() || life.hasEnded) return false;
    const { active } = segments;
    try {
      if (await this.#saveSealed(isHeld)) return true;
      if (!active?.noted.indexes || isHeld() || life.hasEnded) return false;
      if (active.saves.missing(active.noted.indexes) >= LIMITS.indexEntriesUnsavedMax) {
        await saveIndexes(context.disk, active);
      }
    } catch (error) {
      if (life.hasEnded) return false;
      const { directory, logger } = context;
      const failure = storageError(directory, `cannot save the indexes in ${folder}`, error);
      logger.warn(
        { folder, reason: failure.message },
        'indexes were not saved; they are rebuilt when needed',
      );
    }
    return false;
  }

  /**
   * Saves the indexes of the oldest sealed segments and hands them to the cache: of at most
   * `LIMITS.sealedSavedPerCheckpoint`, or of all when the log is being closed. Resolves with
   * whether it must be called again after a checkpoint; rejects with the errno of the disk.
   */
  async #saveSealed(isHeld: () => boolean): Promise<boolean> {
    const { segments, context, life } = this.#log;
    const sealing = this.#segments;
    let left: number = LIMITS.sealedSavedPerCheckpoint;
    for (let segment = sealing[0]; segment && !isHeld(); segment = sealing[0]) {
      if (life.hasEnded) return false;
      if (left-- === 0 && !life.isClosing) return true;
      if (segment !== segments.active) segment.noted.closeTimeIndex();
      await saveIndexes(context.disk, segment);
      // The segment may have been deleted meanwhile, or cut and made the active one again.
      if (sealing[0] === segment) sealing.shift();
      const isLive = segments.floor(segment.baseOffset) === segment;
      if (isLive && segment !== segments.active && !life.hasEnded) {
        context.indexCache.adopt(segment);
      }
    }
    return false;
  }
}
