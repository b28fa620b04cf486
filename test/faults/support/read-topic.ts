import { baseOffset, batchSize, isControl, lastOffset } from '../../../engine/batch/header.js';
import { decodeRecords } from '../../../engine/batch/records.js';
import { scanBatchAt } from '../../../engine/batch/validate.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import type { WireClient } from '../../server/bad-input/wire-client.js';

const UNPACKED_BYTES_MAX = 2 ** 26;

export interface ReadRecord {
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
}

/** A partition as a consumer gets it. */
export interface ReadPartition {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly records: readonly ReadRecord[];
  /** The error that ended the reading; NONE at the end of the partition. */
  readonly errorCode: number;
  /** Bytes that were served and are no whole batches. */
  readonly badBatches: number;
}

/** Reads a partition from its start to its end, and checks the CRC of every batch as clients do. */
export async function readPartition(
  client: WireClient,
  topic: string,
  partition: number,
): Promise<ReadPartition> {
  const startOffset = await offsetOf(client, topic, partition, -2);
  const endOffset = await offsetOf(client, topic, partition, -1);
  const records: ReadRecord[] = [];
  let errorCode = startOffset.errorCode || endOffset.errorCode;
  let badBatches = 0;
  for (let offset = startOffset.offset; errorCode === 0 && offset < endOffset.offset; ) {
    const answer = await client.call('Fetch', 12, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 2 ** 24,
      topics: [
        { topic, partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: 2 ** 22 }] },
      ],
    });
    const found = answer.topics[0]!.partitions[0]!;
    errorCode = found.errorCode;
    const bytes = found.records as Buffer;
    if (errorCode !== ErrorCode.NONE || bytes.length === 0) break;
    for (let at = 0; at < bytes.length; ) {
      const size = batchSize(bytes, at);
      if (scanBatchAt(bytes, at, bytes.length - at) !== size) {
        badBatches += 1;
        break;
      }
      const batch = bytes.subarray(at, at + size);
      if (!isControl(batch) && baseOffset(batch) >= 0) {
        for (const each of await decodeRecords(batch, UNPACKED_BYTES_MAX)) {
          if (each.offset < offset) continue;
          const key = each.key && String(each.key);
          records.push({ offset: each.offset, key, value: each.value && String(each.value) });
        }
      }
      offset = Math.max(offset, lastOffset(batch) + 1);
      at += size;
    }
    if (badBatches > 0) break;
  }
  return {
    startOffset: startOffset.offset,
    endOffset: endOffset.offset,
    records,
    errorCode,
    badBatches,
  };
}

async function offsetOf(client: WireClient, topic: string, partition: number, timestamp: number) {
  const answer = await client.call('ListOffsets', 5, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: topic, partitions: [{ partitionIndex: partition, timestamp }] }],
  });
  return answer.topics[0]!.partitions[0]!;
}
