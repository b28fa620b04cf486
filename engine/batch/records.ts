/**
 * The records inside a batch. Once unpacked, each is
 *
 * ```text
 *   length varint              bytes that follow
 *   attributes int8            unused
 *   timestampDelta varlong     to the batch's base timestamp, ms
 *   offsetDelta varint         to the batch's base offset
 *   keyLength varint, key      -1: null
 *   valueLength varint, value  -1: null
 *   headerCount varint, then { keyLength varint, key, valueLength varint, value }
 * ```
 */

import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { TurnSlices } from '../turn-slices.js';
import { codecById } from './compression.js';
import {
  baseOffset,
  baseTimestamp,
  batchSize,
  codecId,
  HEADER_SIZE,
  lastOffsetDelta,
  maxTimestamp,
  recordCount,
  timestampType,
} from './header.js';
import { RecordCursor, walkInSlices } from './record-cursor.js';
import { type Cursor, readVarint, readVarlong } from './varint.js';

export type RecordHeader = { key: string; value: Buffer | null };

/** One record; keys and values are views on the unpacked bytes and live as long as those. */
export type RecordView = {
  offset: number;
  /** Milliseconds; -1: none. In a batch of append time, that time. */
  timestamp: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: RecordHeader[];
};

/**
 * What is wrong inside a batch whose header is good.
 *
 * - `malformed-records`: not to be decompressed, or lengths, counts or offsets contradict
 * - `non-consecutive-offsets`: the offset deltas are not 0, 1, 2, ...
 * - `null-key`: a record without a key, for a compacted topic
 * - `too-many-headers`: a record with more than `LIMITS.headersPerRecordMax`
 * - `unpacks-too-large`: more than `maxDecompressedBytes` unpacked
 */
export type RecordsProblem =
  | 'malformed-records'
  | 'non-consecutive-offsets'
  | 'null-key'
  | 'too-many-headers'
  | 'unpacks-too-large';

/**
 * Unpacks the records of one whole batch, whose header and CRC were checked before. The batch must
 * not change until the promise settles; the result may be a view on it.
 *
 * @param maxBytes largest unpacked size, inclusive
 * @param slices for what is not done on another thread; without them it is done at once
 * @throws EngineError `CORRUPT_BATCH`, `BATCH_TOO_LARGE`, `UNKNOWN_CODEC`, `CODEC_UNAVAILABLE`
 */
export async function decompressRecords(
  batch: Buffer,
  maxBytes: number,
  slices: TurnSlices | null = null,
): Promise<Buffer> {
  const codec = codecById(codecId(batch));
  if (codec === undefined) {
    throw new EngineError('UNKNOWN_CODEC', `there is no compression codec ${codecId(batch)}`);
  }
  return codec.decompress(batch.subarray(HEADER_SIZE, batchSize(batch)), maxBytes, slices);
}

/**
 * Decodes a whole batch; for one record at a time see {@link walkRecords}. Errors are those of
 * {@link decompressRecords}.
 */
export async function decodeRecords(batch: Buffer, maxBytes: number): Promise<RecordView[]> {
  return readRecords(await decompressRecords(batch, maxBytes), batch);
}

/**
 * Yields the records in `payload`, the unpacked records of a batch, in ascending order of offset.
 * Lengths are checked against the bytes, offsets against the header; the count must match and no
 * byte be left over.
 *
 * @param header a batch header; more bytes may follow it
 * @throws EngineError `CORRUPT_BATCH` at the first contradiction; earlier records were yielded
 */
export function* walkRecords(payload: Buffer, header: Buffer): Generator<RecordView, void> {
  const walk = beginWalk(payload, header);
  for (let left = recordCount(header); left > 0; left--) yield nextRecord(walk);
  endWalk(walk);
}

/** All that {@link walkRecords} yields, in a fifth less time for small records. */
export function readRecords(payload: Buffer, header: Buffer): RecordView[] {
  const walk = beginWalk(payload, header);
  const records: RecordView[] = [];
  for (let left = recordCount(header); left > 0; left--) records.push(nextRecord(walk));
  endWalk(walk);
  return records;
}

/** A place among the records of a batch. */
interface Walk extends Cursor {
  readonly firstOffset: number;
  readonly lastDelta: number;
  readonly firstTimestamp: number;
  /** Of all records, in a batch of append time. */
  readonly appendTimestamp: number | undefined;
  /** Offset delta of the record before; -1 at the first. */
  previousDelta: number;
}

function beginWalk(payload: Buffer, header: Buffer): Walk {
  return {
    bytes: payload,
    position: 0,
    end: payload.length,
    firstOffset: baseOffset(header),
    lastDelta: lastOffsetDelta(header),
    firstTimestamp: baseTimestamp(header),
    appendTimestamp: timestampType(header) === 'append' ? maxTimestamp(header) : undefined,
    previousDelta: -1,
  };
}

