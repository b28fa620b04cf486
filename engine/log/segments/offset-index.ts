/**
 * The sparse offset index of one segment, in Kafka's `.index` format: 8-byte entries, big-endian,
 *
 *   relative offset int32 | position int32
 *
 * where the relative offset is the *last* offset of a batch minus the segment's base offset, and
 * the position is where that batch begins. Both are strictly increasing. An index is a hint: a
 * reader that lands by it checks the header there.
 */
export const OFFSET_INDEX_ENTRY_SIZE = 8;

const NUMBERS_PER_ENTRY = 2;

export class OffsetIndex {
  #numbers: Int32Array;
  #count: number;

  private constructor(numbers: Int32Array, count: number) {
    this.#numbers = numbers;
    this.#count = count;
  }

  static empty(): OffsetIndex {
    return new OffsetIndex(new Int32Array(0), 0);
  }

  /**
   * Reads a file's bytes; null when they are not an index (partial entry, or not strictly
   * increasing).
   */
  static decode(bytes: Buffer): OffsetIndex | null {
    if (bytes.length % OFFSET_INDEX_ENTRY_SIZE !== 0) return null;
    const count = bytes.length / OFFSET_INDEX_ENTRY_SIZE;
    const numbers = new Int32Array(count * NUMBERS_PER_ENTRY);
    let lastOffset = -1;
    // A segment's first batch never earns an entry: an entry at position 0 is a lost page that
    // reads as zeros.
    let lastPosition = 0;
    for (let at = 0; at < numbers.length; at += NUMBERS_PER_ENTRY) {
      const offset = bytes.readInt32BE(at * 4);
      const position = bytes.readInt32BE(at * 4 + 4);
      if (offset <= lastOffset || position <= lastPosition) return null;
      numbers[at] = lastOffset = offset;
      numbers[at + 1] = lastPosition = position;
    }
    return new OffsetIndex(numbers, count);
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes of memory held. */
  get memoryBytes(): number {
    return this.#numbers.byteLength;
  }

  /** Adds an entry; both numbers exceed the last entry's. */
  append(relativeOffset: number, position: number): void {
    const at = this.#count * NUMBERS_PER_ENTRY;
    if (at === this.#numbers.length) {
      const larger = new Int32Array(Math.max(16, this.#numbers.length * 2));
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[at] = relativeOffset;
    this.#numbers[at + 1] = position;
    this.#count++;
  }

  relativeOffsetAt(slot: number): number {
    return this.#numbers[slot * NUMBERS_PER_ENTRY]!;
  }

  positionAt(slot: number): number {
    return this.#numbers[slot * NUMBERS_PER_ENTRY + 1]!;
  }

  /** The last slot whose relative offset is at or below `relativeOffset`; -1 when there is none. */
  floorByOffset(relativeOffset: number): number {
    return this.#floor(0, relativeOffset);
  }

  /** The last slot whose position is at or below `position`; -1 when there is none. */
  floorByPosition(position: number): number {
    return this.#floor(1, position);
  }

  #floor(field: 0 | 1, value: number): number {
    let low = 0;
    let high = this.#count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (this.#numbers[middle * NUMBERS_PER_ENTRY + field]! <= value) low = middle + 1;
      else high = middle - 1;
    }
    return high;
  }

  /** Keeps the first `count` entries. */
  truncate(count: number): void {
    if (count < this.#count) this.#count = count;
  }

  /** File bytes of the entries from slot `from` on, up to slot `to` (exclusive). */
  encode(from = 0, to = this.#count): Buffer {
    const bytes = Buffer.allocUnsafe((to - from) * OFFSET_INDEX_ENTRY_SIZE);
    for (let slot = from, at = 0; slot < to; slot++, at += OFFSET_INDEX_ENTRY_SIZE) {
      bytes.writeInt32BE(this.relativeOffsetAt(slot), at);
      bytes.writeInt32BE(this.positionAt(slot), at + 4);
    }
    return bytes;
  }
}
