import type { ErrorName } from './protocol/error-codes.js';

/** An outcome that a request is answered with: Kafka's error code and a sentence for the client. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly code: ErrorName;

  constructor(code: ErrorName, message: string) {
    super(message);
    this.code = code;
  }
}
