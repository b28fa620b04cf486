import { knownText } from './known-text.js';
import { ProtocolError } from './protocol-error.js';
import { ZERO_UUID } from './schema.js';

/** Array elements that one frame may hold unless the reader is told otherwise. */
export const ELEMENTS_MAX = 1_000_000;

/** Bytes of a string, as in Kafka; compact encodings could hold more. */
const STRING_BYTES_MAX = 0x7fff;

/** Bytes of a long string that count as one element. */
const TEXT_BYTES_PER_ELEMENT = 64;

/** Fewest bytes of a tagged field: a number and a size. */
const TAG_SIZE_MIN = 2;

const TWO_32 = 0x1_0000_0000;

/**
 * Reads Kafka's basic types, big-endian, from a view on a frame. Every length is checked against
 * the bytes that are left before anything is read or allocated for it; a length that does not fit
 * throws a {@link ProtocolError}. Byte fields are views on the frame, not copies.
 */
export class Reader {
  readonly buffer: Buffer;
  /** Position of the next byte to read. */
  position: number;
  private readonly end: number;
  /** Array elements, tagged fields and bytes of long strings that may still come, in elements. */
  elementsLeft: number;

  /**
   * @param position where reading starts
   * @param elementsMax bound on array elements and tagged fields over the whole frame, in which a
   *   long string counts for one in each 64 bytes: one byte on the wire may become an object of a
   *   hundred, and this caps the product
   */
  constructor(buffer: Buffer, position = 0, elementsMax = ELEMENTS_MAX) {
    this.buffer = buffer;
    this.position = position;
    this.end = buffer.length;
    this.elementsLeft = elementsMax;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.end - this.position;
  }

  bool(): boolean {
    return this.buffer[this.take(1)] !== 0;
  }

  int8(): number {
    return (this.buffer[this.take(1)]! << 24) >> 24;
  }

  int16(): number {
    const at = this.take(2);
    return ((this.buffer[at]! << 24) >> 16) | this.buffer[at + 1]!;
  }

  uint16(): number {
    const at = this.take(2);
    return (this.buffer[at]! << 8) | this.buffer[at + 1]!;
  }

  int32(): number {
    return this.int32At(this.take(4));
  }

  uint32(): number {
    return this.int32At(this.take(4)) >>> 0;
  }

  /** Throws `INT64_RANGE` for a value that a number cannot hold exactly. */
  int64(): number {
    const value = this.rawInt64();
    if (!Number.isSafeInteger(value)) {
      throw new ProtocolError('INT64_RANGE', `int64 at byte ${this.position - 8} is beyond ±2^53`);
    }
    return value;
  }

  /** A value beyond ±(2^53 - 1) reads as the nearest safe integer. */
  int64Clamped(): number {
    const value = this.rawInt64();
    if (value > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER;
    return value < Number.MIN_SAFE_INTEGER ? Number.MIN_SAFE_INTEGER : value;
  }

  /** A number where it is a safe integer, and a bigint beyond. */
  int64Exact(): number | bigint {
    const value = this.rawInt64();
    return Number.isSafeInteger(value) ? value : this.buffer.readBigInt64BE(this.position - 8);
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.take(8));
  }

  uuid(): string {
    const at = this.take(16);
    for (let i = at; i < at + 16; i++) {
      if (this.buffer[i] !== 0) return this.buffer.toString('base64url', at, at + 16);
    }
    return ZERO_UUID;
  }

  /** Unsigned variable-length number of at most 32 bits. */
  uvarint(): number {
    const { buffer } = this;
    const first = buffer[this.take(1)]!;
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = buffer[this.take(1)]!;
      if (shift === 28 && byte > 0x0f) break;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw new ProtocolError('BAD_VARINT', `varint before byte ${this.position} exceeds 32 bits`);
  }

  string(): string {
    return this.text(this.length(this.int16()));
  }

  nullableString(): string | null {
    const length = this.int16();
    return length === -1 ? null : this.text(this.length(length));
  }

  compactString(): string {
    return this.text(this.length(this.uvarint() - 1));
  }

  compactNullableString(): string | null {
    const length = this.uvarint() - 1;
    return length === -1 ? null : this.text(length);
  }

  bytes(): Buffer {
    return this.view(this.length(this.int32()));
  }

  nullableBytes(): Buffer | null {
    const length = this.int32();
    return length === -1 ? null : this.view(this.length(length));
  }

  compactBytes(): Buffer {
    return this.view(this.length(this.uvarint() - 1));
  }

  compactNullableBytes(): Buffer | null {
    const length = this.uvarint() - 1;
    return length === -1 ? null : this.view(length);
  }

  /**
   * Accepts the announced count of an array that is not null, or throws: the elements must fit into
   * the rest of the frame, and into the bound of the whole frame.
   *
   * @param elementSizeMin smallest size of one element on the wire, at least 1
   */
  count(announced: number, elementSizeMin: number): number {
    const count = this.length(announced);
    if (count * elementSizeMin > this.end - this.position) {
      throw truncated(count * elementSizeMin, this.position, this.end);
    }
    this.countElements(count);
    return count;
  }

  /** Passes over `size` bytes. */
  skip(size: number): void {
    this.take(size);
  }

  /** The announced count of a tagged section, in which a tag counts as an array element does. */
  tagCount(): number {
    return this.count(this.uvarint(), TAG_SIZE_MIN);
  }

  /** Passes over a tagged section none of whose tags is known. */
  skipTags(): void {
    const count = this.tagCount();
    for (let i = 0; i < count; i++) {
      this.uvarint();
      this.skip(this.uvarint());
    }
  }

  /** -1 is null and anything below has no meaning; both are refused. */
  private length(announced: number): number {
    if (announced >= 0) return announced;
    throw announced === -1
      ? new ProtocolError(
          'UNEXPECTED_NULL',
          `null before byte ${this.position} is not allowed here`,
        )
      : new ProtocolError('BAD_LENGTH', `length ${announced} before byte ${this.position}`);
  }

  private text(length: number): string {
    if (length >= TEXT_BYTES_PER_ELEMENT) this.countText(length);
    return knownText(this.buffer, this.take(length), length);
  }

  /** A long string takes as long to read as several elements, and counts for them. */
  private countText(length: number): void {
    if (length > STRING_BYTES_MAX) {
      throw new ProtocolError(
        'BAD_LENGTH',
        `a string of ${length} bytes before byte ${this.position}`,
      );
    }
    this.countElements(Math.floor(length / TEXT_BYTES_PER_ELEMENT));
  }

  private countElements(count: number): void {
    this.elementsLeft -= count;
    if (this.elementsLeft < 0) {
      throw new ProtocolError(
        'TOO_MANY_ELEMENTS',
        'the frame holds more array elements, tagged fields and long strings than allowed',
      );
    }
  }

  private view(length: number): Buffer {
    const at = this.take(length);
    return this.buffer.subarray(at, at + length);
  }

  private int32At(at: number): number {
    const { buffer } = this;
    return (buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!;
  }

  /** Exact if safe; otherwise rounded, but never into the safe range. */
  private rawInt64(): number {
    const at = this.take(8);
    return this.int32At(at) * TWO_32 + (this.int32At(at + 4) >>> 0);
  }

  private take(size: number): number {
    const at = this.position;
    if (size > this.end - at) throw truncated(size, at, this.end);
    this.position = at + size;
    return at;
  }
}

function truncated(size: number, at: number, end: number): ProtocolError {
  return new ProtocolError(
    'TRUNCATED',
    `${size} bytes wanted at byte ${at} of a frame of ${end} bytes`,
  );
}
