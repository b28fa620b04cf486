/**
 * The header of a Kafka record batch, format v2 (magic 2, KIP-98): layout and field access.
 *
 * ```text
 *   at  size  field                 notes
 *    0     8  baseOffset            stamped by the log, outside the CRC
 *    8     4  batchLength           bytes after this field: whole size - 12
 *   12     4  partitionLeaderEpoch  stamped by the log, outside the CRC
 *   16     1  magic                 2
 *   17     4  crc                   CRC-32C of everything from `attributes` to the end
 *   21     2  attributes            bits 0-2 codec, 3 timestamp type, 4 transactional,
 *                                   5 control, 6 delete horizon (KIP-534), 7-15 unused
 *   23     4  lastOffsetDelta       last offset - base offset
 *   27     8  baseTimestamp         ms; of the first record, or the delete horizon if bit 6 is set
 *   35     8  maxTimestamp          ms; the append time of every record if bit 3 is set
 *   43     8  producerId            -1: none
 *   51     2  producerEpoch         -1: none
 *   53     4  baseSequence          -1: none
 *   57     4  recordCount
 *   61        records               one compressed block, or plain records if the codec is 0
 * ```
 *
 * All numbers are big-endian. Accessors read the header that starts at `at` and need
 * {@link HEADER_SIZE} readable bytes there (`baseOffset` and `batchSize` only
 * {@link PREFIX_SIZE}); with fewer they throw a RangeError.
 */

import { readInt64 } from './int64.js';
import { readTimestamp, type Timestamp, timestampNumber } from './timestamp.js';

export const BASE_OFFSET_AT = 0;
export const BATCH_LENGTH_AT = 8;
export const LEADER_EPOCH_AT = 12;
export const MAGIC_AT = 16;
export const CRC_AT = 17;
export const ATTRIBUTES_AT = 21;
export const LAST_OFFSET_DELTA_AT = 23;
export const BASE_TIMESTAMP_AT = 27;
export const MAX_TIMESTAMP_AT = 35;
export const PRODUCER_ID_AT = 43;
export const PRODUCER_EPOCH_AT = 51;
export const BASE_SEQUENCE_AT = 53;
export const RECORD_COUNT_AT = 57;

/** Size of the fixed header; the records start here. */
export const HEADER_SIZE = 61;
/** Size of base offset and length: what must be read to learn how large a batch is. */
export const PREFIX_SIZE = 12;
/** The leader epoch of a batch whose writer did not know it. */
export const NO_EPOCH = -1;
/** The only magic accepted and written. */
export const MAGIC_V2 = 2;

export const CODEC_MASK = 0x07;
export const TIMESTAMP_TYPE_BIT = 0x08;
export const TRANSACTIONAL_BIT = 0x10;
export const CONTROL_BIT = 0x20;
export const DELETE_HORIZON_BIT = 0x40;

/** Who set the timestamps: the producer, or the log when it appended. */
export type TimestampType = 'create' | 'append';

/** Offset of the first record; in a compacted batch, of the first record it once had. */
export function baseOffset(buffer: Buffer, at = 0): number {
  return readInt64(buffer, at + BASE_OFFSET_AT);
}

/** Bytes of the whole batch, the 12-byte prefix included; unchecked, may be negative. */
export function batchSize(buffer: Buffer, at = 0): number {
  return PREFIX_SIZE + buffer.readInt32BE(at + BATCH_LENGTH_AT);
}

/** Epoch of the leader that appended the batch; -1 if unknown (KIP-101). */
export function leaderEpoch(buffer: Buffer, at = 0): number {
  return buffer.readInt32BE(at + LEADER_EPOCH_AT);
}

/** Format version; this layout is 2. Older formats have their magic at the same place. */
export function magic(buffer: Buffer, at = 0): number {
  return buffer.readInt8(at + MAGIC_AT);
}

/** Stored CRC-32C, unsigned. */
export function crc(buffer: Buffer, at = 0): number {
  return buffer.readUInt32BE(at + CRC_AT);
}

/** All attribute bits, 0 to 65535. */
export function attributes(buffer: Buffer, at = 0): number {
  return buffer.readUInt16BE(at + ATTRIBUTES_AT);
}

/** Codec of the records: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd; 5 to 7 are undefined. */
export function codecId(buffer: Buffer, at = 0): number {
  return attributes(buffer, at) & CODEC_MASK;
}

/** True if the batch belongs to a transaction (its outcome is a later control batch). */
export function isTransactional(buffer: Buffer, at = 0): boolean {
  return (attributes(buffer, at) & TRANSACTIONAL_BIT) !== 0;
}

/** True if the batch holds a control record (a transaction marker), not a client's records. */
export function isControl(buffer: Buffer, at = 0): boolean {
  return (attributes(buffer, at) & CONTROL_BIT) !== 0;
}

/** `append` means that every record's timestamp is the batch's `maxTimestamp`. */
export function timestampType(buffer: Buffer, at = 0): TimestampType {
  return (attributes(buffer, at) & TIMESTAMP_TYPE_BIT) !== 0 ? 'append' : 'create';
}

/** True if `baseTimestamp` is the time from which tombstones here may go (KIP-534). */
export function hasDeleteHorizon(buffer: Buffer, at = 0): boolean {
  return (attributes(buffer, at) & DELETE_HORIZON_BIT) !== 0;
}

/** The time from which tombstones here may go; null where none is set (KIP-534). */
export function deleteHorizonOf(buffer: Buffer, at = 0): number | null {
  return hasDeleteHorizon(buffer, at) ? timestampNumber(baseTimestamp(buffer, at)) : null;
}

/** Last offset minus base offset; unchecked, may be negative. */
export function lastOffsetDelta(buffer: Buffer, at = 0): number {
  return buffer.readInt32BE(at + LAST_OFFSET_DELTA_AT);
}

/** Offset of the last record, inclusive; it survives compaction of that record. */
export function lastOffset(buffer: Buffer, at = 0): number {
  return baseOffset(buffer, at) + lastOffsetDelta(buffer, at);
}

/** Milliseconds; record timestamps are deltas to it. -1: none. */
export function baseTimestamp(buffer: Buffer, at = 0): Timestamp {
  return readTimestamp(buffer, at + BASE_TIMESTAMP_AT);
}

/** Milliseconds; the largest timestamp of the records, or their append time. -1: none. */
export function maxTimestamp(buffer: Buffer, at = 0): Timestamp {
  return readTimestamp(buffer, at + MAX_TIMESTAMP_AT);
}

/** Id of an idempotent producer, -1 if there is none (KIP-98). */
export function producerId(buffer: Buffer, at = 0): number {
  return readInt64(buffer, at + PRODUCER_ID_AT);
}

/** Epoch of the producer id, -1 if there is none. */
export function producerEpoch(buffer: Buffer, at = 0): number {
  return buffer.readInt16BE(at + PRODUCER_EPOCH_AT);
}

/** Sequence number of the first record, -1 if there is none; wraps from 2^31 - 1 to 0. */
export function baseSequence(buffer: Buffer, at = 0): number {
  return buffer.readInt32BE(at + BASE_SEQUENCE_AT);
}

/** Records inside; below `lastOffsetDelta + 1` after compaction; unchecked, may be negative. */
export function recordCount(buffer: Buffer, at = 0): number {
  return buffer.readInt32BE(at + RECORD_COUNT_AT);
}
