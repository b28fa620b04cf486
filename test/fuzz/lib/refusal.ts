import { EngineError, type EngineErrorCode } from '../../../engine/errors.js';
import { ProtocolError } from '../../../server/protocol/protocol-error.js';

type ErrorClass = abstract new (...parameters: never[]) => Error;

/** Runs it; an error of this class is a refusal (undefined), any other is thrown on. */
export function orRefused<Value>(refusal: ErrorClass, run: () => Value): Value | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof refusal) return undefined;
    throw error;
  }
}

export function orProtocolError<Value>(run: () => Value): Value | undefined {
  return orRefused(ProtocolError, run);
}

/** Awaits it; an EngineError of these codes is a refusal (undefined), any other is thrown on. */
export async function orEngineError<Value>(
  codes: readonly EngineErrorCode[],
  running: Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await running;
  } catch (error) {
    if (error instanceof EngineError && codes.includes(error.code)) return undefined;
    throw error;
  }
}
