/** Every expected failure of the engine, by code, with what it tells a caller. */
export const ENGINE_ERRORS = {
  CORRUPT_BATCH: 'a record batch is damaged or was never well-formed',
  BATCH_TOO_LARGE: 'a record batch is larger, or unpacks to more, than is allowed',
  UNKNOWN_CODEC: 'a record batch names a compression codec that does not exist',
  CODEC_UNAVAILABLE: 'the package that implements a compression codec cannot be loaded',
} as const;

export type EngineErrorCode = keyof typeof ENGINE_ERRORS;

/** An outcome that callers are expected to handle, by its `code`. */
export class EngineError extends Error {
  override name = 'EngineError';
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}
