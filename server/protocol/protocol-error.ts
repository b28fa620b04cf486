/**
 * Why bytes could not be read as a Kafka message.
 *
 * - `TRUNCATED`: a value, or a length it announces, runs past the end of the frame.
 * - `BAD_LENGTH`: a length or count below the smallest legal one, or a string longer than 32,767
 *   bytes.
 * - `BAD_VARINT`: a variable-length number wider than 32 bits.
 * - `UNEXPECTED_NULL`: null where this version of the message allows none.
 * - `INT64_RANGE`: an int64 that a JavaScript number cannot hold exactly.
 * - `TOO_MANY_ELEMENTS`: more array elements, tagged fields and long strings in one frame than the
 *   reader was told to accept.
 * - `BAD_TAG`: a tagged field whose content does not fill its announced size.
 * - `TRAILING_BYTES`: bytes left over after a response.
 * - `UNKNOWN_API`: an API key that no table describes.
 * - `UNSUPPORTED_VERSION`: a version outside the range that its table implements.
 */
export type ProtocolErrorCode =
  | 'TRUNCATED'
  | 'BAD_LENGTH'
  | 'BAD_VARINT'
  | 'UNEXPECTED_NULL'
  | 'INT64_RANGE'
  | 'TOO_MANY_ELEMENTS'
  | 'BAD_TAG'
  | 'TRAILING_BYTES'
  | 'UNKNOWN_API'
  | 'UNSUPPORTED_VERSION';

/**
 * The peer sent bytes that are not a readable message. Kafka has no error answer for this: the
 * connection is closed (the one exception is an unknown version of ApiVersions).
 */
export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string) {
    super(message);
    this.name = 'ProtocolError';
    this.code = code;
  }
}
