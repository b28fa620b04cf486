import { ProtocolError } from './protocol-error.js';
import { type RecordsInput, type RecordsPart, ZERO_UUID } from './schema.js';

/** Array elements that one frame may hold unless the reader is told otherwise. */
export const ELEMENTS_MAX = 1_000_000;

/** Bytes longer than this leave the encoder as a part of their own instead of being copied. */
export const COPY_MAX = 1024;

/** A piece of an encoded frame: bytes in memory, or a slice that the socket writer knows to send. */
export type Part = Buffer | RecordsPart;

const TWO_32 = 0x1_0000_0000;
const SHORT_STRING_CHARS = 24;

/**
 * Reads Kafka's basic types, big-endian, from a view on a frame. Every length is checked against
 * the bytes that are left before anything is read or allocated for it; what does not fit throws a
 * {@link ProtocolError}. Byte fields are views on the frame, not copies.
 */
export class Reader {
  readonly buffer: Buffer;
  /** Place of the next byte to read. */
  position: number;
  private readonly end: number;
  private elementsLeft: number;

  /**
   * @param position where reading starts
   * @param elementsMax bound on array elements over the whole frame: one byte on the wire may
   *   become an object of a hundred, and this caps the product
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
   * what is left of the frame, and into the bound of the whole frame.
   *
   * @param elementSizeMin smallest size of one element on the wire, at least 1
   */
  count(announced: number, elementSizeMin: number): number {
    const count = this.length(announced);
    if (count * elementSizeMin > this.end - this.position) {
      throw truncated(count * elementSizeMin, this.position, this.end);
    }
    this.elementsLeft -= count;
    if (this.elementsLeft < 0) {
      throw new ProtocolError(
        'TOO_MANY_ELEMENTS',
        'the frame holds more array elements than allowed',
      );
    }
    return count;
  }

  /** Passes over `size` bytes. */
  skip(size: number): void {
    this.take(size);
  }

