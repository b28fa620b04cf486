import { type BatchOptions, buildBatch } from '../../engine/batch/builder.js';
import type { CodecName } from '../../engine/batch/compression.js';
import { baseOffset, batchSize, isControl, lastOffset } from '../../engine/batch/header.js';
import { decodeRecords } from '../../engine/batch/records.js';
import { scanBatchAt } from '../../engine/batch/validate.js';
import type { PartitionLog } from '../../engine/index.js';

const UNPACKED_BYTES_MAX = 64 * 1024 * 1024;
const TIMESTAMP_MS = Date.UTC(2026, 0, 1);

/** A key with its value; null deletes the key. */
export type KeyedInput = readonly [key: string | null, value: string | null];

/** One batch of these records, as a client sends it. */
export function keyedBatch(
  records: readonly KeyedInput[],
  options: BatchOptions & { readonly timestamp?: number; readonly codec?: CodecName } = {},
): Promise<Buffer> {
  const { timestamp = TIMESTAMP_MS, ...rest } = options;
  return buildBatch(
    records.map(([key, value]) => ({ key, value, timestamp })),
    rest,
  );
}

export interface KeyedRecord {
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp: number;
}

/**
 * Every batch that can be read, whole and with its CRC checked, from the log start to the high
 * watermark.
 */
export async function readBatchesOf(log: PartitionLog): Promise<Buffer[]> {
  const batches: Buffer[] = [];
  for (let offset = log.logStartOffset; offset < log.highWatermark; ) {
    const request = { offset, maxBytes: 2 ** 20, minOneBatch: true, includeEmpty: true } as const;
    const { slice } = log.read({ ...request, isolation: 'high-watermark' });
    // A compacted log that was cut off may end in a gap.
    if (slice === null) break;
    const bytes = await slice.bytes();
    slice.release();
    for (let at = 0; at < bytes.length; ) {
      const size = batchSize(bytes, at);
      if (scanBatchAt(bytes, at, bytes.length - at) !== size) throw new Error('a bad batch');
      const batch = bytes.subarray(at, at + size);
      if (batches.length > 0 && baseOffset(batch) <= lastOffset(batches.at(-1)!)) {
        throw new Error(`offset ${baseOffset(batch)} comes after ${lastOffset(batches.at(-1)!)}`);
      }
      batches.push(batch);
      offset = lastOffset(batch) + 1;
      at += size;
    }
  }
  return batches;
}

/** Every record that can be read, those of control batches apart. */
export async function readRecordsOf(log: PartitionLog): Promise<KeyedRecord[]> {
  const records: KeyedRecord[] = [];
  for (const batch of await readBatchesOf(log)) {
    if (isControl(batch)) continue;
    for (const record of await decodeRecords(batch, UNPACKED_BYTES_MAX)) {
      if (record.offset < log.logStartOffset) continue;
      const { offset } = record;
      const timestamp = Number(record.timestamp);
      const key = record.key && String(record.key);
      records.push({ offset, key, value: record.value && String(record.value), timestamp });
    }
  }
  return records;
}
