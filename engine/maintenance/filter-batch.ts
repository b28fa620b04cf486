import { codecById } from '../batch/compression.js';
import {
  ATTRIBUTES_AT,
  attributes,
  BASE_TIMESTAMP_AT,
  BATCH_LENGTH_AT,
  baseOffset,
  baseTimestamp,
  CODEC_MASK,
  codecId,
  DELETE_HORIZON_BIT,
  HEADER_SIZE,
  hasDeleteHorizon,
  MAX_TIMESTAMP_AT,
  maxTimestamp,
  PREFIX_SIZE,
  RECORD_COUNT_AT,
  recordCount,
  timestampType,
} from '../batch/header.js';
import { writeInt64 } from '../batch/int64.js';
import { RecordCursor } from '../batch/record-cursor.js';
import { decompressRecords } from '../batch/records.js';
import { stampCrc } from '../batch/stamp.js';
import {
  addToTimestamp,
  laterTimestamp,
  type Timestamp,
  timestampDelta,
  writeTimestamp,
} from '../batch/timestamp.js';
import { varlongSize, writeVarint, writeVarlong } from '../batch/varint.js';

/** The rules that decide about the records of a batch. */
export interface BatchFilter {
  /** Whether a record stays. `key` is a view, only valid during the call. */
  retains(key: Buffer | null, offset: number, isTombstone: boolean): boolean;
  /**
   * Whether a batch of which no record stays is kept as a bare header, for its last offset or its
   * producer's last sequence.
   */
  readonly retainsEmpty: boolean;
  /**
   * The time from which on the batch's tombstones may be removed, written into the batch if a
   * tombstone stays and the batch has no such time yet (KIP-534). Null: the batch is not marked.
   */
  readonly deleteHorizonMs: number | null;
  /** Bytes that the batch may unpack to, inclusive. */
  readonly unpackedBytesMax: number;
}

/**
 * The result for a batch: the same batch where nothing changed, a smaller one, or nothing (null).
 */
export interface FilteredBatch {
  readonly batch: Buffer | null;
  readonly recordsBefore: number;
  readonly recordsAfter: number;
}

/**
 * Removes records from a whole batch that is no control batch. A record that stays keeps its bytes,
 * its offset and its timestamp; the batch keeps base offset, last offset, leader epoch, producer,
 * sequence and codec.
 *
 * @throws EngineError `CORRUPT_BATCH`, `BATCH_TOO_LARGE` (it unpacks to more), `UNKNOWN_CODEC`,
 *   `CODEC_UNAVAILABLE`
 */
export async function filterBatch(batch: Buffer, filter: BatchFilter): Promise<FilteredBatch> {
  const recordsBefore = recordCount(batch);
  if (recordsBefore === 0) {
    return { batch: filter.retainsEmpty ? batch : null, recordsBefore, recordsAfter: 0 };
  }
  const payload = await decompressRecords(batch, filter.unpackedBytesMax);
  const firstOffset = baseOffset(batch);
  const kept: number[] = [];
  let hasTombstone = false;
  const cursor = new RecordCursor(payload, batch);
  for (let at = 0; cursor.next(); at++) {
    if (!filter.retains(cursor.key, firstOffset + cursor.offsetDelta, cursor.isTombstone)) continue;
    kept.push(at);
    if (cursor.isTombstone) hasTombstone = true;
  }
  const recordsAfter = kept.length;
  const horizonMs = hasTombstone && !hasDeleteHorizon(batch) ? filter.deleteHorizonMs : null;
  if (recordsAfter === recordsBefore && horizonMs === null) {
    return { batch, recordsBefore, recordsAfter };
  }
  if (recordsAfter === 0) {
    return { batch: filter.retainsEmpty ? emptied(batch) : null, recordsBefore, recordsAfter };
  }
  return { batch: await rebuilt(batch, payload, kept, horizonMs), recordsBefore, recordsAfter };
}

/** The header alone, without records, and so without timestamps. */
export function emptied(batch: Buffer): Buffer {
  const header = Buffer.from(batch.subarray(0, HEADER_SIZE));
  header.writeInt32BE(HEADER_SIZE - PREFIX_SIZE, BATCH_LENGTH_AT);
  header.writeUInt16BE(attributes(batch) & ~CODEC_MASK & ~DELETE_HORIZON_BIT, ATTRIBUTES_AT);
  writeInt64(header, BASE_TIMESTAMP_AT, -1);
  writeInt64(header, MAX_TIMESTAMP_AT, -1);
  header.writeInt32BE(0, RECORD_COUNT_AT);
  stampCrc(header);
  return header;
}

/**
 * The batch with these of its records (numbered from 0, ascending), and a delete horizon where one
 * is to be set.
 */
async function rebuilt(
  batch: Buffer,
  payload: Buffer,
  kept: readonly number[],
  horizonMs: number | null,
): Promise<Buffer> {
  const firstMs = baseTimestamp(batch);
  const { records, largestMs } = keptRecords(batch, payload, kept, horizonMs);
  const packed = await codecById(codecId(batch))!.compress(records);
  const result = Buffer.allocUnsafe(HEADER_SIZE + packed.length);
  batch.copy(result, 0, 0, HEADER_SIZE);
  packed.copy(result, HEADER_SIZE);
  result.writeInt32BE(result.length - PREFIX_SIZE, BATCH_LENGTH_AT);
  if (horizonMs !== null) {
    result.writeUInt16BE(attributes(batch) | DELETE_HORIZON_BIT, ATTRIBUTES_AT);
  }
  writeTimestamp(result, BASE_TIMESTAMP_AT, horizonMs ?? firstMs);
  writeTimestamp(
    result,
    MAX_TIMESTAMP_AT,
    timestampType(batch) === 'append' ? maxTimestamp(batch) : largestMs,
  );
  result.writeInt32BE(kept.length, RECORD_COUNT_AT);
  stampCrc(result);
  return result;
}

/**
 * The bytes of the kept records, one behind the other; where the base timestamp changes, their
 * timestamps are written again.
 */
function keptRecords(
  batch: Buffer,
  payload: Buffer,
  kept: readonly number[],
  horizonMs: number | null,
): { records: Buffer; largestMs: Timestamp } {
  const firstMs = baseTimestamp(batch);
  // A timestamp relative to another base takes at most ten bytes where it took one, and so may the
  // length in front of it.
  const room = horizonMs === null ? payload.length : payload.length + kept.length * 14;
  const records = Buffer.allocUnsafe(room);
  const cursor = new RecordCursor(payload, batch);
  let size = 0;
  let largestMs: Timestamp = -1;
  let next = 0;
  for (let at = 0; next < kept.length && cursor.next(); at++) {
    if (at !== kept[next]) continue;
    next++;
    const timestampMs = addToTimestamp(firstMs, cursor.timestampDelta);
    largestMs = laterTimestamp(largestMs, timestampMs);
    size =
      horizonMs === null
        ? size + payload.copy(records, size, cursor.start, cursor.end)
        : writeMoved(records, size, payload, cursor, timestampDelta(timestampMs, horizonMs));
  }
  return { records: records.subarray(0, size), largestMs };
}

function writeMoved(
  into: Buffer,
  at: number,
  payload: Buffer,
  { behindTimestamp, end }: RecordCursor,
  delta: Timestamp,
): number {
  const bodySize = 1 + varlongSize(delta) + end - behindTimestamp;
  let position = writeVarint(into, at, bodySize);
  into[position++] = 0;
  position = writeVarlong(into, position, delta);
  return position + payload.copy(into, position, behindTimestamp, end);
}
