/** Builds record batches from records: embedded appends, compaction, tests. */

import { EngineError } from '../errors.js';
import { type CodecName, codecByName } from './compression.js';
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BASE_SEQUENCE_AT,
  BASE_TIMESTAMP_AT,
  BATCH_LENGTH_AT,
  CONTROL_BIT,
  HEADER_SIZE,
  LAST_OFFSET_DELTA_AT,
  LEADER_EPOCH_AT,
  MAGIC_AT,
  MAGIC_V2,
  MAX_TIMESTAMP_AT,
  PREFIX_SIZE,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORD_COUNT_AT,
  TIMESTAMP_TYPE_BIT,
  type TimestampType,
  TRANSACTIONAL_BIT,
} from './header.js';
import { writeInt64 } from './int64.js';
import { stampCrc } from './stamp.js';
import {
  isTimestamp,
  laterTimestamp,
  type Timestamp,
  timestampDelta,
  writeTimestamp,
} from './timestamp.js';
import { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.js';

/** Bytes, text (written as UTF-8), or null, which is not the same as empty. */
export type FieldInput = Uint8Array | string | null;

/** One header, as a pair or as an object. Its name is text, its value bytes, text or null. */
export type HeaderInput =
  | readonly [key: string, value: FieldInput]
  | { readonly key: string; readonly value: FieldInput };

/** One record for `buildBatch`. */
export type RecordInput = {
  readonly key: FieldInput;
  readonly value: FieldInput;
  readonly headers?: Iterable<HeaderInput>;
  /** Milliseconds, -1 for none. */
  readonly timestamp: Timestamp;
  /** Defaults to one more than the record before; must ascend. */
  readonly offsetDelta?: number;
};

export type BatchOptions = {
  /** Defaults to 0, as producers send it. */
  readonly baseOffset?: number;
  /** Defaults to -1, unknown, as producers send it. */
  readonly leaderEpoch?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  /** With `append` every record reads as having the largest of the timestamps given. */
  readonly timestampType?: TimestampType;
  readonly isTransactional?: boolean;
  readonly isControl?: boolean;
};

/** A record whose sizes are known; `bodySize` excludes the length in front. */
type SizedRecord = {
  key: FieldInput;
  value: FieldInput;
  headers: (readonly [key: string, value: FieldInput])[];
  timestampDelta: Timestamp;
  offsetDelta: number;
  bodySize: number;
};

type SizedBatch = {
  records: SizedRecord[];
  size: number;
  baseTimestamp: Timestamp;
  maxTimestamp: Timestamp;
};

const INT32_MAX = 2 ** 31 - 1;

/**
 * Builds a batch and compresses its records. The records must not change until the promise
 * resolves with a buffer that the caller then owns.
 *
 * @throws EngineError `INVALID_RECORD` for no records, a timestamp that is no safe integer from -1
 *   on, or offset deltas that do not ascend within int32; `BATCH_TOO_LARGE` over 2 GB;
 *   `CODEC_UNAVAILABLE`
 */
export async function buildBatch(
  records: Iterable<RecordInput>,
  options: BatchOptions & { readonly codec?: CodecName } = {},
): Promise<Buffer> {
  const codec = codecByName(options.codec ?? 'none');
  if (codec.id === 0) return buildBatchSync(records, options);
  const sized = sizeBatch(records);
  const plain = Buffer.allocUnsafe(sized.size);
  writeRecords(plain, 0, sized.records);
  const packed = await codec.compress(plain);
  const batch = allocateBatch(packed.length);
  packed.copy(batch, HEADER_SIZE);
  return finishBatch(batch, sized, codec.id, options);
}

/** {@link buildBatch} without compression and without a promise. */
export function buildBatchSync(records: Iterable<RecordInput>, options: BatchOptions = {}): Buffer {
  const sized = sizeBatch(records);
  const batch = allocateBatch(sized.size);
  writeRecords(batch, HEADER_SIZE, sized.records);
  return finishBatch(batch, sized, 0, options);
}

function allocateBatch(recordsSize: number): Buffer {
  requireInt32(recordsSize);
  return Buffer.allocUnsafe(HEADER_SIZE + recordsSize);
}

/** The length field of a batch is an int32, and so are the sizes inside it. */
function requireInt32(recordsSize: number): void {
  if (recordsSize > INT32_MAX - HEADER_SIZE) {
    throw new EngineError('BATCH_TOO_LARGE', `a batch of ${recordsSize} bytes is over 2 GB`);
  }
}

function finishBatch(
  batch: Buffer,
  { records, baseTimestamp, maxTimestamp }: SizedBatch,
  codecId: number,
  options: BatchOptions,
): Buffer {
  let bits = codecId;
  if (options.timestampType === 'append') bits |= TIMESTAMP_TYPE_BIT;
  if (options.isTransactional === true) bits |= TRANSACTIONAL_BIT;
  if (options.isControl === true) bits |= CONTROL_BIT;

  writeInt64(batch, BASE_OFFSET_AT, options.baseOffset ?? 0);
  batch.writeInt32BE(batch.length - PREFIX_SIZE, BATCH_LENGTH_AT);
  batch.writeInt32BE(options.leaderEpoch ?? -1, LEADER_EPOCH_AT);
  batch.writeInt8(MAGIC_V2, MAGIC_AT);
  batch.writeUInt16BE(bits, ATTRIBUTES_AT);
  batch.writeInt32BE(records.at(-1)!.offsetDelta, LAST_OFFSET_DELTA_AT);
  writeTimestamp(batch, BASE_TIMESTAMP_AT, baseTimestamp);
  writeTimestamp(batch, MAX_TIMESTAMP_AT, maxTimestamp);
  writeInt64(batch, PRODUCER_ID_AT, options.producerId ?? -1);
  batch.writeInt16BE(options.producerEpoch ?? -1, PRODUCER_EPOCH_AT);
  batch.writeInt32BE(options.baseSequence ?? -1, BASE_SEQUENCE_AT);
  batch.writeInt32BE(records.length, RECORD_COUNT_AT);
  stampCrc(batch);
  return batch;
}

/** First pass: what each record takes, so that the second writes into memory of the right size. */
function sizeBatch(inputs: Iterable<RecordInput>): SizedBatch {
  const records: SizedRecord[] = [];
  let size = 0;
  let baseTimestamp: Timestamp = -1;
  let maxTimestamp: Timestamp = -1;
  let previousDelta = -1;
  for (const input of inputs) {
    const { timestamp } = input;
    if (!isTimestamp(timestamp)) {
      throw new EngineError('INVALID_RECORD', `${timestamp} is not a timestamp`);
    }
    const offsetDelta = input.offsetDelta ?? previousDelta + 1;
    if (!Number.isInteger(offsetDelta) || offsetDelta <= previousDelta || offsetDelta > INT32_MAX) {
      throw new EngineError('INVALID_RECORD', `offset delta ${offsetDelta} is not above the last`);
    }
    previousDelta = offsetDelta;
    if (records.length === 0) baseTimestamp = timestamp;
    maxTimestamp = laterTimestamp(maxTimestamp, timestamp);
    const record = sizeRecord(input, timestampDelta(timestamp, baseTimestamp), offsetDelta);
    size += varintSize(record.bodySize) + record.bodySize;
    records.push(record);
  }
  if (records.length === 0) throw new EngineError('INVALID_RECORD', 'a batch needs a record');
  requireInt32(size);
  return { records, size, baseTimestamp, maxTimestamp };
}

function sizeRecord(
  { key, value, headers: headerInputs = [] }: RecordInput,
  delta: Timestamp,
  offsetDelta: number,
): SizedRecord {
  const headers: SizedRecord['headers'] = [];
  let bodySize =
    1 + varlongSize(delta) + varintSize(offsetDelta) + fieldSize(key) + fieldSize(value);
  for (const input of headerInputs) {
    const header = 'key' in input ? ([input.key, input.value] as const) : input;
    bodySize += fieldSize(header[0]) + fieldSize(header[1]);
    headers.push(header);
  }
  bodySize += varintSize(headers.length);
  return { key, value, headers, timestampDelta: delta, offsetDelta, bodySize };
}

function byteSize(field: Uint8Array | string): number {
  return typeof field === 'string' ? Buffer.byteLength(field) : field.length;
}

function fieldSize(field: FieldInput): number {
  if (field === null) return 1;
  const size = byteSize(field);
  return varintSize(size) + size;
}

function writeRecords(buffer: Buffer, at: number, records: SizedRecord[]): void {
  let position = at;
  for (const record of records) {
    position = writeVarint(buffer, position, record.bodySize);
    buffer[position++] = 0;
    position = writeVarlong(buffer, position, record.timestampDelta);
    position = writeVarint(buffer, position, record.offsetDelta);
    position = writeField(buffer, position, record.key);
    position = writeField(buffer, position, record.value);
    position = writeVarint(buffer, position, record.headers.length);
    for (const [key, value] of record.headers) {
      position = writeField(buffer, position, key);
      position = writeField(buffer, position, value);
    }
  }
}

function writeField(buffer: Buffer, at: number, field: FieldInput): number {
  if (field === null) return writeVarint(buffer, at, -1);
  const size = byteSize(field);
  const start = writeVarint(buffer, at, size);
  if (typeof field === 'string') buffer.write(field, start);
  else buffer.set(field, start);
  return start + size;
}
