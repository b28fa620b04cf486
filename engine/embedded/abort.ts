import { EngineError } from '../errors.js';
import { shown } from '../shown.js';

/**
 * The error of an aborted call: as everywhere in Node its name is 'AbortError', its code
 * ABORT_ERR, and its `cause` the signal's reason.
 */
export function abortError(signal: AbortSignal): EngineError {
  const error = new EngineError('ABORT_ERR', 'the operation was aborted', { cause: signal.reason });
  error.name = 'AbortError';
  return error;
}

/** Whether it is a signal, of whichever realm. */
export function isSignal(value: unknown): value is AbortSignal {
  const given = value as Partial<AbortSignal> | null;
  return typeof given === 'object' && typeof given?.throwIfAborted === 'function';
}

/** Throws INVALID_SETTING for what is neither a signal nor left out. */
export function assertSignal(signal: unknown): void {
  if (signal === undefined || isSignal(signal)) return;
  throw new EngineError('INVALID_SETTING', `signal is an AbortSignal, not ${shown(signal)}`);
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
