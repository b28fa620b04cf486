import { type RecordsInput, type RecordsPart, ZERO_UUID } from './schema.js';

/** Bytes longer than this leave the writer as a part of their own instead of being copied. */
export const COPY_MAX = 1024;

/**
 * A piece of an encoded frame: bytes in memory, or a slice that the socket writer knows to send.
 */
export type Part = Buffer | RecordsPart;

/**
 * Memory for small frames, many to a chunk: a writer has the chunk for itself until its frame is
 * finished.
 */
const CHUNK_BYTES = 8 * 1024;
const CHUNK_BYTES_USED_MAX = CHUNK_BYTES - 256;
let spare: Buffer | null = null;
let spareFrom = 0;

/** From this size on a part is not moved to a larger buffer. */
const PART_BYTES = 64 * 1024;

const TWO_32 = 0x1_0000_0000;
const SHORT_STRING_CHARS = 24;

/**
 * Writes Kafka's basic types into one growing buffer. Bytes above {@link COPY_MAX} and slices are
 * not copied: they become parts of their own between views on that buffer, so they must not
 * change until the frame is sent. A value outside the range of its type throws a `RangeError`.
 */
export class Writer {
  private buffer: Buffer;
  private position: number;
  private readonly parts: Part[] = [];
  /** Start of the bytes that no part covers yet. */
  private partStart: number;
  private partsSize = 0;
  private tagDepth = 0;

  /** @param bytes for a first buffer of its own, of that size */
  constructor(bytes = CHUNK_BYTES) {
    const shares = bytes === CHUNK_BYTES && spare !== null && spareFrom <= CHUNK_BYTES_USED_MAX;
    this.buffer = shares ? spare! : Buffer.allocUnsafeSlow(bytes);
    this.position = shares ? spareFrom : 0;
    this.partStart = this.position;
    if (shares) spare = null;
  }

  /** Bytes written so far, over all parts. */
  get size(): number {
    return this.partsSize + this.position - this.partStart;
  }

  bool(value: boolean): void {
    this.putInt8(value ? 1 : 0);
  }

  int8(value: number): void {
    if ((value << 24) >> 24 !== value) throw outOfRange('int8', value);
    this.putInt8(value);
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

  int64Exact(value: number | bigint): void {
    if (typeof value === 'number') {
      this.int64(value);
      return;
    }
    if (BigInt.asIntN(64, value) !== value) throw outOfRange('int64', value);
    const at = this.reserve(8);
    this.buffer.writeBigInt64BE(value, at);
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
      this.putInt8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.putInt8(rest);
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
    if (this.buffer.length === CHUNK_BYTES) {
      spare = this.buffer;
      spareFrom = this.position;
    }
    return this.parts;
  }

  /**
   * Like {@link Writer.finish}, for a frame whose first four bytes were written as 0: puts the
   * number of bytes behind them there.
   */
  finishFrame(): Part[] {
    const parts = this.finish();
    const first = parts[0] as Buffer;
    first.writeInt32BE(this.partsSize - 4, 0);
    return parts;
  }

  private content(value: RecordsInput): void {
    const size = sizeOf(value);
    if (isBytes(value) && (size <= COPY_MAX || this.tagDepth > 0)) {
      const at = this.reserve(size);
      this.buffer.set(value, at);
      return;
    }
    // The size in front of a tagged field is filled in later, which needs its bytes in one piece.
    if (this.tagDepth > 0) throw new RangeError('a tagged field cannot hold a slice');
    if (size === 0) return;
    this.closePart();
    this.parts.push(isBytes(value) ? asBuffer(value) : value);
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

  private putInt8(value: number): void {
    const at = this.reserve(1);
    this.buffer[at] = value;
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

  /**
   * Moves the bytes of the open part to a larger buffer; closed parts keep the old one. A large
   * part is closed instead: to copy it again and again would hold up a turn of the event loop.
   */
  private grow(size: number): void {
    if (this.tagDepth === 0 && this.position - this.partStart >= PART_BYTES) {
      this.closePart();
      this.buffer = Buffer.allocUnsafeSlow(Math.max(PART_BYTES, size));
      this.position = 0;
      this.partStart = 0;
      return;
    }
    const open = this.buffer.subarray(this.partStart, this.position);
    const grown = Buffer.allocUnsafe(Math.max(2 * this.buffer.length, open.length + size));
    open.copy(grown);
    this.buffer = grown;
    this.position = open.length;
    this.partStart = 0;
  }
}

function sizeOf(value: RecordsInput): number {
  return isBytes(value) ? value.byteLength : value.size;
}

function asBuffer(value: Uint8Array): Buffer {
  return Buffer.isBuffer(value)
    ? value
    : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function outOfRange(type: string, value: unknown): RangeError {
  return new RangeError(`not a valid ${type}: ${String(value)}`);
}

/** Bytes of any realm. */
function isBytes(value: RecordsInput): value is Uint8Array {
  return ArrayBuffer.isView(value);
}
