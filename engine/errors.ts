/** Every expected failure of the engine: its code, and its meaning in words. */
export const ENGINE_ERRORS = {
  INVALID_RECORD: 'a record to be appended cannot be written as it is',
  INVALID_VALUE: 'the value of a record is not what the valueEncoding of its log says',
  CORRUPT_BATCH: 'a record batch is damaged or was never well-formed',
  BATCH_TOO_LARGE: 'a record batch is larger, or unpacks to more, than is allowed',
  UNKNOWN_CODEC: 'a record batch names a compression codec that does not exist',
  CODEC_UNAVAILABLE: 'the package that implements a compression codec cannot be loaded',
  INVALID_BATCH: 'a record batch contradicts itself or holds what a client may not send',
  UNSUPPORTED_MAGIC: 'a record batch has a format older than v2',
  INVALID_TIMESTAMP: 'a timestamp is further ahead or behind than the topic allows',
  NULL_KEY: 'a record of a compacted topic has no key',
  OUT_OF_ORDER_SEQUENCE:
    'a batch of an idempotent producer is neither the next one nor one of the last five',
  STALE_PRODUCER_EPOCH: 'a newer instance of the producer has taken over',
  STALE_LEADER_EPOCH: 'the log has seen a later leader epoch than the one it is to lead with',
  NOT_LEADER: 'the log follows a leader, and takes batches from nobody else',
  NOT_FOLLOWER: 'the log leads, and takes no batches of another leader',
  OFFSET_MISMATCH:
    'the append was to get another offset than the next one of the log; nothing of it was kept',
  APPENDS_PENDING:
    'more bytes of appends are under way than a log may hold; nothing of this one was kept',
  CURSOR_FENCED: 'somebody has opened the cursor since, or deleted it: this one cannot move it',
  UNEXPECTED_OFFSET: 'a replicated batch does not continue the log',
  BELOW_HIGH_WATERMARK: 'what lies there is committed, and is not cut off unless that is asked for',
  OFFSET_OUT_OF_RANGE: 'there is no such offset between log start and log end',
  DAMAGED_LOG:
    'the log is damaged where it would have to go on: it is not opened, or takes no appends; nothing was cut',
  INDEX_REBUILDING: 'the index of a long segment is being rebuilt; the next read finds it',
  TOO_MANY_SEGMENTS: 'a log has as many segments as it may have',
  LOG_CLOSED: 'the log was closed or deleted',
  INVALID_NAME:
    'a log name is empty, too long or has characters other than letters, digits, dot, dash, underscore',
  NAME_CONFLICT: 'a log of a program and a topic of a broker have one name, and are not the same',
  INVALID_SETTING: 'a setting is out of its range',
  ABORT_ERR: 'the signal of the caller fired',
  ABORTED: 'a job of maintenance was told to end',
  STORAGE_OFFLINE: 'the disk failed; its data directory answers nothing more until a restart',
  STORAGE_BUSY: 'no file descriptor is left; nothing of the rejected operation was kept',
  STORAGE_FULL: 'the disk has no room left; nothing of the rejected write was kept',
  READ_ONLY: 'the directory is open for reading; nothing in it is changed',
  NO_SUCH_LOG: 'a directory that is open for reading has no log of this name',
  DIRECTORY_LOCKED: 'another engine owns the data directory',
  NOT_A_DATA_DIRECTORY: 'the folder holds files, and they are not those of a data directory',
  FORMAT_TOO_NEW:
    'the data directory was written by a later version, in a format unknown to this one',
  DAMAGED_FILE: 'a small file of the data directory fails its checksum',
  BACKUP_EXISTS: 'something has the name that a backup was to get',
  BACKUP_FAILED: 'a backup could not be written; nothing of it is left, and the logs are untouched',
  CATALOG_DAMAGED: 'the catalog cannot be opened or read; its logs are untouched',
} as const;

/** A key of `ENGINE_ERRORS`. */
export type EngineErrorCode = keyof typeof ENGINE_ERRORS;

/** One record of a batch that was refused. */
export interface BadRecord {
  /** Its place in the batch, from 0. */
  readonly index: number;
  /** What is wrong with it. */
  readonly message: string;
}

/** An outcome that callers are expected to handle, by its `code`. */
export class EngineError extends Error {
  override name = 'EngineError';
  /** What happened, for programs; `ENGINE_ERRORS` says it in words. */
  readonly code: EngineErrorCode;
  /** The file or folder concerned, where there is one. */
  readonly path: string | undefined;
  /** The offset concerned, where there is one. */
  readonly offset: number | undefined;
  /** The first bad records of a refused batch; none where the batch as a whole is refused. */
  readonly records: readonly BadRecord[];

  constructor(
    code: EngineErrorCode,
    message: string,
    options?: {
      cause?: unknown;
      path?: string;
      offset?: number;
      records?: readonly BadRecord[];
    },
  ) {
    super(message, options);
    this.code = code;
    this.path = options?.path;
    this.offset = options?.offset;
    this.records = options?.records ?? [];
  }
}
