/** A set of page numbers below a bound, one bit each. */
export class PageSet {
  readonly #bits: Uint8Array;
  /** -1 for an empty set. */
  highest = -1;

  /** For numbers below `count`. */
  constructor(count: number) {
    this.#bits = new Uint8Array(Math.ceil(count / 8));
  }

  /** False when the number was there. */
  add(page: number): boolean {
    const at = page >>> 3;
    const bit = 1 << (page & 7);
    const before = this.#bits[at]!;
    if ((before & bit) !== 0) return false;
    this.#bits[at] = before | bit;
    if (page > this.highest) this.highest = page;
    return true;
  }
}
