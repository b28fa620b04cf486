/**
 * How large an LZ4 frame unpacks, learned without unpacking it: the decoder in use has no output
 * limit, and a content size in the header is only what a sender says.
 *
 * ```text
 *   magic 184d2204 | FLG | BD | [content size 8] | [dictionary id 4] | HC
 *   { block size 4, top bit: stored | data | [block checksum 4] }*  0000 | [content checksum 4]
 * ```
 *
 * All numbers are little-endian. Source: LZ4 frame format 1.6.
 */

import { EngineError } from '../errors.js';

const MAGIC = 0x184d2204;
const FLAGS_AT = 4;
const DESCRIPTOR_AT = 5;
const SMALLEST_HEADER_SIZE = 7;
const DICTIONARY_BIT = 0x01;
const CONTENT_CHECKSUM_BIT = 0x04;
const CONTENT_SIZE_BIT = 0x08;
const BLOCK_CHECKSUM_BIT = 0x10;
const STORED_BIT = 0x8000_0000;
/** One byte of a length adds at most 255 to it. */
const HIGHEST_EXPANSION = 255;

/**
 * An upper bound of the frame's unpacked size, and its exact size wherever a rough bound is above
 * `maxBytes`, so that a frame within the limit is never refused. Exactly one frame with its end
 * mark must fill `bytes`, as Kafka writes it; anything else throws `CORRUPT_BATCH`.
 */
export function lz4FrameBound(bytes: Buffer, maxBytes: number): number {
  const blockMax = blockMaxBytes(bytes);
  const rough = sumBlocks(bytes, (start, end) =>
    Math.min(blockMax, (end - start) * HIGHEST_EXPANSION),
  );
  if (rough <= maxBytes) return rough;
  return sumBlocks(bytes, (start, end) => unpackedBlockSize(bytes, start, end));
}

function blockMaxBytes(bytes: Buffer): number {
  if (bytes.length < SMALLEST_HEADER_SIZE || bytes.readUInt32LE(0) !== MAGIC) {
    throw corrupt('no LZ4 frame');
  }
  const sizeId = (bytes[DESCRIPTOR_AT]! >>> 4) & 0x07;
  if (sizeId < 4) throw corrupt('an LZ4 frame of an unknown block size');
  return 1 << (8 + 2 * sizeId);
}

/** Walks the blocks; `measure` gets where a compressed block starts and ends. */
function sumBlocks(bytes: Buffer, measure: (start: number, end: number) => number): number {
  const flags = bytes[FLAGS_AT]!;
  const blockTrailer = (flags & BLOCK_CHECKSUM_BIT) !== 0 ? 4 : 0;
  const frameTrailer = (flags & CONTENT_CHECKSUM_BIT) !== 0 ? 4 : 0;
  let position = SMALLEST_HEADER_SIZE;
  if ((flags & CONTENT_SIZE_BIT) !== 0) position += 8;
  if ((flags & DICTIONARY_BIT) !== 0) position += 4;

  let total = 0;
  while (position + 4 <= bytes.length) {
    const word = bytes.readUInt32LE(position);
    position += 4;
    if (word === 0) {
      if (position + frameTrailer === bytes.length) return total;
      throw corrupt('an LZ4 frame with bytes behind it');
    }
    const isStored = word >= STORED_BIT;
    const size = isStored ? word - STORED_BIT : word;
    const end = position + size;
    if (end > bytes.length) break;
    total += isStored ? size : measure(position, end);
    position = end + blockTrailer;
  }
  throw corrupt('an LZ4 frame that is cut off');
}

/** Follows the sequences of a block: their lengths say what it unpacks to. */
function unpackedBlockSize(bytes: Buffer, start: number, end: number): number {
  let position = start;
  let size = 0;

  const extend = (nibble: number): number => {
    let length = nibble;
    if (nibble === 15) {
      let byte = 255;
      while (byte === 255 && position < end) {
        byte = bytes[position++]!;
        length += byte;
      }
    }
    return length;
  };

  while (position < end) {
    const token = bytes[position++]!;
    const literals = extend(token >>> 4);
    size += literals;
    position += literals;
    // The last sequence of a block has no match.
    if (position >= end) break;
    position += 2;
    size += 4 + extend(token & 0x0f);
  }
  return size;
}

function corrupt(what: string): EngineError {
  return new EngineError('CORRUPT_BATCH', `the records cannot be decompressed: ${what}`);
}
