import { type BadRecord, EngineError, type EngineErrorCode } from '../../engine/index.js';
import { ApiError } from '../protocol/api-error.js';
import { ErrorCode, type ErrorName, errorInfo } from '../protocol/error-codes.js';

/**
 * The wire error for each engine code. The compiler asks for a line when the engine gains a code.
 * Codes that can only come up outside of requests are failures of the server.
 */
const WIRE_NAMES: Readonly<Record<EngineErrorCode, ErrorName>> = {
  INVALID_RECORD: 'INVALID_RECORD',
  INVALID_VALUE: 'UNKNOWN_SERVER_ERROR',
  CORRUPT_BATCH: 'CORRUPT_MESSAGE',
  BATCH_TOO_LARGE: 'MESSAGE_TOO_LARGE',
  UNKNOWN_CODEC: 'UNSUPPORTED_COMPRESSION_TYPE',
  CODEC_UNAVAILABLE: 'UNSUPPORTED_COMPRESSION_TYPE',
  INVALID_BATCH: 'INVALID_RECORD',
  // A batch of an old format has no place in the requests that we accept (KIP-98).
  UNSUPPORTED_MAGIC: 'INVALID_RECORD',
  INVALID_TIMESTAMP: 'INVALID_TIMESTAMP',
  NULL_KEY: 'INVALID_RECORD',
  OUT_OF_ORDER_SEQUENCE: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  STALE_PRODUCER_EPOCH: 'INVALID_PRODUCER_EPOCH',
  STALE_LEADER_EPOCH: 'FENCED_LEADER_EPOCH',
  NOT_LEADER: 'NOT_LEADER_OR_FOLLOWER',
  NOT_FOLLOWER: 'NOT_LEADER_OR_FOLLOWER',
  OFFSET_MISMATCH: 'UNKNOWN_SERVER_ERROR',
  CURSOR_FENCED: 'UNKNOWN_SERVER_ERROR',
  NAME_CONFLICT: 'UNKNOWN_SERVER_ERROR',
  APPENDS_PENDING: 'UNKNOWN_SERVER_ERROR',
  UNEXPECTED_OFFSET: 'UNKNOWN_SERVER_ERROR',
  BELOW_HIGH_WATERMARK: 'UNKNOWN_SERVER_ERROR',
  OFFSET_OUT_OF_RANGE: 'OFFSET_OUT_OF_RANGE',
  DAMAGED_LOG: 'KAFKA_STORAGE_ERROR',
  // Retriable: at the next try the index is there.
  INDEX_REBUILDING: 'KAFKA_STORAGE_ERROR',
  TOO_MANY_SEGMENTS: 'POLICY_VIOLATION',
  // The client asks for metadata again, which says where the partition is now.
  LOG_CLOSED: 'NOT_LEADER_OR_FOLLOWER',
  INVALID_NAME: 'INVALID_TOPIC_EXCEPTION',
  INVALID_SETTING: 'INVALID_CONFIG',
  BACKUP_EXISTS: 'UNKNOWN_SERVER_ERROR',
  BACKUP_FAILED: 'UNKNOWN_SERVER_ERROR',
  ABORT_ERR: 'UNKNOWN_SERVER_ERROR',
  ABORTED: 'UNKNOWN_SERVER_ERROR',
  STORAGE_OFFLINE: 'KAFKA_STORAGE_ERROR',
  // Retriable: retention or an operator may free room.
  STORAGE_FULL: 'KAFKA_STORAGE_ERROR',
  STORAGE_BUSY: 'KAFKA_STORAGE_ERROR',
  CATALOG_DAMAGED: 'KAFKA_STORAGE_ERROR',
  READ_ONLY: 'UNKNOWN_SERVER_ERROR',
  NO_SUCH_LOG: 'UNKNOWN_TOPIC_OR_PARTITION',
  DIRECTORY_LOCKED: 'KAFKA_STORAGE_ERROR',
  NOT_A_DATA_DIRECTORY: 'KAFKA_STORAGE_ERROR',
  FORMAT_TOO_NEW: 'KAFKA_STORAGE_ERROR',
  DAMAGED_FILE: 'KAFKA_STORAGE_ERROR',
};

/** An error in the form of a response. */
export interface WireError {
  readonly name: ErrorName;
  readonly code: ErrorCode;
  readonly message: string;
  /** The bad records of a batch. */
  readonly records?: readonly BadRecord[];
}

/**
 * The wire error for an expected failure: an `ApiError` or an `EngineError`. Any other error is
 * thrown on, for `dispatch` to log and answer. A message that can name files stays inside; the
 * client gets the message of the code.
 */
export function wireError(error: unknown): WireError {
  if (error instanceof ApiError) {
    return { name: error.code, code: ErrorCode[error.code], message: error.message };
  }
  if (error instanceof EngineError) {
    const name = WIRE_NAMES[error.code];
    const code = ErrorCode[name];
    const isInternal = error.path !== undefined || name === 'KAFKA_STORAGE_ERROR';
    const message = isInternal ? errorInfo(code).message : error.message;
    return { name, code, message, records: error.records };
  }
  throw error;
}
