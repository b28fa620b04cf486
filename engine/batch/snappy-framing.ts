/**
 * Snappy as Kafka clients send it. Java clients wrap raw blocks in the xerial framing, which all
 * clients read and which we write; librdkafka and other clients send one raw block.
 *
 * ```text
 *   xerial:  82 'SNAPPY' 00 | version int32 | lowest compatible version int32 | { size int32 | raw block }*
 *   raw:     unpacked length, unsigned varint | elements
 * ```
 *
 * Sizes of the framing are big-endian. Source: snappy-java, SnappyOutputStream.
 */

import { EngineError } from '../errors.js';

const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER = Buffer.concat([XERIAL_MAGIC, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);
/** What snappy-java writes unless told otherwise. */
const XERIAL_BLOCK_BYTES = 32 * 1024;

/** Three bytes copy 64 at most: what a block claims beyond that takes no memory. */
const HIGHEST_EXPANSION = 22;

/** Frames `bytes` in blocks that `compress` makes. */
export async function encodeXerial(
  bytes: Buffer,
  compress: (block: Buffer) => Promise<Buffer>,
): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for (const block of xerialBlocks(bytes)) blocks.push(await compress(block));
  return framed(blocks);
}

/** As `encodeXerial`, at once. */
export function encodeXerialSync(bytes: Buffer, compress: (block: Buffer) => Buffer): Buffer {
  return framed([...xerialBlocks(bytes)].map(compress));
}

function* xerialBlocks(bytes: Buffer): Generator<Buffer, void> {
  for (let at = 0; at < bytes.length; at += XERIAL_BLOCK_BYTES) {
    yield bytes.subarray(at, at + XERIAL_BLOCK_BYTES);
  }
}

function framed(blocks: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [XERIAL_HEADER];
  for (const block of blocks) {
    const size = Buffer.allocUnsafe(4);
    size.writeInt32BE(block.length);
    parts.push(size, block);
  }
  return Buffer.concat(parts);
}

/**
 * Unpacks either form. Each block says first how large it is, so nothing over `maxBytes`, nor more
 * than its bytes can hold, is ever allocated. Throws `BATCH_TOO_LARGE`, `CORRUPT_BATCH`, or what
 * `uncompress` throws.
 */
export async function decodeSnappy(
  bytes: Buffer,
  maxBytes: number,
  uncompress: (block: Buffer) => Promise<Buffer>,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  let total = 0;
  for (const block of snappyBlocks(bytes)) {
    const length = unpackedLength(block);
    if (total + length > maxBytes) {
      throw new EngineError('BATCH_TOO_LARGE', `the records unpack to more than ${maxBytes} bytes`);
    }
    if (length > block.length * HIGHEST_EXPANSION) throw corrupt('a snappy block claims too much');
    const part = await uncompress(block);
    total += part.length;
    parts.push(part);
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, total);
}

function* snappyBlocks(bytes: Buffer): Generator<Buffer> {
  if (!isXerialHeader(bytes, 0)) {
    yield bytes;
    return;
  }
  let position = XERIAL_HEADER.length;
  while (position < bytes.length) {
    if (isXerialHeader(bytes, position)) {
      // Streams may be concatenated; snappy-java skips the headers in between.
      position += XERIAL_HEADER.length;
      continue;
    }
    if (position + 4 > bytes.length) throw corrupt('a snappy block is cut off');
    const size = bytes.readInt32BE(position);
    position += 4;
    if (size < 0 || size > bytes.length - position) throw corrupt('a snappy block is cut off');
    yield bytes.subarray(position, position + size);
    position += size;
  }
}

function isXerialHeader(bytes: Buffer, at: number): boolean {
  const end = at + XERIAL_MAGIC.length;
  return (
    at + XERIAL_HEADER.length <= bytes.length &&
    bytes.compare(XERIAL_MAGIC, 0, XERIAL_MAGIC.length, at, end) === 0
  );
}

/** The length at the start of a raw block: an unsigned varint of at most 32 bits. */
function unpackedLength(block: Buffer): number {
  let length = 0;
  for (let i = 0; i < 5 && i < block.length; i++) {
    const byte = block[i]!;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return length;
  }
  throw corrupt('a snappy block without a length');
}

function corrupt(what: string): EngineError {
  return new EngineError('CORRUPT_BATCH', `the records cannot be decompressed: ${what}`);
}
