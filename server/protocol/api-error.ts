import type { ErrorName } from './error-codes.js';

/** An outcome that a request is answered with: Kafka's error code and a sentence for the client. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly code: ErrorName;

  constructor(code: ErrorName, message: string) {
    // Nobody looks at where an outcome was made, and a request can have a hundred thousand of them.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
  }
}
