import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { TurnSlices } from '../turn-slices.js';
import { lastOffsetDelta, recordCount } from './header.js';
import type { Timestamp } from './timestamp.js';
import { type Cursor, readVarint, readVarlong } from './varint.js';

/**
 * Walks the unpacked records of a batch without making an object of each: where a record lies, its
 * key, whether it has a value. Headers are skipped, however many there are, unless `passHeaders` is
 * called.
 */
export class RecordCursor {
  /** Byte at which the present record's length begins. */
  start = 0;
  /** Byte behind the record, exclusive. */
  end = 0;
  /** To the batch's base offset. */
  offsetDelta = -1;
  /** Milliseconds, to the batch's base timestamp. */
  timestampDelta: Timestamp = 0;
  /** Byte behind the timestamp: from here on nothing depends on the base timestamp. */
  behindTimestamp = 0;
  /** Without a value: the key's deletion. */
  isTombstone = false;
  /** Records and headers walked so far: what the walk has cost. */
  walked = 0;
  readonly #cursor: Cursor;
  readonly #payload: Buffer;
  readonly #lastDelta: number;
  #left: number;
  #keyFrom = 0;
  /** -1 for a record without a key. */
  #keyTo = -1;
  /** Byte behind the value. */
  #headersFrom = 0;

  /** `header` is that of the batch; more bytes may follow it. */
  constructor(payload: Buffer, header: Buffer) {
    this.#payload = payload;
    this.#cursor = { bytes: payload, position: 0, end: payload.length };
    this.#lastDelta = lastOffsetDelta(header);
    this.#left = recordCount(header);
  }

  get hasKey(): boolean {
    return this.#keyTo >= 0;
  }

  /** The key, as a new view at each call; null for a record without a key. */
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
    this.walked++;
    this.start = cursor.position;
    const length = readVarint(cursor);
    const end = cursor.position + length;
    if (length < 1 || end > this.#payload.length) throw malformed('a record is longer than it');
    cursor.end = end;
    cursor.position++;
    this.timestampDelta = readVarlong(cursor);
    this.behindTimestamp = cursor.position;
    const offsetDelta = readVarint(cursor);
    if (offsetDelta <= this.offsetDelta || offsetDelta > this.#lastDelta) {
      throw malformed('a record has an offset outside of it or out of order');
    }
    this.offsetDelta = offsetDelta;
    this.#passKey();
    const valueLength = readVarint(cursor);
    this.isTombstone = valueLength < 0;
    this.#headersFrom = cursor.position + Math.max(0, valueLength);
    if (this.#headersFrom > end) throw malformed('a value is longer than its record');
    cursor.position = end;
    cursor.end = this.#payload.length;
    this.end = end;
    return true;
  }

  /**
   * Checks the headers of the present record and returns how many there are; where they are more
   * than `countMax`, unchecked.
   *
   * @throws EngineError `CORRUPT_BATCH` where count and lengths contradict or do not end with the
   *   record
   */
  passHeaders(countMax: number): number {
    const cursor = this.#cursor;
    cursor.position = this.#headersFrom;
    cursor.end = this.end;
    const count = readVarint(cursor);
    // A header takes at least two bytes.
    if (count < 0 || count > (this.end - cursor.position) / 2) {
      throw malformed('a record has more headers than bytes');
    }
    if (count <= countMax) {
      for (let left = count; left > 0; left--) this.#passHeader();
      if (cursor.position !== this.end) throw malformed('a record has bytes left over');
      this.walked += count;
    }
    cursor.position = this.end;
    cursor.end = this.#payload.length;
    return count;
  }

  #passHeader(): void {
    const cursor = this.#cursor;
    const keyLength = readVarint(cursor);
    if (keyLength < 0) throw malformed('a header has no key');
    cursor.position += keyLength;
    const valueLength = readVarint(cursor);
    cursor.position += Math.max(0, valueLength);
    if (cursor.position > this.end) throw malformed('a header is longer than its record');
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

/**
 * Calls `visit` for each record, in slices; ends when `visit` returns true. Other work runs in
 * between, but must not change the bytes.
 *
 * @throws EngineError as {@link RecordCursor.next}; and what `visit` throws
 */
export async function walkInSlices(
  cursor: RecordCursor,
  slices: TurnSlices,
  visit: () => boolean,
): Promise<void> {
  const work = slices.begin();
  let reported = 0;
  while (cursor.next()) {
    if (visit()) break;
    const walked = cursor.walked - reported;
    if (walked < LIMITS.recordsReportedTogether) continue;
    reported = cursor.walked;
    const pause = work.did(walked, 'records');
    if (pause !== null) await pause;
  }
  const pause = work.did(cursor.walked - reported, 'records');
  if (pause !== null) await pause;
}

function malformed(what: string): EngineError {
  return new EngineError('CORRUPT_BATCH', `the records of a batch are malformed: ${what}`);
}