  /** Passes over a tagged section none of whose tags is known. */
  skipTags(): void {
    const count = this.uvarint();
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
    const at = this.take(length);
    const { buffer } = this;
    if (length > SHORT_STRING_CHARS) return buffer.toString('utf8', at, at + length);
    // For short ASCII text this loop costs less than the call into the runtime.
    let text = '';
    for (let i = at; i < at + length; i++) {
      const byte = buffer[i]!;
      if (byte >= 0x80) return buffer.toString('utf8', at, at + length);
      text += String.fromCharCode(byte);
    }
    return text;
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

/**
 * Writes Kafka's basic types into one growing buffer. Bytes above {@link COPY_MAX} and slices are
 * not copied: they become parts of their own between views on that buffer, so they must not
 * change until the frame is sent. A value outside the range of its type throws a `RangeError`.
 */
export class Writer {
  private buffer: Buffer;
  private position = 0;
  private readonly parts: Part[] = [];
  /** Start of the bytes that no part covers yet. */
  private partStart = 0;
  private partsSize = 0;
  private tagDepth = 0;

  constructor(sizeHint = 256) {
    this.buffer = Buffer.allocUnsafe(sizeHint);
  }

  /** Bytes written so far, over all parts. */
  get size(): number {
    return this.partsSize + this.position - this.partStart;
  }

  bool(value: boolean): void {
    this.buffer[this.reserve(1)] = value ? 1 : 0;
  }

  int8(value: number): void {
    if ((value << 24) >> 24 !== value) throw outOfRange('int8', value);
    this.buffer[this.reserve(1)] = value;
  }

  int16(value: number): void {
    if ((value << 16) >> 16 !== value) throw outOfRange('int16', value);
    this.putInt16(value);
  }

  uint16(value: number): void {
    if ((value & 0xffff) !== value) throw outOfRange('uint16', value);
    this.putInt16(value);
  }

  int32(value: number): void {
    if ((value | 0) !== value) throw outOfRange('int32', value);
    this.putInt32(value);
  }

  uint32(value: number): void {
    if (value >>> 0 !== value) throw outOfRange('uint32', value);
    this.putInt32(value);
  }

  int64(value: number): void {
    if (!Number.isSafeInteger(value)) throw outOfRange('exact int64', value);
    const high = Math.floor(value / TWO_32);
    this.putInt32(high);
    this.putInt32(value - high * TWO_32);
  }

  float64(value: number): void {
    const at = this.reserve(8);
    this.buffer.writeDoubleBE(value, at);
  }

  uuid(value: string): void {
    const at = this.reserve(16);
    if (value === ZERO_UUID) {
      this.buffer.fill(0, at, at + 16);
    } else if (value.length !== 22 || this.buffer.write(value, at, 16, 'base64url') !== 16) {
      throw outOfRange('uuid', value);
    }
  }

  uvarint(value: number): void {
    if (value >>> 0 !== value) throw outOfRange('uvarint', value);
    let rest = value;
    while (rest > 0x7f) {
      this.buffer[this.reserve(1)] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.buffer[this.reserve(1)] = rest;
  }

  string(value: string): void {
    this.ensure(2 + 3 * value.length);
    const at = this.reserve(2);
    const size = this.text(value);
    if (size > 0x7fff) throw outOfRange('length of a string', size);
    this.buffer[at] = size >> 8;
    this.buffer[at + 1] = size;
  }

  nullableString(value: string | null): void {
    if (value === null) this.putInt16(-1);
    else this.string(value);
  }

  compactString(value: string): void {
    // Three bytes a character is the most UTF-8 can take; below 42 the length fits in one byte.
    if (value.length < 42) {
      this.ensure(1 + 3 * value.length);
      const at = this.reserve(1);
      this.buffer[at] = this.text(value) + 1;
    } else {
      this.uvarint(Buffer.byteLength(value) + 1);
      this.text(value);
    }
  }

  compactNullableString(value: string | null): void {
    if (value === null) this.uvarint(0);
    else this.compactString(value);
  }

  bytes(value: RecordsInput | null): void {
    if (value === null) {
      this.putInt32(-1);
    } else {
      this.int32(sizeOf(value));
      this.content(value);
    }
  }

  compactBytes(value: RecordsInput | null): void {
    if (value === null) {
      this.uvarint(0);
    } else {
      this.uvarint(sizeOf(value) + 1);
      this.content(value);
    }
  }

  /** Starts the content of a tagged field; give the result to {@link Writer.endTag}. */
  beginTag(): number {
    this.tagDepth++;
    return this.reserve(1) - this.partStart;
  }

  /** Writes the size of what came since {@link Writer.beginTag} in front of it. */
  endTag(begin: number): void {
    this.tagDepth--;
    const size = this.position - (this.partStart + begin) - 1;
    let prefixSize = 1;
    for (let rest = size; rest > 0x7f; rest >>>= 7) prefixSize++;
    if (prefixSize > 1) this.ensure(prefixSize - 1);
    const start = this.partStart + begin;
    if (prefixSize > 1) this.buffer.copyWithin(start + prefixSize, start + 1, this.position);
    this.position = start;
    this.uvarint(size);
    this.position += size;
  }

  /** The frame in pieces, in order. The writer must not be used afterwards. */
  finish(): Part[] {
    this.closePart();
    return this.parts;
  }

  /**
   * Like {@link Writer.finish}, for a frame whose first four bytes were written as 0: puts the
   * number of bytes behind them there.
   */
  finishFrame(): Part[] {
    this.closePart();
    const first = this.parts[0] as Buffer;
    first.writeInt32BE(this.partsSize - 4, 0);
    return this.parts;
  }

  private content(value: RecordsInput): void {
    const size = sizeOf(value);
    if (value instanceof Uint8Array && (size <= COPY_MAX || this.tagDepth > 0)) {
      const at = this.reserve(size);
      this.buffer.set(value, at);
      return;
    }
    // The size in front of a tagged field is filled in later, which needs its bytes in one piece.
    if (this.tagDepth > 0) throw new RangeError('a tagged field cannot hold a slice');
    if (size === 0) return;
    this.closePart();
    this.parts.push(value instanceof Uint8Array ? asBuffer(value) : value);
    this.partsSize += size;
  }

  private closePart(): void {
    if (this.position === this.partStart) return;
    this.parts.push(this.buffer.subarray(this.partStart, this.position));
    this.partsSize += this.position - this.partStart;
    this.partStart = this.position;
  }

  /** Writes UTF-8 and returns its size in bytes. */
  private text(value: string): number {
    const { length } = value;
    this.ensure(3 * length);
    const { buffer, position: at } = this;
    let size = 0;
    if (length <= SHORT_STRING_CHARS) {
      while (size < length) {
        const char = value.charCodeAt(size);
        if (char >= 0x80) break;
        buffer[at + size++] = char;
      }
    }
    if (size < length) size = buffer.write(value, at, 'utf8');
    this.position = at + size;
    return size;
  }

  private putInt16(value: number): void {
    const at = this.reserve(2);
    this.buffer[at] = value >> 8;
    this.buffer[at + 1] = value;
  }

  private putInt32(value: number): void {
    const at = this.reserve(4);
    const { buffer } = this;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
  }

  /** Makes room, so that positions inside the next `size` bytes stay valid. */
  private ensure(size: number): void {
    if (this.position + size > this.buffer.length) this.grow(size);
  }

  private reserve(size: number): number {
    this.ensure(size);
    const at = this.position;
    this.position = at + size;
    return at;
  }

  /** Moves the bytes of the open part to a larger buffer; closed parts keep the old one. */
  private grow(size: number): void {
    const open = this.buffer.subarray(this.partStart, this.position);
    const grown = Buffer.allocUnsafe(Math.max(2 * this.buffer.length, open.length + size));
    open.copy(grown);
    this.buffer = grown;
    this.position = open.length;
    this.partStart = 0;
  }
}

function sizeOf(value: RecordsInput): number {
  return value instanceof Uint8Array ? value.byteLength : value.size;
}

function asBuffer(value: Uint8Array): Buffer {
  return Buffer.isBuffer(value)
    ? value
    : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function truncated(size: number, at: number, end: number): ProtocolError {
  return new ProtocolError(
    'TRUNCATED',
    `${size} bytes wanted at byte ${at} of a frame of ${end} bytes`,
  );
}

function outOfRange(type: string, value: unknown): RangeError {
  return new RangeError(`not a valid ${type}: ${String(value)}`);
}
