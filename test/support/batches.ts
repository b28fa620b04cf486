import { type BatchOptions, buildBatchSync } from '../../engine/batch/builder.js';
import { batchSize } from '../../engine/batch/header.js';
import { decodeRecords } from '../../engine/batch/records.js';
import type { PartitionLog } from '../../engine/index.js';

const TIMESTAMP_MS = Date.UTC(2026, 0, 1);
const RECORD_BYTES_MAX = 64 * 1024 * 1024;

/** One batch of these values, as a client sends it. */
export function batchOf(
  values: string | Uint8Array | readonly string[],
  options: BatchOptions & { readonly timestamp?: number } = {},
): Buffer {
  const { timestamp = TIMESTAMP_MS, ...rest } = options;
  const records = [values].flat().map((value) => ({ key: null, value, timestamp }));
  return buildBatchSync(records, rest);
}

/** Every readable record's value by its offset, from the log start to the high watermark. */
export async function readValues(log: PartitionLog): Promise<Map<number, string>> {
  const values = new Map<number, string>();
  for (let offset = log.logStartOffset; offset < log.highWatermark; ) {
    const { slice } = log.read({
      offset,
      maxBytes: 1024 * 1024,
      minOneBatch: true,
      isolation: 'high-watermark',
    });
    if (slice === null) break;
    const bytes = await slice.bytes();
    slice.release();
    for (let at = 0; at < bytes.length; ) {
      const size = batchSize(bytes, at);
      for (const record of await decodeRecords(bytes.subarray(at, at + size), RECORD_BYTES_MAX)) {
        if (record.offset >= offset) values.set(record.offset, String(record.value));
      }
      at += size;
    }
    offset = Math.max(...values.keys()) + 1;
  }
  return values;
}

/** Lets `count` turns of the event loop pass. */
export async function turns(count = 1): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
