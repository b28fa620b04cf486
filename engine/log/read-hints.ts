import type { Segment } from './segment.js';

/** A batch found by offset. */
export interface FoundBatch {
  readonly segment: Segment;
  readonly position: number;
  readonly size: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
}

/** As many readers of one log, each at its own place, find their next batch at once. */
const HINTS_MAX = 32;

interface Hint {
  readonly found: FoundBatch;
  /** Of its segment, when it was found. */
  readonly cuts: number;
}

/**
 * Where readers will go on: the batch behind a slice was looked at anyway, to see that it does not fit into the slice. Its header was sound then, and
 * stays so for as long as its segment is in the list and was not cut.
 */
export class ReadHints {
  #next: Map<number, Hint> | null = null;

  /** Remembers a batch whose header was found sound; the oldest hint makes room. */
  note(found: FoundBatch): void {
    this.#next ??= new Map();
    if (this.#next.size >= HINTS_MAX && !this.#next.has(found.baseOffset)) {
      for (const oldest of this.#next.keys()) {
        this.#next.delete(oldest);
        break;
      }
    }
    this.#next.set(found.baseOffset, { found, cuts: found.segment.cuts });
  }

  /** The batch that begins at `offset` in `segment`, the one of the list for that offset; null if it is not known. */
  find(segment: Segment, offset: number): FoundBatch | null {
    const hint = this.#next?.get(offset);
    if (hint === undefined) return null;
    return hint.found.segment === segment && hint.cuts === segment.cuts ? hint.found : null;
  }
}
