import { EngineError } from '../errors.js';
import { lastOffsetDelta, recordCount } from './header.js';
import { type Cursor, readVarint, readVarlong } from './varint.js';

/**
 * Walks the unpacked records of a batch without making an object of each: where a record lies, its key, whether it has a value. For
 * compaction, which copies records as they are. Headers are not looked into.
 */
export class RecordCursor {
  /** Byte at which the present record's length begins. */
  start = 0;
  /** Byte behind the record, exclusive. */
  end = 0;
  /** To the batch's base offset. */
  offsetDelta = -1;
  /** Milliseconds, to the batch's base timestamp. */
  timestampDelta = 0;
  /** Byte behind the timestamp: from here on nothing depends on the base timestamp. */
  behindTimestamp = 0;
  /** Without a value: the key's deletion. */
  isTombstone = false;
  readonly #cursor: Cursor;
  readonly #payload: Buffer;
  readonly #lastDelta: number;
  #left: number;
  #keyFrom = 0;
  /** -1 for a record without a key. */
  #keyTo = -1;

  /** `header` is that of the batch; more bytes may follow it. */
  constructor(payload: Buffer, header: Buffer) {
    this.#payload = payload;
    this.#cursor = { bytes: payload, position: 0, end: payload.length };
    this.#lastDelta = lastOffsetDelta(header);
    this.#left = recordCount(header);
  }

  /** Null for a record without a key. A view, made anew for each call. */
  get key(): Buffer | null {
    return this.#keyTo < 0 ? null : this.#payload.subarray(this.#keyFrom, this.#keyTo);
  }

  /**
   * Goes on to the next record; false behind the last one.
   *
   * @throws EngineError `CORRUPT_BATCH` where lengths, count or offsets contradict
   */
  next(): boolean {
    const cursor = this.#cursor;
    if (this.#left <= 0) {
      if (this.#left < 0 || cursor.position !== this.#payload.length) {
        throw malformed('its bytes do not end with its last record');
      }
      return false;
    }
    this.#left--;
    this.start = cursor.position;
    const length = readVarint(cursor);
    const end = cursor.position + length;
    if (length < 1 || end > this.#payload.length) throw malformed('a record is longer than it');
    cursor.end = end;
    cursor.position++;
    this.timestampDelta = readVarlong(cursor);
    if (!Number.isFinite(this.timestampDelta)) throw malformed('a timestamp is beyond 2^53');
    this.behindTimestamp = cursor.position;
    const offsetDelta = readVarint(cursor);
    if (offsetDelta <= this.offsetDelta || offsetDelta > this.#lastDelta) {
      throw malformed('a record has an offset outside of it or out of order');
    }
    this.offsetDelta = offsetDelta;
    this.#passKey();
    const valueLength = readVarint(cursor);
    this.isTombstone = valueLength < 0;
    if (cursor.position + Math.max(0, valueLength) > end) {
      throw malformed('a value is longer than its record');
    }
    cursor.position = end;
    cursor.end = this.#payload.length;
    this.end = end;
    return true;
  }

  #passKey(): void {
    const cursor = this.#cursor;
    const length = readVarint(cursor);
    const from = cursor.position;
    const to = from + Math.max(0, length);
    if (to > cursor.end) throw malformed('a key is longer than its record');
    this.#keyFrom = from;
    this.#keyTo = length < 0 ? -1 : to;
    cursor.position = to;
  }
}

function malformed(what: string): EngineError {
  return new EngineError('CORRUPT_BATCH', `the records of a batch are malformed: ${what}`);
}
