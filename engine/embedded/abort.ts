import { EngineError } from '../errors.js';

/**
 * The error of an aborted call: code ABORTED, and as everywhere in Node the name 'AbortError' and
 * the signal's reason as `cause`.
 */
export function abortError(signal: AbortSignal): EngineError {
  const error = new EngineError('ABORTED', 'the operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  return error;
}

/** Throws {@link abortError} when the signal says so. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal);
}

/**
 * Settles as `work` does, or rejects with {@link abortError} once the signal says so; the outcome
 * of `work` is ignored then.
 */
export async function untilAborted<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (signal === undefined) return work;
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(abortError(signal));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
