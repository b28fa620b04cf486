/**
 * Unpacks zstd frames within a limit, with a decoder that knows none. Block headers bound what a
 * frame can unpack to; where that bound is over the limit, growing prefixes of the frame are
 * unpacked until its true size is known. A content size in the header is not trusted.
 *
 * ```text
 *   frame:      magic fd2fb528 | descriptor | [window 1] | [dictionary id 0-4] | [content size 0-8]
 *               { block header 3: last 1 bit, type 2 bits, size 21 bits | block }*  [checksum 4]
 *   skippable:  magic 184d2a50-184d2a5f | size 4 | data
 * ```
 *
 * All numbers are little-endian. Source: RFC 8878.
 */

import { EngineError } from '../errors.js';
import { isError } from '../foreign-errors.js';
import { LIMITS } from '../limits.js';

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const BLOCK_HEADER_SIZE = 3;
const BLOCK_BYTES_MAX = 128 * 1024;
const RAW_BLOCK = 0;
const RLE_BLOCK = 1;
const COMPRESSED_BLOCK = 2;

type Frame = {
  start: number;
  end: number;
  windowByte: number;
  firstBlockAt: number;
  bytesMax: number;
};
type Decompress = (bytes: Buffer) => Promise<Buffer>;

/**
 * Unpacks the one or more frames that fill `bytes`. Throws `BATCH_TOO_LARGE` if they hold more than
 * `maxBytes`, or are near it in blocks so small that finding out would cost too much;
 * `CORRUPT_BATCH` if they are no frames; or what `decompress` throws.
 */
export async function decodeZstdFrames(
  bytes: Buffer,
  maxBytes: number,
  decompress: Decompress,
): Promise<Buffer> {
  const frames = parseFrames(bytes);
  const bytesMax = frames.reduce((sum, frame) => sum + frame.bytesMax, 0);
  if (bytesMax <= maxBytes) return decompress(bytes);

  const parts: Buffer[] = [];
  let total = 0;
  for (const frame of frames) {
    const part = await decodeWithin(bytes, frame, maxBytes - total, decompress);
    if (part === undefined) {
      throw new EngineError('BATCH_TOO_LARGE', `the records unpack to more than ${maxBytes} bytes`);
    }
    total += part.length;
    parts.push(part);
  }
  return Buffer.concat(parts, total);
}

/**
 * The frame's content, or undefined if it is over `maxBytes`. What a prefix can unpack to stays
 * below twice `maxBytes` and a block, so that small blocks, whose bounds are loose, cost few
 * rounds.
 */
async function decodeWithin(
  bytes: Buffer,
  frame: Frame,
  maxBytes: number,
  decompress: Decompress,
): Promise<Buffer | undefined> {
  const block = new Block(bytes, frame.firstBlockAt);
  let size = 0;
  for (let prefixes = 0; prefixes < LIMITS.zstdPrefixesMax; prefixes++) {
    let bytesMax = size;
    do {
      block.next();
      bytesMax += block.bytesMax;
    } while (!block.isLast && bytesMax < 2 * maxBytes);
    const content = await decompress(
      block.isLast ? bytes.subarray(frame.start, frame.end) : prefixOf(bytes, frame, block),
    );
    if (content.length > maxBytes) return undefined;
    if (block.isLast) return content;
    size = content.length;
  }
  return undefined;
}

/** A frame of the blocks up to this one, without content size and checksum. */
function prefixOf(bytes: Buffer, frame: Frame, last: Block): Buffer {
  const header = Buffer.alloc(6);
  header.writeUInt32LE(MAGIC);
  header[5] = frame.windowByte;
  const prefix = Buffer.concat([header, bytes.subarray(frame.firstBlockAt, last.end)]);
  const lastHeaderAt = header.length + last.headerAt - frame.firstBlockAt;
  prefix[lastHeaderAt] = prefix[lastHeaderAt]! | 1;
  return prefix;
}

/**
 * Walks the blocks of a frame without making an object of each: a byte of a batch may be a quarter
 * of one.
 */
class Block {
  headerAt = 0;
  /** Exclusive. */
  end: number;
  /** What it unpacks to at most. */
  bytesMax = 0;
  isLast = false;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, firstAt: number) {
    this.#bytes = bytes;
    this.end = firstAt;
  }

  /** Goes on to the next block, the first one at first. Throws a RangeError beyond the bytes. */
  next(): void {
    this.headerAt = this.end;
    const word = this.#bytes.readUIntLE(this.headerAt, BLOCK_HEADER_SIZE);
    this.isLast = (word & 1) !== 0;
    const type = (word >>> 1) & 0x03;
    const size = word >>> 3;
    if (type > COMPRESSED_BLOCK) throw corrupt('a zstd block of an unknown type');
    this.end = this.headerAt + BLOCK_HEADER_SIZE + (type === RLE_BLOCK ? 1 : size);
    const isSized = type === RAW_BLOCK || type === RLE_BLOCK;
    this.bytesMax = isSized ? size : BLOCK_BYTES_MAX;
  }
}

function parseFrames(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  let position = 0;
  try {
    while (position < bytes.length) {
      const magic = bytes.readUInt32LE(position);
      if ((magic & 0xffff_fff0) >>> 0 === SKIPPABLE_MAGIC) {
        position += 8 + bytes.readUInt32LE(position + 4);
      } else if (magic === MAGIC) {
        const frame = parseFrame(bytes, position);
        frames.push(frame);
        position = frame.end;
      } else {
        throw corrupt('no zstd frame');
      }
    }
  } catch (error) {
    // Of another realm where a test runner has its own.
    if (isError(error) && error.name === 'RangeError') throw corrupt('a zstd frame is cut off');
    throw error;
  }
  if (frames.length === 0 || position !== bytes.length) throw corrupt('a zstd frame is cut off');
  return frames;
}

/** Reading beyond the end throws a RangeError, which `parseFrames` answers. */
function parseFrame(bytes: Buffer, start: number): Frame {
  const descriptor = bytes.readUInt8(start + 4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  if ((descriptor & 0x03) !== 0) throw corrupt('a zstd frame that needs a dictionary');

  let position = start + 5;
  const sizeFlag = descriptor >>> 6;
  let windowByte: number;
  if (isSingleSegment) {
    const sizeBytes = 1 << sizeFlag;
    windowByte = windowByteFor(contentSize(bytes, position, sizeBytes));
    position += sizeBytes;
  } else {
    windowByte = bytes.readUInt8(position);
    position += 1 + (sizeFlag === 0 ? 0 : 1 << sizeFlag);
  }

  const block = new Block(bytes, position);
  let bytesMax = 0;
  do {
    block.next();
    bytesMax += block.bytesMax;
  } while (!block.isLast);
  const end = block.end + ((descriptor & 0x04) !== 0 ? 4 : 0);
  if (end > bytes.length) throw corrupt('a zstd frame is cut off');
  return { start, end, windowByte, firstBlockAt: position, bytesMax };
}

function contentSize(bytes: Buffer, at: number, sizeBytes: number): number {
  if (sizeBytes < 8) return bytes.readUIntLE(at, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  return bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
}

/** The window descriptor of the smallest power of two that holds `size` bytes, from 1 KB on. */
function windowByteFor(size: number): number {
  return Math.min(31, Math.max(0, Math.ceil(Math.log2(Math.max(size, 1))) - 10)) << 3;
}

function corrupt(what: string): EngineError {
  return new EngineError('CORRUPT_BATCH', `the records cannot be decompressed: ${what}`);
}
