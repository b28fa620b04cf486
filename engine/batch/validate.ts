/**
 * Judges record batches by their header and checksum. Records are not decoded here; `records.ts`
 * does that for the topics that ask for it.
 */

import { crc32c } from './crc32c.js';
import {
  ATTRIBUTES_AT,
  attributes,
  BASE_SEQUENCE_AT,
  batchSize,
  CODEC_MASK,
  CONTROL_BIT,
  crc,
  HEADER_SIZE,
  lastOffsetDelta,
  MAGIC_AT,
  MAGIC_V2,
  magic,
  PREFIX_SIZE,
  PRODUCER_EPOCH_AT,
  producerId,
  recordCount,
  TIMESTAMP_TYPE_BIT,
  TRANSACTIONAL_BIT,
} from './header.js';

/**
 * What is wrong with a batch that a client sent.
 *
 * - `unsupported-magic`: format v0 or v1, or no batch at all
 * - `bad-length`: the length field is below a header or beyond the bytes
 * - `more-than-one-batch`: bytes follow the first batch
 * - `too-large`: larger than `maxBatchBytes`
 * - `bad-crc`: the checksum does not match the bytes
 * - `unknown-codec`: codec 5, 6 or 7
 * - `control-batch`: only the broker writes those
 * - `bad-count`: no records, the count is not `lastOffsetDelta + 1`, or the bytes cannot hold so
 *   many
 * - `bad-timestamp`: marked as append time, which only the log sets
 * - `bad-producer`: a producer id without epoch and sequence or beyond 2^53, or transactional
 *   without a producer id
 */
export type BatchProblem =
  | 'unsupported-magic'
  | 'bad-length'
  | 'more-than-one-batch'
  | 'too-large'
  | 'bad-crc'
  | 'unknown-codec'
  | 'control-batch'
  | 'bad-count'
  | 'bad-timestamp'
  | 'bad-producer';

/**
 * The checks that a batch is spared, because its writer is known to have made them, or needs
 * batches that they refuse.
 */
export interface SparedChecks {
  /** The check that the checksum matches the bytes. */
  readonly checksum: boolean;
  /** The check that the batch is no larger than `maxBatchBytes`. */
  readonly size: boolean;
  /** The check that it has as many records as offsets: a compacted batch has fewer, or none. */
  readonly count: boolean;
  /** The check that it is no control batch. */
  readonly control: boolean;
  /** The check that its timestamps are its producer's, and within the bounds of the topic. */
  readonly timestamps: boolean;
  /** The check that a batch of an idempotent producer has a sequence, and the next one. */
  readonly sequence: boolean;
}

/** For a batch of a client: all checks are made. */
export const SPARED_NOTHING: SparedChecks = {
  checksum: false,
  size: false,
  count: false,
  control: false,
  timestamps: false,
  sequence: false,
};

const HIGHEST_CODEC_ID = 4;
/** Size of a record without key, value and headers: seven fields of a byte each. */
export const RECORD_BYTES_MIN = 7;
/**
 * Bytes that one packed byte unpacks to at most, by codec id. gzip: 258 bytes of two bits. snappy:
 * 64 of three bytes. lz4: 255 for each further byte of a length. zstd: 128 KiB of a block of four
 * bytes.
 */
const EXPANSION_MAX: readonly number[] = [1, 1032, 22, 255, 32_768];

/**
 * The first problem of a batch that is to be appended, or null. Exactly one batch must fill
 * `bytes`; `maxBatchBytes` is inclusive. Unused attribute bits are ignored, as Kafka does. A
 * timestamp too far in the future or past is the topic's policy and not judged here, nor is the
 * sequence itself.
 */
export function validateBatch(
  bytes: Buffer,
  limits: { readonly maxBatchBytes: number },
  spared: SparedChecks = SPARED_NOTHING,
): BatchProblem | null {
  const problem = judgeLength(bytes, limits.maxBatchBytes, spared);
  if (problem !== null) return problem;
  if (!spared.checksum && !hasMatchingCrc(bytes, 0, bytes.length)) return 'bad-crc';
  return judgeHeader(bytes, spared);
}

function judgeLength(
  bytes: Buffer,
  maxBatchBytes: number,
  spared: SparedChecks,
): BatchProblem | null {
  if (bytes.length > MAGIC_AT && magic(bytes) !== MAGIC_V2) return 'unsupported-magic';
  if (bytes.length < HEADER_SIZE) return 'bad-length';
  const size = batchSize(bytes);
  if (size < HEADER_SIZE || size > bytes.length) return 'bad-length';
  if (size < bytes.length) return 'more-than-one-batch';
  return size > maxBatchBytes && !spared.size ? 'too-large' : null;
}

/**
 * The checks that make sense only once the CRC has proved the header right. `spared` is looked at
 * only where a check fails.
 */
function judgeHeader(bytes: Buffer, spared: SparedChecks): BatchProblem | null {
  const bits = attributes(bytes);
  const codec = bits & CODEC_MASK;
  if (codec > HIGHEST_CODEC_ID) return 'unknown-codec';
  if ((bits & CONTROL_BIT) !== 0 && !spared.control) return 'control-batch';

  const count = recordCount(bytes);
  const last = lastOffsetDelta(bytes);
  if ((count < 1 || last !== count - 1) && !(spared.count && mayBeLeft(count, last))) {
    return 'bad-count';
  }
  const unpackedBytesMax = (bytes.length - HEADER_SIZE) * EXPANSION_MAX[codec]!;
  if (count * RECORD_BYTES_MIN > unpackedBytesMax) return 'bad-count';

  if ((bits & TIMESTAMP_TYPE_BIT) !== 0 && !spared.timestamps) return 'bad-timestamp';

  const producer = producerId(bytes);
  if (producer < -1 || producer === Number.POSITIVE_INFINITY) return 'bad-producer';
  if (producer === -1) return (bits & TRANSACTIONAL_BIT) !== 0 ? 'bad-producer' : null;
  const hasEpoch = bytes.readInt16BE(PRODUCER_EPOCH_AT) >= 0;
  const hasSequence = bytes.readInt32BE(BASE_SEQUENCE_AT) >= 0;
  return hasEpoch && (hasSequence || spared.sequence) ? null : 'bad-producer';
}

/** Whether compaction can have left `count` records of a batch. */
function mayBeLeft(count: number, lastDelta: number): boolean {
  return count >= 0 && count - 1 <= lastDelta && lastDelta >= 0;
}

/**
 * Looks for a structurally whole batch with a matching CRC at `at`, of which `available` bytes can
 * be read (`at + available` is at most `buffer.length`): what recovery and scrubs walk a log with.
 *
 * @returns the batch's size in bytes; `incomplete` if more bytes than available would be needed
 * to tell, which is also what a damaged length field looks like; `corrupt` if no bytes to come
 * could make it whole. Counts, timestamps and codec are not judged, since compaction changes some.
 */
export function scanBatchAt(
  buffer: Buffer,
  at: number,
  available: number,
): number | 'incomplete' | 'corrupt' {
  if (available < PREFIX_SIZE) return 'incomplete';
  const size = batchSize(buffer, at);
  if (size < HEADER_SIZE) return 'corrupt';
  if (available > MAGIC_AT && magic(buffer, at) !== MAGIC_V2) return 'corrupt';
  if (available < size) return 'incomplete';
  return hasMatchingCrc(buffer, at, size) ? size : 'corrupt';
}

function hasMatchingCrc(buffer: Buffer, at: number, size: number): boolean {
  return crc32c(buffer.subarray(at + ATTRIBUTES_AT, at + size)) === crc(buffer, at);
}
