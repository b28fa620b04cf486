/** The fields that the log writes into a batch from a client, in place: nothing is copied. */

import { assert } from '../assert.js';
import { crc32c } from './crc32c.js';
import {
  ATTRIBUTES_AT,
  attributes,
  BASE_OFFSET_AT,
  batchSize,
  CRC_AT,
  LEADER_EPOCH_AT,
  MAX_TIMESTAMP_AT,
  TIMESTAMP_TYPE_BIT,
} from './header.js';
import { writeInt64 } from './int64.js';

/**
 * Sets where the batch stands in the log. Both fields are outside the CRC, so the checksum that
 * the producer computed stays valid. The caller owns `bytes`, which must have passed
 * `validateBatch`.
 */
export function stampBatch(
  bytes: Buffer,
  place: { baseOffset: number; leaderEpoch: number },
): void {
  assert(place.baseOffset >= 0, 'a base offset is not negative');
  writeInt64(bytes, BASE_OFFSET_AT, place.baseOffset);
  bytes.writeInt32BE(place.leaderEpoch, LEADER_EPOCH_AT);
}

/**
 * Makes `timestampMs` the timestamp of every record (`message.timestamp.type=LogAppendTime`): sets
 * the timestamp type bit and `maxTimestamp`, and recomputes the CRC. `baseTimestamp` and the
 * records keep what the producer wrote, as in Kafka; readers ignore it while the bit is set.
 */
export function stampAppendTime(bytes: Buffer, timestampMs: number): void {
  bytes.writeUInt16BE(attributes(bytes) | TIMESTAMP_TYPE_BIT, ATTRIBUTES_AT);
  writeInt64(bytes, MAX_TIMESTAMP_AT, timestampMs);
  stampCrc(bytes);
}

/** Recomputes the CRC after a field behind it was changed. */
export function stampCrc(bytes: Buffer): void {
  bytes.writeUInt32BE(crc32c(bytes.subarray(ATTRIBUTES_AT, batchSize(bytes))), CRC_AT);
}
