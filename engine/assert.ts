/**
 * States a condition that holds if the program is right. A failure means a bug: it is not caught,
 * and the process ends. O(1) checks only; always on.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The program contradicts itself. Never a consequence of input or of a failing disk. */
export class AssertionError extends Error {
  override name = 'AssertionError';
  constructor(message: string) {
    super(`broken invariant: ${message}`);
  }
}

const verifying = process.env.ODRADEK_VERIFY === '1';

/** A costly check, run where ODRADEK_VERIFY=1 (all tests). */
export function verify(check: () => boolean, message: string): void {
  if (verifying) assert(check(), message);
}
