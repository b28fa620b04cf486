import { EngineError } from '../errors.js';
import { assertKnownOptions, assertOptionsObject } from '../nearest-name.js';
import { shown } from '../shown.js';

/** The options of `EventLog.append` and `EventLog.appendBatch`. */
export interface AppendOptions {
  /**
   * The offset that the first record is to get: where the log goes on at another one, nothing is
   * appended (OFFSET_MISMATCH). The records of such a call are one batch, kept whole or not at all.
   * Default: the next offset, whichever it is.
   */
  readonly expectedOffset?: number | undefined;
}

/** The expected offset; null where any is right. Throws INVALID_SETTING. */
export function expectedOffsetOf(options: AppendOptions): number | null {
  assertOptionsObject('append', options);
  assertKnownOptions('append', options, ['expectedOffset']);
  const { expectedOffset } = options;
  if (expectedOffset === undefined) return null;
  if (Number.isSafeInteger(expectedOffset) && expectedOffset >= 0) return expectedOffset;
  throw new EngineError(
    'INVALID_SETTING',
    `expectedOffset is a whole number from 0 on, not ${shown(expectedOffset)}`,
  );
}
