/**
 * How long a range counts as resident: until so many bytes have gone through the page cache on this process's behalf, and no
 * longer than so much time, in which others may have taken its room.
 */
const TRUSTED_BYTES = 64 * 1024 * 1024;
const TRUSTED_MS = 1000;

/** Of one file. What grows by appends fills one after another, each with an eighth of what is trusted. */
const RANGES_MAX = 8;

/** What a reader that goes on gets at a time: many small reads then share one trip to the thread pool. */
const WARM_UP_BYTES = 1024 * 1024;

/** How much to bring in for a reader of `size` bytes at `position` of a file that ends at `end`, when it `goesOn` from what was read before. */
export function warmUpSize(position: number, size: number, end: number, goesOn: boolean): number {
  return Math.max(size, goesOn ? Math.min(WARM_UP_BYTES, end - position) : 0);
}

interface Range {
  /** Positions; `to` is exclusive. */
  readonly from: number;
  to: number;
  readonly trafficBytes: number;
  readonly notedMs: number;
}

/** A moment, by what has gone through the page cache so far and by the monotonic clock. */
export interface CacheMoment {
  readonly trafficBytes: number;
  readonly nowMs: number;
}

/**
 * The ranges of one file that were in the page cache lately: written, read, or found there. A guess that is good enough to send them
 * without asking the kernel; when it is wrong, one read waits for the disk.
 */
export class ResidentRanges {
  /** Oldest first. */
  readonly #ranges: Range[] = [];

  /** The bytes from `from` up to `to` (exclusive) are in the page cache at this moment. */
  note(from: number, to: number, { trafficBytes, nowMs }: CacheMoment): void {
    const last = this.#ranges[this.#ranges.length - 1];
    const joins =
      last !== undefined &&
      last.from <= from &&
      last.to >= from &&
      trafficBytes - last.trafficBytes <= TRUSTED_BYTES / RANGES_MAX &&
      nowMs - last.notedMs <= TRUSTED_MS / RANGES_MAX;
    if (joins) {
      // It keeps the older moment: of the whole range that is the safe one.
      last.to = Math.max(last.to, to);
      return;
    }
    if (this.#ranges.length >= RANGES_MAX) this.#ranges.shift();
    this.#ranges.push({ from, to, trafficBytes, notedMs: nowMs });
  }

  /** Whether every byte from `from` up to `to` (exclusive) lies in ranges that are still trusted. */
  covers(from: number, to: number, moment: CacheMoment): boolean {
    let reached = from;
    for (let step = 0; step <= this.#ranges.length; step++) {
      if (reached >= to) return true;
      const next = this.#endOfTrusted(reached, moment);
      if (next <= reached) return false;
      reached = next;
    }
    return reached >= to;
  }

  /** The furthest end of a trusted range that holds `position`; `position` when none does. Newest first: readers are mostly there. */
  #endOfTrusted(position: number, { trafficBytes, nowMs }: CacheMoment): number {
    let end = position;
    for (let at = this.#ranges.length - 1; at >= 0; at--) {
      const range = this.#ranges[at]!;
      if (trafficBytes - range.trafficBytes > TRUSTED_BYTES) break;
      if (nowMs - range.notedMs > TRUSTED_MS) break;
      if (range.from <= position && range.to > end) end = range.to;
    }
    return end;
  }
}
