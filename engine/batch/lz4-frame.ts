/**
 * Unpacks LZ4 frames without a package: into memory of exactly the size that the blocks tell, which
 * is freed like any other memory, and in pieces, so that other requests are served in between. A
 * content size in the header is only a claim of the sender.
 *
 * ```text
 *   magic 184d2204 | FLG | BD | [content size 8] | [dictionary id 4] | HC
 *   { block size 4, top bit: stored | data | [block checksum 4] }*  0000 | [content checksum 4]
 * ```
 *
 * All numbers are little-endian. Source: LZ4 frame format 1.6.
 */

import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { TurnSlices, Work } from '../turn-slices.js';
import { Lz4Block, lz4BlockSize } from './lz4-block.js';
import { Xxh32 } from './xxh32.js';

const MAGIC = 0x184d2204;
const FLAGS_AT = 4;
const DESCRIPTOR_AT = 5;
const SMALLEST_HEADER_SIZE = 7;
const DICTIONARY_BIT = 0x01;
const CONTENT_CHECKSUM_BIT = 0x04;
const CONTENT_SIZE_BIT = 0x08;
const BLOCK_CHECKSUM_BIT = 0x10;
const INDEPENDENT_BIT = 0x20;
const STORED_BIT = 0x8000_0000;
const CHECKSUM_BYTES = 4;

/**
 * Exactly one frame with its end mark must fill `bytes`, as Kafka writes it. With `slices` no turn
 * of the event loop unpacks more than its share; without them the whole frame is unpacked at once,
 * which suits a thread.
 *
 * @throws EngineError `BATCH_TOO_LARGE` if it unpacks to more than `maxBytes` (inclusive), before
 *   any memory is taken; `CORRUPT_BATCH` if it is no such frame, a checksum does not match, or it
 *   needs a dictionary
 */
export async function decodeLz4Frame(
  bytes: Buffer,
  maxBytes: number,
  slices: TurnSlices | null,
): Promise<Buffer> {
  const work = slices?.begin() ?? null;
  const frame = new Frame(bytes);
  const blocks = frame.blocks();
  let size = 0;
  while (blocks.next()) {
    size += blocks.unpackedSize;
    if (size > maxBytes) {
      throw new EngineError('BATCH_TOO_LARGE', `the records unpack to more than ${maxBytes} bytes`);
    }
    const pause = work?.did(blocks.end - blocks.start, 'bytes') ?? null;
    if (pause !== null) await pause;
  }
  const out = Buffer.allocUnsafeSlow(size);
  await unpack(frame, out, work);
  await frame.checkContent(out, work);
  return out;
}

async function unpack(frame: Frame, out: Buffer, work: Work | null): Promise<void> {
  const { bytes } = frame;
  const blocks = frame.blocks();
  for (let at = 0; blocks.next(); ) {
    const { start, end, unpackedSize } = blocks;
    frame.checkBlock(start, end);
    const outEnd = at + unpackedSize;
    if (blocks.isStored) {
      for (let from = start; from < end; from += LIMITS.turnBytesMax) {
        const count = bytes.copy(
          out,
          at + from - start,
          from,
          Math.min(end, from + LIMITS.turnBytesMax),
        );
        const pause = work?.did(count, 'bytes') ?? null;
        if (pause !== null) await pause;
      }
    } else {
      const windowFrom = frame.isLinked ? 0 : at;
      const block = new Lz4Block({ bytes, start, end, out, outStart: at, outEnd, windowFrom });
      for (let isOver = false; !isOver; ) {
        const before = block.outPosition;
        isOver = block.unpack(LIMITS.turnBytesMax);
        const pause = work?.did(block.outPosition - before, 'bytes') ?? null;
        if (pause !== null) await pause;
      }
      if (block.outPosition !== outEnd) throw corrupt('an LZ4 block that is cut off');
    }
    at = outEnd;
  }
}

