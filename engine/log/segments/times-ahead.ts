import { LIMITS } from '../../limits.js';
import type { Segment } from './segment.js';
import type { SegmentOwner } from './segment-owner.js';

/** The log whose segments are walked. */
type TimedLog = Pick<SegmentOwner, 'context' | 'settings' | 'segments' | 'life'>;

/**
 * Reads the largest timestamps of segments for a walk over them, oldest first: once a timestamp was
 * unknown, those of the next segments are read with it, more and more at a time. A walk over a few
 * segments reads nothing in vain; each segment of a large log that was just opened takes several
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
      // A reader that comes to that segment gets the error.
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
