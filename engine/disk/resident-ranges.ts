import { LIMITS } from '../limits.js';

const OLDER_MAX = LIMITS.residentRangesMax - 1;

/**
 * Bytes to bring in for a reader of `size` bytes at `position` of a file that ends at `end`; more
 * where the reader `goesOn` from the range that was read before.
 */
export function warmUpSize(position: number, size: number, end: number, goesOn: boolean): number {
  return Math.max(size, goesOn ? Math.min(LIMITS.warmAheadBytes, end - position) : 0);
}

/** A moment, by what has gone through the page cache so far and by the monotonic clock. */
export interface CacheMoment {
  readonly trafficBytes: number;
  readonly nowMs: number;
}

/**
 * The numbers that are kept of an older range: its beginning, its end (exclusive), and the moment
 * at which it was noted.
 */
const FROM = 0;
const TO = 1;
const TRAFFIC = 2;
const NOTED = 3;
const NUMBERS_PER_RANGE = 4;

/**
 * The ranges of one file that were in the page cache lately: written, read, or found there. A guess
 * that is good enough to send them without asking the kernel; when it is wrong, one read waits for
 * the disk.
 *
 * With ten thousand logs an object for each append would outlive the young generation of the heap,
 * and each object that is looked at is in no cache of the processor. So the newest range is four
 * small numbers in this object; older ranges of a log that is written seldom are no longer trusted
 * by then anyway.
 */
export class ResidentRanges {
  #from = 0;
  #to = 0;
  /**
   * The moment of the newest range, rounded down to whole numbers, which lie in this object while
   * they fit 31 bits: older than it was, the safe side.
   */
  #trafficKib = 0;
  #notedMs = 0;
  /** A ring of the ranges before the newest, of which `#latest` is the last one noted. */
  #older: Float64Array | null = null;
  #olderCount = 0;
  #latest = -1;

  /** The bytes from `from` up to `to` (exclusive) are in the page cache at this moment. */
  note(from: number, to: number, moment: CacheMoment): void {
    const joins =
      this.#from <= from &&
      this.#to >= from &&
      this.#isWithin(moment, 1 / LIMITS.residentRangesMax);
    if (joins) {
      // The joined range keeps the older moment, which is the safe one for all of it.
      this.#to = Math.max(this.#to, to);
      return;
    }
    if (this.#isWithin(moment, 1)) this.#keepNewest();
    else this.#olderCount = 0;
    this.#from = from;
    this.#to = to;
    this.#trafficKib = Math.floor(moment.trafficBytes / 1024);
    this.#notedMs = Math.floor(moment.nowMs);
  }

  /**
   * Whether every byte from `from` up to `to` (exclusive) lies in ranges that are still trusted.
   */
  covers(from: number, to: number, moment: CacheMoment): boolean {
    let reached = from;
    for (let step = 0; step <= this.#olderCount + 1; step++) {
      if (reached >= to) return true;
      const next = this.#endOfTrusted(reached, moment);
      if (next <= reached) return false;
      reached = next;
    }
    return reached >= to;
  }

  /** Whether the newest range was noted within this share of what is trusted. */
  #isWithin({ trafficBytes, nowMs }: CacheMoment, share: number): boolean {
    return (
      trafficBytes - this.#trafficKib * 1024 <= LIMITS.residentTrustedBytes * share &&
      nowMs - this.#notedMs <= LIMITS.residentTrustedMs * share
    );
  }

  #keepNewest(): void {
    if (this.#to === this.#from) return;
    this.#older ??= new Float64Array(OLDER_MAX * NUMBERS_PER_RANGE);
    this.#latest = (this.#latest + 1) % OLDER_MAX;
    this.#olderCount = Math.min(this.#olderCount + 1, OLDER_MAX);
    const at = this.#latest * NUMBERS_PER_RANGE;
    this.#older[at + FROM] = this.#from;
    this.#older[at + TO] = this.#to;
    this.#older[at + TRAFFIC] = this.#trafficKib * 1024;
    this.#older[at + NOTED] = this.#notedMs;
  }

  /**
   * The furthest end of a trusted range that holds `position`; `position` when none does. Newest
   * first: readers are mostly there.
   */
  #endOfTrusted(position: number, moment: CacheMoment): number {
    if (!this.#isWithin(moment, 1)) return position;
    let end = this.#from <= position ? Math.max(this.#to, position) : position;
    const older = this.#older;
    if (older === null) return end;
    for (let age = 0; age < this.#olderCount; age++) {
      const at = ((this.#latest - age + OLDER_MAX) % OLDER_MAX) * NUMBERS_PER_RANGE;
      if (moment.trafficBytes - older[at + TRAFFIC]! > LIMITS.residentTrustedBytes) break;
      if (moment.nowMs - older[at + NOTED]! > LIMITS.residentTrustedMs) break;
      if (older[at + FROM]! <= position && older[at + TO]! > end) end = older[at + TO]!;
    }
    return end;
  }
}
