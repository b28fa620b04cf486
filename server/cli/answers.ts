import { escapeClientText } from '../logging/escape.js';
import { ErrorCode, errorInfo } from '../protocol/error-codes.js';
import { CliError } from './cli-error.js';

/** Throws a CliError for an error code; `what` says what could not be done. */
export function check(errorCode: number, errorMessage: string | null, what: string): void {
  if (errorCode === ErrorCode.NONE) return;
  const { name, message } = errorInfo(errorCode);
  throw new CliError(`${what}: ${shown(errorMessage ?? message)} (${name})`);
}

export function unknownTopic(name: string, otherwise = ''): CliError {
  return new CliError(
    `there is no topic ${shown(name)}: "odradek topics list" shows those that there are${otherwise}`,
  );
}

/** Text of other programs made fit for a terminal. */
export function shown(text: string): string {
  return escapeClientText(text);
}
