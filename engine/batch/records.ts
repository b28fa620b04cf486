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

import { type BadRecord, EngineError } from '../errors.js';
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
import { addToTimestamp, type Timestamp } from './timestamp.js';
import { type Cursor, readVarint, readVarlong } from './varint.js';

export type RecordHeader = { key: string; value: Buffer | null };

/** One record; keys and values are views on the unpacked bytes and live as long as those. */
export type RecordView = {
  offset: number;
  /** Milliseconds; -1: none. In a batch of append time, that time. */
  timestamp: Timestamp;
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
 * - `bad-timestamp`: a record has one that the caller does not take
 * - `too-many-headers`: a record with more than `LIMITS.headersPerRecordMax`
 * - `unpacks-too-large`: more than `maxDecompressedBytes` unpacked
 */
export type RecordsProblem =
  | 'malformed-records'
  | 'non-consecutive-offsets'
  | 'null-key'
  | 'bad-timestamp'
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
  readonly firstTimestamp: Timestamp;
  /** Of all records, in a batch of append time. */
  readonly appendTimestamp: Timestamp | undefined;
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
  const timestamp = walk.appendTimestamp ?? addToTimestamp(walk.firstTimestamp, timestampDelta);
  const key = readBytes(walk);
  const value = readBytes(walk);
  const headers = readHeaders(walk);
  if (walk.position !== end) throw malformed('a record has bytes left over');
  walk.end = walk.bytes.length;
  return { offset: walk.firstOffset + offsetDelta, timestamp, key, value, headers };
}

/** A function from the timestamp delta of a record in this batch to its timestamp. */
export function timestampsOf(header: Buffer): (delta: Timestamp) => Timestamp {
  const appended = timestampType(header) === 'append' ? maxTimestamp(header) : null;
  const first = baseTimestamp(header);
  return (delta) => appended ?? addToTimestamp(first, delta);
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

/** What `validateRecords` is asked to look for. */
export interface RecordChecks {
  /** Whether each record needs a key. */
  readonly compacted: boolean;
  /** Largest unpacked size, inclusive. */
  readonly maxDecompressedBytes: number;
  readonly slices: TurnSlices;
  /** Why a timestamp is not taken, or null; every one is by default. */
  readonly timestampProblem?: (timestamp: Timestamp) => string | null;
  /**
   * Gets the bad records, up to `LIMITS.badRecordsNamed`; without it the first bad record ends the
   * walk.
   */
  readonly named?: BadRecord[];
}

/**
 * Checks everything inside a batch that a client wants to append: for `odradek.validate=records`,
 * for compacted topics, where each record needs a key, and for batches that claim more records than
 * is taken on trust. The header must have passed `validateBatch`. Walks the records in slices and
 * makes no object for a record.
 *
 * @returns the first problem or null; a bad timestamp before a missing key, as in Kafka
 * @throws EngineError `CODEC_UNAVAILABLE`
 */
export async function validateRecords(
  batch: Buffer,
  checks: RecordChecks,
): Promise<RecordsProblem | null> {
  const unpacked = await unpackChecked(batch, checks);
  return typeof unpacked === 'string' ? unpacked : null;
}

/** As `validateRecords`, and hands over the unpacked records of a good batch. */
export async function unpackChecked(
  batch: Buffer,
  checks: RecordChecks,
): Promise<RecordsProblem | Buffer> {
  try {
    const payload = await decompressRecords(batch, checks.maxDecompressedBytes, checks.slices);
    const cursor = new RecordCursor(payload, batch);
    return (await checkEach(cursor, timestampsOf(batch), checks)) ?? payload;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.code === 'CORRUPT_BATCH' || error.code === 'UNKNOWN_CODEC') {
      return 'malformed-records';
    }
    if (error.code === 'BATCH_TOO_LARGE') return 'unpacks-too-large';
    throw error;
  }
}

async function checkEach(
  cursor: RecordCursor,
  timestampAfter: (delta: Timestamp) => Timestamp,
  { compacted, slices, timestampProblem, named }: RecordChecks,
): Promise<RecordsProblem | null> {
  let index = 0;
  let problem: RecordsProblem | null = null;
  /** Whether the walk is to end here. */
  const blame = (found: RecordsProblem, message: string): boolean => {
    if (problem !== 'bad-timestamp') problem = found;
    named?.push({ index, message });
    return named === undefined || named.length >= LIMITS.badRecordsNamed;
  };
  const look = (): boolean => {
    if (cursor.offsetDelta !== index) {
      problem = 'non-consecutive-offsets';
      return true;
    }
    if (cursor.passHeaders(LIMITS.headersPerRecordMax) > LIMITS.headersPerRecordMax) {
      problem = 'too-many-headers';
      return true;
    }
    if (compacted && !cursor.hasKey) return blame('null-key', 'it has no key');
    const message = timestampProblem?.(timestampAfter(cursor.timestampDelta)) ?? null;
    return message !== null && blame('bad-timestamp', message);
  };
  await walkInSlices(cursor, slices, () => {
    const ends = look();
    index++;
    return ends;
  });
  return problem;
}

function malformed(what: string): EngineError {
  return new EngineError('CORRUPT_BATCH', `the records of a batch are malformed: ${what}`);
}
