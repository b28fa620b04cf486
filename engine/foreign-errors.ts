import { types } from 'node:util';

/**
 * Whether something is an Error of any realm. Test runners give each test a global object of its
 * own, and what Node throws there is no `instanceof` its `Error`.
 */
export function isError(thrown: unknown): thrown is Error {
  return types.isNativeError(thrown);
}

/** What went wrong, for a line of text. */
export function reasonOf(thrown: unknown): string {
  return isError(thrown) ? thrown.message : String(thrown);
}
