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

/** A moment, by what has gone through the page cache so far and by the monotonic clock. */
export interface CacheMoment {
  readonly trafficBytes: number;
  readonly nowMs: number;
}

/** What is kept of a range: where it begins, where it ends (exclusive), and the moment at which it was noted. */
const FROM = 0;
const TO = 1;
const TRAFFIC = 2;
const NOTED = 3;
const NUMBERS_PER_RANGE = 4;

/**
 * The ranges of one file that were in the page cache lately: written, read, or found there. A guess that is good enough to send them
 * without asking the kernel; when it is wrong, one read waits for the disk.
 *
 * Numbers in one array, written over and over: with ten thousand logs an object for each append would outlive the young generation of the heap.
 */
export class ResidentRanges {
  /** A ring of ranges, of which `#newest` is the last one noted. */
  readonly #numbers = new Float64Array(RANGES_MAX * NUMBERS_PER_RANGE);
  #count = 0;
  #newest = -1;

  /** The bytes from `from` up to `to` (exclusive) are in the page cache at this moment. */
  note(from: number, to: number, { trafficBytes, nowMs }: CacheMoment): void {
    const numbers = this.#numbers;
    if (this.#count > 0) {
      const last = this.#newest * NUMBERS_PER_RANGE;
      const joins =
        numbers[last + FROM]! <= from &&
        numbers[last + TO]! >= from &&
        trafficBytes - numbers[last + TRAFFIC]! <= TRUSTED_BYTES / RANGES_MAX &&
        nowMs - numbers[last + NOTED]! <= TRUSTED_MS / RANGES_MAX;
      if (joins) {
        // It keeps the older moment: of the whole range that is the safe one.
        numbers[last + TO] = Math.max(numbers[last + TO]!, to);
        return;
      }
    }
    this.#newest = (this.#newest + 1) % RANGES_MAX;
    this.#count = Math.min(this.#count + 1, RANGES_MAX);
    const at = this.#newest * NUMBERS_PER_RANGE;
    numbers[at + FROM] = from;
    numbers[at + TO] = to;
    numbers[at + TRAFFIC] = trafficBytes;
    numbers[at + NOTED] = nowMs;
  }

  /** Whether every byte from `from` up to `to` (exclusive) lies in ranges that are still trusted. */
  covers(from: number, to: number, moment: CacheMoment): boolean {
    let reached = from;
    for (let step = 0; step <= this.#count; step++) {
      if (reached >= to) return true;
      const next = this.#endOfTrusted(reached, moment);
      if (next <= reached) return false;
      reached = next;
    }
    return reached >= to;
  }

  /** The furthest end of a trusted range that holds `position`; `position` when none does. Newest first: readers are mostly there. */
  #endOfTrusted(position: number, { trafficBytes, nowMs }: CacheMoment): number {
    const numbers = this.#numbers;
    let end = position;
    for (let age = 0; age < this.#count; age++) {
      const at = ((this.#newest - age + RANGES_MAX) % RANGES_MAX) * NUMBERS_PER_RANGE;
      if (trafficBytes - numbers[at + TRAFFIC]! > TRUSTED_BYTES) break;
      if (nowMs - numbers[at + NOTED]! > TRUSTED_MS) break;
      if (numbers[at + FROM]! <= position && numbers[at + TO]! > end) end = numbers[at + TO]!;
    }
    return end;
  }
}
