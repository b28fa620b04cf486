import { EngineError } from '../errors.js';
import type { PartitionLog } from '../log/partition-log.js';
import { shown } from '../shown.js';
import { type IsoTime, timeMsOf } from './time.js';

/**
 * A place in a log: its present start, its present end, an offset (inclusive), or the first record
 * whose timestamp is at or after a time (a Date, or ISO text as `new Date` reads it), which is the
 * present end where there is none.
 */
export type Place = 'start' | 'end' | number | Date | IsoTime;

/** The offset of a place. A time is looked up from now on; it may fail before it is awaited. */
export function placeOf(log: PartitionLog, what: string, place: Place): number | Promise<number> {
  if (place === 'start') return log.logStartOffset;
  if (place === 'end') return log.highWatermark;
  if (typeof place === 'number') {
    assertOffset(place);
    return place;
  }
  const timeMs = timeMsOf(place);
  if (timeMs === null) {
    throw new EngineError(
      'INVALID_SETTING',
      `${what} is 'start', 'end', an offset, a Date or an ISO time, not ${shown(place)}`,
    );
  }
  const present = log.highWatermark;
  const found = log.offsetForTimestamp(timeMs).then((lookup) => lookup?.offset ?? present);
  found.catch(() => {});
  return found;
}

/** Throws OFFSET_OUT_OF_RANGE for an offset that no log can have. */
export function assertOffset(offset: unknown): asserts offset is number {
  if (Number.isSafeInteger(offset)) return;
  throw new EngineError('OFFSET_OUT_OF_RANGE', `an offset is a whole number, not ${shown(offset)}`);
}
