import { EngineError } from '../errors.js';
import { assertOptionsObject } from '../nearest-name.js';
import { shown } from '../shown.js';
import type { EventLogOptions } from './event-log-options.js';
import type { ValueEncoding } from './value-encoding.js';

/**
 * What a table does about a record that has no text key or no value of its encoding: it ends with
 * INVALID_VALUE, or passes over it.
 */
export type OnUnreadable = 'error' | 'skip';

/** Options for opening a table: those of its log, and its own. */
export interface TableOptions<Encoding extends ValueEncoding = 'buffer'>
  extends EventLogOptions<Encoding> {
  /**
   * `'error'`: a record that cannot be read ends the table, INVALID_VALUE with its `offset`.
   * `'skip'`: it counts as a deletion of its key, since compaction removes what was there before;
   * one whose key is no text changes nothing. Default 'error'.
   */
  readonly onUnreadable?: OnUnreadable | undefined;
}

/** Takes a table's own options from those of its log. Throws INVALID_SETTING. */
export function splitOptions(options: TableOptions<ValueEncoding>): {
  readonly onUnreadable: OnUnreadable;
  readonly logOptions: EventLogOptions<ValueEncoding>;
} {
  assertOptionsObject('a table', options);
  const { onUnreadable = 'error', ...logOptions } = options;
  if (onUnreadable !== 'error' && onUnreadable !== 'skip') {
    throw new EngineError(
      'INVALID_SETTING',
      `onUnreadable is one of error, skip, not ${shown(onUnreadable)}`,
    );
  }
  return { onUnreadable, logOptions };
}
