import { types } from 'node:util';
import type { FieldInput, HeaderInput, RecordInput } from '../batch/builder.js';
import { HEADER_SIZE } from '../batch/header.js';
import type { RecordHeader, RecordView } from '../batch/records.js';
import { timestampNumber } from '../batch/timestamp.js';
import { varintSize } from '../batch/varint.js';
import { EngineError } from '../errors.js';
import { shown } from '../shown.js';
import { type IsoTime, timeMsOf } from './time.js';

/**
 * One record as it is read. Key, value and header values are views on the bytes of a whole read:
 * copy what is to be kept for long.
 */
export interface EventRecord<Value = Buffer> {
  /** Its place in the log, for good. */
  readonly offset: number;
  /**
   * Milliseconds since the Unix epoch; -1: none. ±Infinity for a timestamp beyond ±(2^53 - 1), as
   * nanoseconds are.
   */
  readonly timestamp: number;
  /** Null: none, which is not the same as empty. */
  readonly key: Buffer | null;
  /**
   * In the log's `valueEncoding`: bytes, unless it has another. Null: a tombstone, in a compacted
   * log.
   */
  readonly value: Value | null;
  /** In the order in which they were written; names may repeat. */
  readonly headers: readonly RecordHeader[];
}

/** One record to be appended. Text is written as UTF-8; null is not the same as empty. */
export interface NewEvent<Input = FieldInput> {
  /** Default null. */
  readonly key?: FieldInput | undefined;
  /** Required; null is a tombstone in a compacted log. */
  readonly value: Input | null;
  /**
   * Pairs, `{ key, value }` objects, a Map, or a plain object. Order and repeated names are kept.
   */
  readonly headers?: Iterable<HeaderInput> | Readonly<Record<string, FieldInput>> | undefined;
  /** Milliseconds, a Date or an ISO time. Default: the clock's time at the call. */
  readonly timestamp?: number | Date | IsoTime | undefined;
}

/** A checked record, and its size in a batch. */
export interface PreparedRecord {
  readonly record: RecordInput & { readonly timestamp: number };
  /** Most bytes that the record takes, wherever in a batch it stands. */
  readonly sizeMax: number;
  /** Bytes of an uncompressed batch that holds only this record. */
  readonly sizeAlone: number;
}

/**
 * Length, timestamp delta and offset delta can take this much more in a full batch than in a lone
 * record (5, 10 and 5 bytes at most).
 */
const VARINT_GROWTH_MAX = 9 + 4;
const LENGTH_SIZE_MAX = 5;

/**
 * Checks a record of a program and fills in the defaults. Throws INVALID_RECORD, saying which field
 * and why.
 */
export function prepareRecord(
  event: NewEvent<unknown>,
  nowMs: number,
  values: { encode(value: unknown): FieldInput },
): PreparedRecord {
  if (typeof event !== 'object' || event === null) {
    throw invalid(`a record is an object with key and value, not ${kindOf(event)}`);
  }
  const key = event.key ?? null;
  const value = values.encode(event.value);
  const headers = headerPairs(event.headers);
  let body = 1 + 1 + 1 + fieldSize('key', key) + fieldSize('value', value);
  body += varintSize(headers.length);
  for (const [name, content] of headers) {
    if (typeof name !== 'string') throw invalid(`a header's key is a string, not ${kindOf(name)}`);
    body += fieldSize('header key', name) + fieldSize(`header ${name}`, content);
  }
  return {
    record: { key, value, headers, timestamp: timestampOf(event.timestamp, nowMs) },
    sizeMax: body + LENGTH_SIZE_MAX + VARINT_GROWTH_MAX,
    sizeAlone: HEADER_SIZE + varintSize(body) + body,
  };
}

function headerPairs(headers: NewEvent['headers']): (readonly [string, FieldInput])[] {
  if (headers === undefined || headers === null) return [];
  if (typeof headers !== 'object') {
    throw invalid(`headers are pairs or an object, not ${kindOf(headers)}`);
  }
  if (!(Symbol.iterator in headers)) return Object.entries(headers);
  const pairs: (readonly [string, FieldInput])[] = [];
  for (const header of headers as Iterable<HeaderInput>) {
    if (typeof header !== 'object' || header === null) {
      throw invalid(`a header is a pair, not ${kindOf(header)}`);
    }
    pairs.push('key' in header ? [header.key, header.value] : [header[0], header[1]]);
  }
  return pairs;
}

function fieldSize(what: string, field: unknown): number {
  if (field === null) return 1;
  let size: number;
  if (typeof field === 'string') size = Buffer.byteLength(field);
  else if (types.isUint8Array(field)) size = field.length;
  else throw invalid(`the ${what} is a Uint8Array, a string or null, not ${kindOf(field)}`);
  return varintSize(size) + size;
}

function timestampOf(timestamp: NewEvent['timestamp'], nowMs: number): number {
  const ms = typeof timestamp === 'number' ? timestamp : timeMsOf(timestamp ?? new Date(nowMs));
  if (ms !== null && Number.isSafeInteger(ms)) return ms;
  throw invalid(
    `a timestamp is a Date, an ISO time or whole milliseconds from 1970 on, not ${shown(timestamp)}`,
  );
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? (value.constructor?.name ?? 'object') : typeof value;
}

function invalid(message: string): EngineError {
  return new EngineError('INVALID_RECORD', message);
}

/** A decoded record, as programs see it: the same object. */
export function asEvent(record: RecordView): EventRecord {
  if (typeof record.timestamp === 'bigint') record.timestamp = timestampNumber(record.timestamp);
  return record as EventRecord;
}
