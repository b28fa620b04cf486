import type { FieldInput } from '../batch/builder.js';
import type { RecordView } from '../batch/records.js';
import { EngineError } from '../errors.js';
import { asEvent, type EventRecord } from './event-record.js';

/** How a log's values are written and read: as bytes, as text, or as JSON. */
export type ValueEncoding = 'buffer' | 'utf8' | 'json';

/**
 * Makes bytes of values, and values of bytes. Null is no value in every encoding: a tombstone, in a
 * compacted log.
 */
export interface ValueCodec {
  /** Throws INVALID_RECORD for a value that cannot be written. */
  encode(value: unknown): FieldInput;
  /** Throws INVALID_VALUE, with the offset, for bytes that are no value. */
  decode(record: RecordView): EventRecord<unknown>;
}

export const VALUE_CODECS: Readonly<Record<ValueEncoding, ValueCodec>> = {
  buffer: { encode: (value) => value as FieldInput, decode: asEvent },
  utf8: {
    encode: (value) => value as FieldInput,
    decode: (record) => withValue(record, (value) => value.toString('utf8')),
  },
  json: { encode: jsonOf, decode: (record) => withValue(record, fromJson) },
};

/** The same object, with its value made anew. */
function withValue(
  record: RecordView,
  made: (value: Buffer, offset: number) => unknown,
): EventRecord<unknown> {
  const event: { -readonly [Field in keyof EventRecord]: EventRecord<unknown>[Field] } =
    asEvent(record);
  if (record.value !== null) event.value = made(record.value, record.offset);
  return event;
}

function jsonOf(value: unknown): string | null {
  if (value === null) return null;
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new EngineError('INVALID_RECORD', 'the value cannot be written as JSON', { cause });
  }
  if (text !== undefined) return text;
  throw new EngineError(
    'INVALID_RECORD',
    `the value cannot be written as JSON: it is ${value === undefined ? 'undefined' : `a ${typeof value}`}`,
  );
}

function fromJson(value: Buffer, offset: number): unknown {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch (cause) {
    throw new EngineError(
      'INVALID_VALUE',
      `the value of the record at offset ${offset} is not JSON: read it without valueEncoding, or go on at ${offset + 1}`,
      { cause, offset },
    );
  }
}
