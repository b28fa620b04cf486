import { recordCount } from '../../batch/header.js';
import { LIMITS } from '../../limits.js';
import type { HeaderAt } from '../segments/header-walk.js';
import type { Segment } from '../segments/segment.js';

/** A batch found by offset. */
export interface FoundBatch {
  readonly segment: Segment;
  readonly position: number;
  readonly size: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** Compaction has left no record in it. */
  readonly isEmpty: boolean;
}

/** The facts of a batch whose header was found sound. */
export function foundAt(segment: Segment, header: HeaderAt): FoundBatch {
  return {
    segment,
    position: header.position,
    size: header.size,
    baseOffset: header.baseOffset,
    lastOffset: header.lastOffset,
    isEmpty: recordCount(header.bytes, header.at) === 0,
  };
}

interface Hint {
  readonly found: FoundBatch;
  /** The number of cuts of its segment when it was found. */
  readonly cuts: number;
}

/**
 * The batches at which readers will go on: the header of the batch behind a slice was read anyway,
 * to see that the batch does not fit into the slice. Its header was sound then, and stays so for as
 * long as its segment is in the list and was not cut.
 */
export class ReadHints {
  #next: Map<number, Hint> | null = null;
  /** By the base offset of the batch without records that a read landed on. */
  #behind: Map<number, { readonly first: Hint; readonly furthest: Hint }> | null = null;

  /** Remembers a batch whose header was found sound; the oldest hint makes room. */
  note(found: FoundBatch): void {
    this.#next ??= new Map();
    makeRoom(this.#next, found.baseOffset);
    this.#next.set(found.baseOffset, hintOf(found));
  }

  /** Remembers that no batch from `first` to `furthest`, inclusive, holds a record. */
  noteBehind(first: FoundBatch, furthest: FoundBatch): void {
    this.#behind ??= new Map();
    makeRoom(this.#behind, first.baseOffset);
    this.#behind.set(first.baseOffset, { first: hintOf(first), furthest: hintOf(furthest) });
  }

  /**
   * The last batch up to which a read from `first` on has found no records; null if none was noted.
   */
  furthestBehind({ segment, baseOffset }: FoundBatch): FoundBatch | null {
    const noted = this.#behind?.get(baseOffset);
    if (noted === undefined || noted.first.found.segment !== segment) return null;
    return holds(noted.first) && holds(noted.furthest) ? noted.furthest.found : null;
  }

  /**
   * The batch that begins at `offset` in `segment`, the one of the list for that offset; null if it
   * is not known.
   */
  find(segment: Segment, offset: number): FoundBatch | null {
    const hint = this.#next?.get(offset);
    if (hint === undefined) return null;
    return hint.found.segment === segment && hint.cuts === segment.cuts ? hint.found : null;
  }
}

function hintOf(found: FoundBatch): Hint {
  return { found, cuts: found.segment.cuts };
}

function holds({ found, cuts }: Hint): boolean {
  return !found.segment.isRetired && found.segment.cuts === cuts;
}

/** Removes the oldest entry where a new one would be too many. */
function makeRoom(hints: Map<number, unknown>, key: number): void {
  if (hints.size < LIMITS.readHintsMax || hints.has(key)) return;
  for (const oldest of hints.keys()) {
    hints.delete(oldest);
    return;
  }
}
