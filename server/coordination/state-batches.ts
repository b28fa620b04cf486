import { buildBatchSync } from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';
import type { RecordBytes } from './record-codec.js';

/** A record batch, and how many records it holds. */
export interface StateBatch {
  readonly bytes: Buffer;
  readonly count: number;
}

/**
 * Record batches that hold the records in their order, each of `SERVER_LIMITS.stateBatchBytesMax`
 * bytes at most; a larger record has a batch of its own. Built one by one, as they are asked for.
 *
 * @param timestamp wall time that every record carries
 */
export function* stateBatches(
  records: readonly RecordBytes[],
  timestamp: number,
): Iterable<StateBatch> {
  let batch: RecordBytes[] = [];
  let bytes = 0;
  for (const record of records) {
    // 32 bytes stand for the other fields of a record.
    const size = record.key.length + (record.value?.length ?? 0) + 32;
    if (batch.length > 0 && bytes + size > SERVER_LIMITS.stateBatchBytesMax) {
      yield builtOf(batch, timestamp);
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += size;
  }
  if (batch.length > 0) yield builtOf(batch, timestamp);
}

function builtOf(batch: readonly RecordBytes[], timestamp: number): StateBatch {
  const bytes = buildBatchSync(batch.map((record) => ({ ...record, timestamp })));
  return { bytes, count: batch.length };
}
