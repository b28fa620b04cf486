import { isUtf8 } from 'node:buffer';
import type { RecordView } from '../batch/records.js';
import { EngineError } from '../errors.js';
import { shown } from '../shown.js';
import type { EventReader } from './event-reader.js';
import type { EventRecord } from './event-record.js';
import type { OnUnreadable } from './table-options.js';
import { VALUE_CODECS, type ValueEncoding } from './value-encoding.js';

/** One record as a table takes it. Null instead of it: it changes nothing. */
export interface TableRecord {
  readonly key: string;
  /** Null: the key is gone. */
  readonly value: unknown;
}

/** Reads records of a log for a table: the value of an event is what the table takes of it. */
export function tableReader(
  encoding: ValueEncoding,
  onUnreadable: OnUnreadable,
  slices: EventReader<unknown>['slices'],
): EventReader<TableRecord | null> {
  return {
    slices,
    decode: (record) => {
      const taken = takenOf(record, encoding, onUnreadable);
      return { ...(record as unknown as EventRecord), value: taken };
    },
  };
}

function takenOf(
  record: RecordView,
  encoding: ValueEncoding,
  onUnreadable: OnUnreadable,
): TableRecord | null {
  // From a time when the log was not compacted: compaction removes it.
  if (record.key === null) return null;
  if (!isUtf8(record.key)) {
    if (onUnreadable === 'skip') return null;
    throw new EngineError(
      'INVALID_VALUE',
      `the key of the record at offset ${record.offset} is not UTF-8 text: open the table with onUnreadable: 'skip'`,
      { offset: record.offset },
    );
  }
  const key = record.key.toString('utf8');
  try {
    const { value } = VALUE_CODECS[encoding].decode(record);
    // Views are on the bytes of a whole read, which would stay as long as the value.
    return { key, value: encoding === 'buffer' && value !== null ? copyOf(value) : value };
  } catch (cause) {
    if (onUnreadable === 'skip') return { key, value: null };
    const { offset } = record;
    throw new EngineError(
      'INVALID_VALUE',
      `the value of the record at offset ${offset} is not ${encoding}: append another of its key, or open the table with onUnreadable: 'skip'`,
      { cause, offset },
    );
  }
}

function copyOf(value: unknown): Buffer {
  return Buffer.from(value as Buffer);
}

/** Throws INVALID_RECORD for what would not be read back as the same key. */
export function assertKey(key: unknown): asserts key is string {
  if (typeof key === 'string' && Buffer.from(key).toString() === key) return;
  const wanted = typeof key === 'string' ? 'without lone surrogates' : `not ${shown(key)}`;
  throw new EngineError('INVALID_RECORD', `a key of a table is text, ${wanted}`);
}
