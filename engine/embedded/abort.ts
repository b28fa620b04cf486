import { EngineError } from '../errors.js';

/** What an aborted call rejects with: code ABORTED, and as everywhere in Node the name 'AbortError' and the signal's reason as `cause`. */
export function abortError(signal: AbortSignal): EngineError {
  const error = new EngineError('ABORTED', 'the operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  return error;
}

/** Throws {@link abortError} when the signal says so. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}
