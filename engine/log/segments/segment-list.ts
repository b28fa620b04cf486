import { assert } from '../../assert.js';
import type { Segment } from './segment.js';

/**
 * The live segments of one log, by base offset. The last one is active; a log that was never
 * written has none.
 */
export class SegmentList {
  readonly #segments: Segment[] = [];
  /** The last of them, at hand for every append. */
  #active: Segment | undefined;
  /** Bytes of all others, which do not grow. */
  #sealedBytes = 0;
  /** Those that are off the list, and whose files may still be open. */
  #leaving: Set<Segment> | null = null;

  get count(): number {
    return this.#segments.length;
  }

  get first(): Segment | undefined {
    return this.#segments[0];
  }

  get active(): Segment | undefined {
    return this.#active;
  }

  all(): readonly Segment[] {
    return this.#segments;
  }

  add(segment: Segment): void {
    const last = this.#active;
    assert(!last || segment.baseOffset > last.baseOffset, 'segments are added in offset order');
    this.#segments.push(segment);
    this.#sealedBytes += last?.size ?? 0;
    this.#active = segment;
  }

  /** Segments that are off the list, until their files are closed for good. */
  get leaving(): Iterable<Segment> {
    return [...(this.#leaving ?? [])];
  }

  leave(segments: readonly Segment[]): void {
    this.#leaving ??= new Set();
    for (const segment of segments) this.#leaving.add(segment);
  }

  gone(segments: readonly Segment[]): void {
    for (const segment of segments) this.#leaving?.delete(segment);
    if (this.#leaving?.size === 0) this.#leaving = null;
  }

  /** The segment that holds `offset` if any does: the last one that begins at or below it. */
  floor(offset: number): Segment | undefined {
    return this.#segments[this.#floorIndex(offset)];
  }

  /** The segment behind this one. */
  after(segment: Segment): Segment | undefined {
    return this.#segments[this.#floorIndex(segment.baseOffset) + 1];
  }

  /** Takes the first `count` segments off the list and returns them. */
  removePrefix(count: number): Segment[] {
    return this.#removed(this.#segments.splice(0, count));
  }

  /** Takes off the segments that begin at or above `offset` and returns them. */
  removeFrom(offset: number): Segment[] {
    return this.#removed(this.#segments.splice(this.countBelow(offset)));
  }

  /** How many begin below `offset`. */
  countBelow(offset: number): number {
    return this.#floorIndex(offset - 1) + 1;
  }

  #removed(segments: Segment[]): Segment[] {
    const last = this.#active;
    for (const segment of segments) if (segment !== last) this.#sealedBytes -= segment.size;
    this.#active = this.#segments.at(-1);
    if (this.#active !== last) this.#sealedBytes -= this.#active?.size ?? 0;
    return segments;
  }

  /**
   * Puts one segment, named after the first of them, in the place of neighbours of which none is
   * active.
   */
  replace(neighbours: readonly Segment[], segment: Segment): void {
    const first = neighbours[0]!;
    const at = this.#floorIndex(first.baseOffset);
    const areThere = neighbours.every((each, next) => this.#segments[at + next] === each);
    assert(areThere && segment.baseOffset === first.baseOffset, 'what is replaced is there');
    assert(neighbours.at(-1) !== this.#active, 'the active segment is not replaced');
    this.#segments.splice(at, neighbours.length, segment);
    for (const each of neighbours) this.#sealedBytes -= each.size;
    this.#sealedBytes += segment.size;
  }

  /** Bytes of all segments: known without a look at each. */
  get sizeBytes(): number {
    return this.#sealedBytes + (this.#active?.size ?? 0);
  }

  #floorIndex(offset: number): number {
    let low = 0;
    let high = this.#segments.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (this.#segments[middle]!.baseOffset <= offset) low = middle + 1;
      else high = middle - 1;
    }
    return high;
  }
}
