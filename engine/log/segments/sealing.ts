import { LIMITS } from '../../limits.js';
import { saveIndexes } from './index-files.js';
import type { Segment } from './segment.js';
import type { SegmentContext, SegmentOwner } from './segment-owner.js';

/** The log whose segments are sealed. */
interface SealingLog extends Pick<SegmentOwner, 'segments' | 'hasEnded'> {
  readonly context: Pick<SegmentContext, 'disk' | 'indexCache'>;
  /** Whether a close has begun: nothing comes any more. */
  readonly isClosing: boolean;
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
   * Saves the indexes of the oldest ones and hands them to the cache: of as many as one checkpoint
   * may, of all when the log is being closed. Stops once `isHeld` says so. Resolves with whether it
   * is to be asked again after a checkpoint; rejects with the errno of the disk.
   */
  async save(isHeld: () => boolean): Promise<boolean> {
    const log = this.#log;
    const { segments, context } = log;
    const sealing = this.#segments;
    let left: number = LIMITS.sealedSavedPerCheckpoint;
    for (let segment = sealing[0]; segment && !isHeld(); segment = sealing[0]) {
      if (log.hasEnded) return false;
      if (left-- === 0 && !log.isClosing) return true;
      if (segment !== segments.active) segment.noted.closeTimeIndex();
      await saveIndexes(context.disk, segment);
      // It may have been deleted meanwhile, or cut and made the active one again.
      if (sealing[0] === segment) sealing.shift();
      const isLive = segments.floor(segment.baseOffset) === segment;
      if (isLive && segment !== segments.active && !log.hasEnded) context.indexCache.adopt(segment);
    }
    return false;
  }
}