/** The frame's header, and what its checksums vouch for. */
class Frame {
  readonly bytes: Buffer;
  readonly #flags: number;
  readonly #blockMax: number;
  readonly #blocksFrom: number;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    if (bytes.length < SMALLEST_HEADER_SIZE || bytes.readUInt32LE(0) !== MAGIC) {
      throw corrupt('no LZ4 frame');
    }
    this.#flags = bytes[FLAGS_AT]!;
    if ((this.#flags & DICTIONARY_BIT) !== 0) throw corrupt('an LZ4 frame that needs a dictionary');
    const sizeId = (bytes[DESCRIPTOR_AT]! >>> 4) & 0x07;
    if (sizeId < 4) throw corrupt('an LZ4 frame of an unknown block size');
    this.#blockMax = 1 << (8 + 2 * sizeId);
    this.#blocksFrom = SMALLEST_HEADER_SIZE + (this.#has(CONTENT_SIZE_BIT) ? 8 : 0);
    const descriptor = bytes.subarray(FLAGS_AT, this.#blocksFrom - 1);
    const checksum = (new Xxh32().end(descriptor) >>> 8) & 0xff;
    if (bytes[this.#blocksFrom - 1] !== checksum) throw corrupt('a damaged LZ4 frame header');
  }

  /** Whether blocks refer back to those before them. */
  get isLinked(): boolean {
    return !this.#has(INDEPENDENT_BIT);
  }

  /** The blocks, walked from the first one on. */
  blocks(): Blocks {
    return new Blocks(this.bytes, this.#blocksFrom, {
      blockMax: this.#blockMax,
      blockTrailer: this.#has(BLOCK_CHECKSUM_BIT) ? CHECKSUM_BYTES : 0,
      frameTrailer: this.#has(CONTENT_CHECKSUM_BIT) ? CHECKSUM_BYTES : 0,
    });
  }

  checkBlock(start: number, end: number): void {
    if (!this.#has(BLOCK_CHECKSUM_BIT)) return;
    const sum = new Xxh32().end(this.bytes.subarray(start, end));
    if (sum !== this.bytes.readUInt32LE(end)) throw corrupt('an LZ4 block fails its checksum');
  }

  async checkContent(out: Buffer, work: Work | null): Promise<void> {
    if (!this.#has(CONTENT_CHECKSUM_BIT)) return;
    const sum = new Xxh32();
    let at = 0;
    for (; out.length - at > LIMITS.turnBytesMax; at += LIMITS.turnBytesMax) {
      sum.add(out.subarray(at, at + LIMITS.turnBytesMax));
      const pause = work?.did(LIMITS.turnBytesMax, 'bytes') ?? null;
      if (pause !== null) await pause;
    }
    const stored = this.bytes.readUInt32LE(this.bytes.length - CHECKSUM_BYTES);
    if (sum.end(out.subarray(at)) !== stored) throw corrupt('an LZ4 frame fails its checksum');
  }

  #has(bit: number): boolean {
    return (this.#flags & bit) !== 0;
  }
}

/** Walks the blocks of a frame without making an object of each. */
class Blocks {
  /** Where the data of the present block begins. */
  start = 0;
  /** Where it ends, exclusive. */
  end = 0;
  isStored = false;
  unpackedSize = 0;
  readonly #bytes: Buffer;
  readonly #sizes: { blockMax: number; blockTrailer: number; frameTrailer: number };
  #position: number;

  constructor(
    bytes: Buffer,
    position: number,
    sizes: { blockMax: number; blockTrailer: number; frameTrailer: number },
  ) {
    this.#bytes = bytes;
    this.#position = position;
    this.#sizes = sizes;
  }

  /** Goes on to the next block; false behind the last one, where the frame must end. */
  next(): boolean {
    const bytes = this.#bytes;
    const { blockMax, blockTrailer, frameTrailer } = this.#sizes;
    if (this.#position + 4 > bytes.length) throw corrupt('an LZ4 frame that is cut off');
    const word = bytes.readUInt32LE(this.#position);
    this.start = this.#position + 4;
    if (word === 0) {
      if (this.start + frameTrailer !== bytes.length) throw corrupt('an LZ4 frame of other length');
      return false;
    }
    this.isStored = word >= STORED_BIT;
    const size = this.isStored ? word - STORED_BIT : word;
    this.end = this.start + size;
    this.#position = this.end + blockTrailer;
    if (this.#position > bytes.length) throw corrupt('an LZ4 frame that is cut off');
    this.unpackedSize = this.isStored ? size : lz4BlockSize(bytes, this.start, this.end);
    if (this.unpackedSize > blockMax) throw corrupt('an LZ4 block that is too large');
    return true;
  }
}

function corrupt(what: string): EngineError {
  return new EngineError('CORRUPT_BATCH', `the records cannot be decompressed: ${what}`);
}
