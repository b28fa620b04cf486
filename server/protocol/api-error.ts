import type { ErrorName } from './error-codes.js';

/** The answer of a request that failed: Kafka's error code and a sentence for the client. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly code: ErrorName;

  constructor(code: ErrorName, message: string) {
    // The stack of such an error is never read, and a request can have a hundred thousand of them.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.code = code;
  }
}
