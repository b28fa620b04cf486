import { readTimestamp, type Timestamp, writeTimestamp } from '../../batch/timestamp.js';

/**
 * The sparse time index of one segment, in Kafka's `.timeindex` format: 12-byte entries,
 * big-endian,
 *
 *   timestamp int64 | relative offset int32
 *
 * meaning: the largest timestamp up to and including the batch that ends at this offset is this
 * one, and that batch has it. Both are strictly increasing. The last entry of a sealed segment
 * tells its largest timestamp.
 */
export const TIME_INDEX_ENTRY_SIZE = 12;
const TIMESTAMP_SIZE = 8;

export class TimeIndex {
  /** In the format of the file, so that every int64 is exact. */
  #timestamps: Buffer;
  #relativeOffsets: Int32Array;
  #count: number;

  private constructor(timestamps: Buffer, relativeOffsets: Int32Array, count: number) {
    this.#timestamps = timestamps;
    this.#relativeOffsets = relativeOffsets;
    this.#count = count;
  }

  static empty(): TimeIndex {
    return new TimeIndex(Buffer.alloc(0), new Int32Array(0), 0);
  }

  /** Reads a file's bytes; null when they are not a time index. */
  static decode(bytes: Buffer): TimeIndex | null {
    if (bytes.length % TIME_INDEX_ENTRY_SIZE !== 0) return null;
    const count = bytes.length / TIME_INDEX_ENTRY_SIZE;
    const timestamps = Buffer.allocUnsafeSlow(count * TIMESTAMP_SIZE);
    const index = new TimeIndex(timestamps, new Int32Array(count), 0);
    let lastOffset = -1;
    for (let at = 0; at < bytes.length; at += TIME_INDEX_ENTRY_SIZE) {
      const timestampMs = readTimestamp(bytes, at);
      const relativeOffset = bytes.readInt32BE(at + 8);
      if (relativeOffset <= lastOffset) return null;
      lastOffset = relativeOffset;
      if (!index.maybeAppend(timestampMs, relativeOffset)) return null;
    }
    return index;
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes of memory held. */
  get memoryBytes(): number {
    return this.#timestamps.length + this.#relativeOffsets.byteLength;
  }

  /** Adds an entry if its timestamp exceeds the last one's; says whether it did. */
  maybeAppend(timestampMs: Timestamp, relativeOffset: number): boolean {
    if (this.#count > 0 && timestampMs <= this.timestampAt(this.#count - 1)) return false;
    if (this.#count === this.#relativeOffsets.length) this.#grow();
    writeTimestamp(this.#timestamps, this.#count * TIMESTAMP_SIZE, timestampMs);
    this.#relativeOffsets[this.#count] = relativeOffset;
    this.#count++;
    return true;
  }

  #grow(): void {
    const room = Math.max(16, this.#relativeOffsets.length * 2);
    // The memory is not from the pool, of which a piece would hold a whole chunk.
    const timestamps = Buffer.allocUnsafeSlow(room * TIMESTAMP_SIZE);
    const relativeOffsets = new Int32Array(room);
    timestamps.set(this.#timestamps);
    relativeOffsets.set(this.#relativeOffsets);
    this.#timestamps = timestamps;
    this.#relativeOffsets = relativeOffsets;
  }

  timestampAt(slot: number): Timestamp {
    return readTimestamp(this.#timestamps, slot * TIMESTAMP_SIZE);
  }

  relativeOffsetAt(slot: number): number {
    return this.#relativeOffsets[slot]!;
  }

  /** The last slot whose timestamp is *below* `timestampMs`; -1 when there is none. */
  lastBelow(timestampMs: Timestamp): number {
    let low = 0;
    let high = this.#count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (this.timestampAt(middle) < timestampMs) low = middle + 1;
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
    const bytes = Buffer.allocUnsafe((to - from) * TIME_INDEX_ENTRY_SIZE);
    for (let slot = from, at = 0; slot < to; slot++, at += TIME_INDEX_ENTRY_SIZE) {
      this.#timestamps.copy(bytes, at, slot * TIMESTAMP_SIZE, (slot + 1) * TIMESTAMP_SIZE);
      bytes.writeInt32BE(this.#relativeOffsets[slot]!, at + 8);
    }
    return bytes;
  }
}
