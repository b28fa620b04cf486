import { LIMITS } from '../../limits.js';
import type { Segment } from './segment.js';
import type { SegmentOwner } from './segment-owner.js';

/** The log whose segments are walked. */
type TimedLog = Pick<SegmentOwner, 'context' | 'settings' | 'segments' | 'life'>;

/**
 * Reads the largest timestamps of segments for whoever walks them, oldest first: once one was not
 * known, those of the next ones with it, more and more at a time. For one that asks only a few
 * nothing is read in vain; of the segments of a large log that was just opened each takes several
 * trips to the thread pool.
 */
export class TimesAhead {
  readonly #log: TimedLog;
  #count = 1;

  constructor(log: TimedLog) {
    this.#log = log;
  }

  /**
   * Resolves when the largest timestamp of the segment is known, or its files are gone. Rejects
   * with the errno of the disk.
   */
  async read(segment: Segment): Promise<void> {
    if (segment.noted.largestTimestampMs !== null) return;
    const wanted = this.#load(segment);
    let next = this.#log.segments.after(segment);
    for (let left = this.#count - 1; left > 0 && next !== undefined; left--) {
      // What goes wrong is told to those who come there.
      if (next.noted.largestTimestampMs === null) this.#load(next).catch(() => {});
      next = this.#log.segments.after(next);
    }
    this.#count = Math.min(2 * this.#count, LIMITS.segmentTimesAhead);
    await wanted;
  }

  #load(segment: Segment): Promise<unknown> {
    const { context, settings } = this.#log;
    const isLive = (): boolean => !this.#log.life.hasEnded && !segment.isRetired;
    return context.indexCache.load(segment, settings.indexIntervalBytes, isLive);
  }
}