function nextRecord(walk: Walk): RecordView {
  const length = readVarint(walk);
  const end = walk.position + length;
  if (length < 0 || end > walk.bytes.length) throw malformed('a record is longer than its batch');
  walk.end = end;
  // The attributes of a record have no meaning yet; readers skip them.
  walk.position++;
  const timestampDelta = readVarlong(walk);
  const offsetDelta = readVarint(walk);
  if (offsetDelta <= walk.previousDelta || offsetDelta > walk.lastDelta) {
    throw malformed('a record has an offset outside its batch or out of order');
  }
  walk.previousDelta = offsetDelta;
  const timestamp = walk.appendTimestamp ?? walk.firstTimestamp + timestampDelta;
  if (!Number.isSafeInteger(timestamp)) throw malformed('a timestamp is beyond 2^53');
  const key = readBytes(walk);
  const value = readBytes(walk);
  const headers = readHeaders(walk);
  if (walk.position !== end) throw malformed('a record has bytes left over');
  walk.end = walk.bytes.length;
  return { offset: walk.firstOffset + offsetDelta, timestamp, key, value, headers };
}

/**
 * What the records of a batch have for a timestamp, by its delta.
 *
 * @throws EngineError `CORRUPT_BATCH` beyond 2^53
 */
export function timestampsOf(header: Buffer): (delta: number) => number {
  const appendedMs = timestampType(header) === 'append' ? maxTimestamp(header) : null;
  const firstMs = baseTimestamp(header);
  return (delta) => {
    const timestampMs = appendedMs ?? firstMs + delta;
    if (!Number.isSafeInteger(timestampMs)) throw malformed('a timestamp is beyond 2^53');
    return timestampMs;
  };
}

function endWalk({ position, bytes }: Walk): void {
  if (position !== bytes.length) throw malformed('bytes follow the last record');
}

/** A negative length is null, as Kafka reads it. */
function readBytes(cursor: Cursor): Buffer | null {
  const length = readVarint(cursor);
  if (length < 0) return null;
  const start = cursor.position;
  const end = start + length;
  if (end > cursor.end) throw malformed('a key or value is longer than its record');
  cursor.position = end;
  return cursor.bytes.subarray(start, end);
}

function readHeaders(cursor: Cursor): RecordHeader[] {
  const count = readVarint(cursor);
  if (count === 0) return [];
  // A header takes at least two bytes, so a false count ends at the record's last byte.
  if (count < 0 || count > (cursor.end - cursor.position) / 2) {
    throw malformed('a record has more headers than bytes');
  }
  if (count > LIMITS.headersPerRecordMax) {
    throw new EngineError(
      'BATCH_TOO_LARGE',
      `a record has ${count} headers, ${LIMITS.headersPerRecordMax} are read`,
    );
  }
  const headers: RecordHeader[] = [];
  for (let i = 0; i < count; i++) {
    const key = readBytes(cursor);
    if (key === null) throw malformed('a header has no key');
    headers.push({ key: key.toString(), value: readBytes(cursor) });
  }
  return headers;
}

/**
 * Checks everything inside a batch that a client wants to append: for `odradek.validate=records`,
 * for compacted topics, where each record needs a key, and for counts that nobody vouches for. Its
 * header must have passed `validateBatch`. Unpacks at most `maxDecompressedBytes` (inclusive), walks
 * the records in slices and makes no object of any.
 *
 * @returns the first problem or null
 * @throws EngineError `CODEC_UNAVAILABLE`
 */
export async function validateRecords(
  batch: Buffer,
  options: { compacted: boolean; maxDecompressedBytes: number; slices: TurnSlices },
): Promise<RecordsProblem | null> {
  try {
    const payload = await decompressRecords(batch, options.maxDecompressedBytes, options.slices);
    const cursor = new RecordCursor(payload, batch);
    const timestampMs = timestampsOf(batch);
    let nextDelta = 0;
    let problem: RecordsProblem | null = null;
    await walkInSlices(cursor, options.slices, () => {
      timestampMs(cursor.timestampDelta);
      if (cursor.offsetDelta !== nextDelta++) problem = 'non-consecutive-offsets';
      else if (options.compacted && !cursor.hasKey) problem = 'null-key';
      else if (cursor.passHeaders(LIMITS.headersPerRecordMax) > LIMITS.headersPerRecordMax) {
        problem = 'too-many-headers';
      }
      return problem !== null;
    });
    return problem;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.code === 'CORRUPT_BATCH' || error.code === 'UNKNOWN_CODEC') {
      return 'malformed-records';
    }
    if (error.code === 'BATCH_TOO_LARGE') return 'unpacks-too-large';
    throw error;
  }
}

function malformed(what: string): EngineError {
  return new EngineError('CORRUPT_BATCH', `the records of a batch are malformed: ${what}`);
}
