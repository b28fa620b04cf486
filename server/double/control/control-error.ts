import { types } from 'node:util';
import { SettingsError } from '../../settings/parse.js';
import { TestBrokerError, type TestBrokerErrorCode } from '../test-broker-error.js';

/** An answer of the control port that is an error: a status, and a code with a sentence. */
export class ControlError extends Error {
  override name = 'ControlError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const STATUSES: Readonly<Record<TestBrokerErrorCode, number>> = {
  APPEND_REFUSED: 409,
  BROKER_CLOSED: 503,
  BROKER_DOWN: 409,
  INVALID_OPTION: 400,
  INVALID_JSON: 422,
  RESET_REFUSED: 409,
  TOO_MANY_RECORDS: 413,
  UNKNOWN_TOPIC: 404,
  UNTIL_TIMEOUT: 408,
};

/** Any failure as an answer. What nobody has expected is INTERNAL. */
export function asControlError(error: unknown): ControlError {
  if (error instanceof ControlError) return error;
  if (error instanceof TestBrokerError) {
    return new ControlError(STATUSES[error.code], error.code, error.message);
  }
  const message = types.isNativeError(error) ? error.message : String(error);
  if (error instanceof SettingsError || isInputError(error)) {
    return new ControlError(400, 'INVALID_OPTION', message);
  }
  return new ControlError(500, 'INTERNAL', message);
}

/** Faults and clock refuse what they do not take with these. */
function isInputError(error: unknown): boolean {
  return types.isNativeError(error) && (error.name === 'RangeError' || error.name === 'TypeError');
}
