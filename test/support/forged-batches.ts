import { buildBatchSync } from '../../engine/batch/builder.js';
import { type CodecName, codecByName } from '../../engine/batch/compression.js';
import {
  ATTRIBUTES_AT,
  BATCH_LENGTH_AT,
  HEADER_SIZE,
  LAST_OFFSET_DELTA_AT,
  PREFIX_SIZE,
  RECORD_COUNT_AT,
} from '../../engine/batch/header.js';
import { stampCrc } from '../../engine/batch/stamp.js';
import { varintSize, writeVarint } from '../../engine/batch/varint.js';

const TIMESTAMP_MS = Date.UTC(2026, 0, 1);

/** A batch with other codec and count under a header that vouches for them. Changed in place. */
export function resealed(batch: Buffer, codec: number, count: number): Buffer {
  batch.writeInt32BE(batch.length - PREFIX_SIZE, BATCH_LENGTH_AT);
  batch.writeUInt16BE(codec, ATTRIBUTES_AT);
  batch.writeInt32BE(count, RECORD_COUNT_AT);
  batch.writeInt32BE(count - 1, LAST_OFFSET_DELTA_AT);
  stampCrc(batch);
  return batch;
}

/** A batch whose records are these bytes, packed by the codec, and whose header claims a count. */
export async function claiming(
  count: number,
  records: Buffer,
  codec: CodecName = 'none',
): Promise<Buffer> {
  const header = buildBatchSync([{ key: 'k', value: 'v', timestamp: TIMESTAMP_MS }]);
  const { id, compress } = codecByName(codec);
  const packed = await compress(records);
  return resealed(Buffer.concat([header.subarray(0, HEADER_SIZE), packed]), id, count);
}

/** One record of key `k` with `count` empty headers, which take two bytes each. */
export function manyHeaders(count: number, codec: CodecName = 'zstd'): Promise<Buffer> {
  // Attributes, deltas, key `k`, value `v`.
  const front = Buffer.from([0, 0, 0, 2, 0x6b, 2, 0x76]);
  const bodySize = front.length + varintSize(count) + 2 * count;
  const record = Buffer.alloc(varintSize(bodySize) + bodySize);
  let at = writeVarint(record, 0, bodySize);
  at += front.copy(record, at);
  writeVarint(record, at, count);
  return claiming(1, record, codec);
}
