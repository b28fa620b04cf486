import type { Work } from '../../engine/index.js';

/** A record in the log's form. A null value is a tombstone. */
export interface RecordBytes {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

/** Encodes and decodes the records in the topic of one kind of coordinator. */
export interface RecordCodec<R> {
  encode(record: R): RecordBytes;
  /** The same with pauses where the record is large; it must not change meanwhile. */
  encodeInSlices(record: R, work: Work): RecordBytes | Promise<RecordBytes>;
  /**
   * Null for a record that is left out. Throws ProtocolError if key or value do not match the type
   * and version in their first bytes.
   */
  decode(key: Buffer, value: Buffer | null): R | null;
}
