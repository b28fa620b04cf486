import type { Work } from '../../engine/index.js';

/** A record as the log holds it. A null value is a tombstone. */
export interface RecordBytes {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

/** How one kind of coordinator writes the records of its topic, and reads them. */
export interface RecordCodec<R> {
  encode(record: R): RecordBytes;
  /** The same with pauses where the record is large; it must not change meanwhile. */
  encodeInSlices(record: R, work: Work): RecordBytes | Promise<RecordBytes>;
  /**
   * Null for a record that is left out. Throws ProtocolError if key or value are not what their
   * first bytes say.
   */
  decode(key: Buffer, value: Buffer | null): R | null;
}
