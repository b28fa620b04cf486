/** The codes of `TestBrokerError`. */
export type TestBrokerErrorCode =
  | 'APPEND_REFUSED'
  | 'BROKER_CLOSED'
  | 'BROKER_DOWN'
  | 'INVALID_OPTION'
  | 'INVALID_JSON'
  | 'RESET_REFUSED'
  | 'TOO_MANY_RECORDS'
  | 'UNKNOWN_TOPIC'
  | 'UNTIL_TIMEOUT';

/** A call to a broker of `startBroker` that cannot be met; the message says what to do. */
export class TestBrokerError extends Error {
  override name = 'TestBrokerError';
  readonly code: TestBrokerErrorCode;

  constructor(code: TestBrokerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
